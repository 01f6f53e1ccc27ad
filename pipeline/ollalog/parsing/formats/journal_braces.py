"""What entries of the journal begin with where it is written as JSON for people (`journalctl -o json-pretty`); see plain for the rest."""

from __future__ import annotations

import polars as pl

from ollalog.parsing.format import Extract, Format


def extract(lines: pl.DataFrame) -> Extract:
    """Count the lines; a record of many lines goes on over them.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Noise, as of the other fields of the entries.
    """
    return Extract(noise={"journal_field": lines.height}, between=lines["line"])


FORMAT = Format(name="journal_braces", rank=6, owns=lambda text: text == "{", extract=extract, is_json=True, examples=("{",))
