"""What a line format is, and what reading its lines gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

LINE_SCHEMA = {"line": pl.UInt32(), "byte_offset": pl.Int64(), "text": pl.String(), "stamp": pl.Datetime("us", "UTC")}
NO_LINES = pl.DataFrame(schema=LINE_SCHEMA)
REJECTED_SCHEMA = {**LINE_SCHEMA, "reason": pl.String()}
NO_REJECTED = pl.DataFrame(schema=REJECTED_SCHEMA)


@dataclass(frozen=True)
class Extract:
    """What one format made of its lines; each line is in exactly one of the parts.

    `recorded` holds rows by table, where a format has rows of several. `records` and `marks` have `line` and `byte_offset` and
    the columns of their format; `said` holds lines that carry a
    message (`saying.SAID_SCHEMA`); a line of `marks` belongs to a record that takes shape over several lines. `noise`
    counts recognised lines that are not stored, by kind. `opens` are those line numbers whose next lines, if no format
    owns them, continue them. `listed` are those of a listing, which a runner prints in one go, by the thousand.
    `between` are those that can stand within a record of many lines.
    `folded` counts continuation lines.
    """

    records: pl.DataFrame | None = None
    said: pl.DataFrame | None = None
    marks: pl.DataFrame | None = None
    recorded: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    rejected: pl.DataFrame = field(default_factory=lambda: NO_REJECTED)
    noise: Mapping[str, int] = field(default_factory=dict)
    folded: int = 0
    opens: pl.Series = field(default_factory=lambda: pl.Series("line", dtype=pl.UInt32))
    listed: pl.Series = field(default_factory=lambda: pl.Series("line", dtype=pl.UInt32))
    between: pl.Series = field(default_factory=lambda: pl.Series("line", dtype=pl.UInt32))


@dataclass(frozen=True)
class Format:
    """One line format: which lines it owns (asked in order of `rank`, lowest first) and how they are read.

    `is_whole`: what it owns need not be looked through for a line of another stream that begins in its middle.
    `is_json`: its lines are JSON objects; only formats that say so are asked for a line that begins with a brace.
    `extract_alike`: how its lines are read once `record_shapes` has taken their values out; None: it has no such lines.
    """

    name: str
    rank: int
    owns: Callable[[pl.Expr], pl.Expr]
    extract: Callable[[pl.DataFrame], Extract]
    examples: tuple[str, ...]
    is_whole: bool = False
    is_json: bool = False
    extract_alike: Callable[[pl.DataFrame], Extract] | None = None
