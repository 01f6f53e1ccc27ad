"""Attributes of a line as JSON: whatever a line holds, views can read what is stored of it."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from tests.parsing.reading import context, read_pieces

ODD = st.text(st.sampled_from('ab="\\ \t,:{}\x7f\u00a0'), max_size=20)


@given(tail=ODD)
@example(tail='"=" a=""')
@example(tail="a==b c")
@example(tail='a="b"c="d"')
@example(tail='a="b" ')
def test_attributes_are_always_an_object_of_json(tail: str) -> None:
    """R3: one such line would stop every view that reads attributes."""
    line = f'time=2026-06-21T18:00:00.000Z level=WARN source=x.go:1 msg="Listening on x (version 1)" {tail}\n'
    (row,) = read_pieces(line.encode(), [], context("UTC")).rows("server_events")
    attributes = json.loads(str(row["attrs"]))
    assert attributes["version"] == "1"
