"""What an envelope is: a wrapper that a supervisor, a container runtime or the journal puts around each log line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from ollalog.parsing.format import LINE_SCHEMA


@dataclass(frozen=True)
class Envelope:
    """One wrapper: which lines wear it, and how the payload (and its time, where the wrapper has one) is taken out.

    `unwrap` keeps the rows and LINE_SCHEMA of the lines it is given; a payload that cannot be taken out is null.
    """

    name: str
    rank: int
    owns: Callable[[pl.Expr], pl.Expr]
    unwrap: Callable[[pl.DataFrame], pl.DataFrame]
    examples: tuple[str, ...]


def by_pattern(name: str, rank: int, pattern: str, examples: tuple[str, ...], stamp_format: str | None = None) -> Envelope:
    """An envelope that is a prefix: a pattern with the named group `payload` and, with a format, `stamp` (with its offset)."""

    def unwrap(lines: pl.DataFrame) -> pl.DataFrame:
        groups = lines.select(pl.col("text").str.extract_groups(pattern).alias("groups")).unnest("groups")
        stamp = pl.lit(None, LINE_SCHEMA["stamp"])
        if stamp_format:
            text = pl.col("wrapped_stamp").str.replace(r"Z$", "+00:00")
            stamp = text.str.to_datetime(stamp_format, strict=False, time_unit="us").dt.convert_time_zone("UTC")
        fields = lines.with_columns(groups["payload"].alias("text"))
        if stamp_format:
            fields = fields.with_columns(groups["stamp"].alias("wrapped_stamp"))
        return fields.with_columns(pl.coalesce("stamp", stamp).alias("stamp")).select(list(LINE_SCHEMA))

    return Envelope(name=name, rank=rank, owns=lambda text: text.str.contains(pattern), unwrap=unwrap, examples=examples)
