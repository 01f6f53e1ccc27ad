"""Lines of Go's standard log package: 2024/08/19 14:09:56 routes.go:1123: INFO server config env="map[…"

The first line of each start before 0.7 and everything before 0.1.21. Local time without a zone.
"""

from __future__ import annotations

import polars as pl

from ollalog.parsing import saying
from ollalog.parsing.format import Extract, Format

_LINE = r"^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)(?:\.\d+)? (?:[\w./-]+:\d+: )?(?:(TRACE|DEBUG|INFO|WARN|ERROR|\[[A-Z]+\]) )?(.*)$"
_TAIL = r'^(.*?)((?: (?:"[^"\\]+"|[A-Za-z_][\w.]*)=(?:"(?:[^"\\]|\\.)*"|\S*))*)$'


def extract(lines: pl.DataFrame) -> Extract:
    """Turn lines of the standard log package into records of `server_events` in local time.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Records with `line`, `byte_offset`, `stamp`, `ended_local` and `saying.COLUMNS`.
    """
    groups = lines["text"].str.extract_groups(_LINE).struct.unnest()
    groups.columns = ["clock", "level", "said"]
    tails = groups["said"].str.extract_groups(_TAIL).struct.unnest()
    tails.columns = ["quoted", "tail"]
    read = (
        lines.hstack(groups.drop("said"))
        .hstack(tails)
        .with_columns(
            pl.col("clock").str.to_datetime("%Y/%m/%d %H:%M:%S", strict=False, time_unit="us").alias("ended_local"),
            pl.col("level").str.strip_chars("[]").fill_null("INFO"),
        )
    )
    rejected = read.filter(pl.col("ended_local").is_null()).select(*lines.columns, pl.lit("no such time").alias("reason"))
    told = saying.told(read.filter(pl.col("ended_local").is_not_null()))
    return Extract(records=told.select("line", "byte_offset", "stamp", "ended_local", *saying.COLUMNS), rejected=rejected)


FORMAT = Format(
    name="std_log",
    rank=4,
    owns=lambda text: text.str.contains(r"^20\d\d/\d\d/\d\d \d\d:\d\d:\d\d"),
    extract=extract,
    examples=('2024/08/19 14:09:56 routes.go:1123: INFO server config env="map[OLLAMA_DEBUG:true OLLAMA_NUM_PARALLEL:4]"',),
)
