"""Rows on their way to the store, whose texts may be categories."""

from __future__ import annotations

import polars as pl

from ollalog.core.tables import as_text, stacked

TEXTS = pl.DataFrame({"method": ["GET", None], "status": [200, 404]})
CATEGORIES = TEXTS.cast({"method": pl.Categorical})


def test_categories_become_the_texts_that_they_stand_for() -> None:
    assert as_text(CATEGORIES).equals(TEXTS)
    assert as_text(TEXTS.cast({"method": pl.Enum(["GET"])})).equals(TEXTS)


def test_frames_are_stacked_whether_their_texts_are_categories_or_not() -> None:
    assert stacked([CATEGORIES, TEXTS]).equals(pl.concat([TEXTS, TEXTS]))
    assert stacked([CATEGORIES, CATEGORIES]).equals(pl.concat([CATEGORIES, CATEGORIES]))
