"""Records that are written alike go past routing: what one line of a shape is, all lines of it are."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ollalog.parsing import record_shapes
from ollalog.parsing.envelope import Envelope
from ollalog.parsing.format import LINE_SCHEMA, Extract, Format
from ollalog.parsing.guard import guarded


def read_alike(
    lines: pl.DataFrame, formats: Sequence[Format], envelopes: Sequence[Envelope]
) -> tuple[list[tuple[str, Extract]], pl.DataFrame]:
    """Read the lines that are records of a few shapes.

    The formats and envelopes of JSON know their lines by the names in them; lines of one shape have the same, and no text in
    them can look like a name.

    Args:
        lines: objects of JSON, one row per line; LINE_SCHEMA.
        formats: those of JSON, in the order in which they are asked.
        envelopes: those of JSON that a line may wear.

    Returns:
        Extracts with the names of their formats, and the lines that are to be routed one by one.
    """
    if lines.height == 0:
        return [], lines
    shaped, rest = record_shapes.alike(lines)
    of_format: dict[str, list[pl.DataFrame]] = {}
    for records in shaped:
        owner = _owner(records["text"].head(1), formats, envelopes)
        if owner is None or owner.extract_alike is None:
            rest = pl.concat([rest, records.select(list(LINE_SCHEMA))])
        else:
            of_format.setdefault(owner.name, []).append(records)
    extracts: list[tuple[str, Extract]] = []
    for known in formats:
        if known.name in of_format and known.extract_alike is not None:
            records = _in_order(of_format[known.name])
            extracts.extend((known.name, extract) for extract in guarded(known.extract_alike, records, _rejected))
    return extracts, rest.sort("line")


def _owner(text: pl.Series, formats: Sequence[Format], envelopes: Sequence[Envelope]) -> Format | None:
    """The format that a line is of; None where it wears an envelope or is of no format."""
    asked = [*(known.owns for known in envelopes), *(known.owns for known in formats)]
    owned = text.to_frame("text").select(owns(pl.col("text")).alias(str(place)) for place, owns in enumerate(asked)).row(0)
    first = next((place for place, is_owner in enumerate(owned) if is_owner), len(asked))
    return formats[first - len(envelopes)] if len(envelopes) <= first < len(asked) else None


def _in_order(shaped: list[pl.DataFrame]) -> pl.DataFrame:
    return shaped[0] if len(shaped) == 1 else pl.concat(shaped, how="diagonal").sort("line")


def _rejected(record: pl.DataFrame, reason: str) -> Extract:
    return Extract(rejected=record.select(*LINE_SCHEMA, pl.lit(reason).alias("reason")))
