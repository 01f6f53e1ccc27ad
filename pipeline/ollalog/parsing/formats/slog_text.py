"""Structured lines of Go's slog.TextHandler: time=… level=… source=… msg=… key=value …

Source: Ollama logutil/logutil.go; RFC 3339 time with milliseconds and the local offset. Keys and values are Go-quoted
where they hold blanks, quotes, "=" or what does not print; bare values are not escaped.
"""

from __future__ import annotations

import polars as pl

from ollalog.parsing import saying
from ollalog.parsing.format import Extract, Format

START = "time=2"
_HEAD = r"^ level=([A-Z]+)(?:[+-]\d+)?(?: source=\S*)?$"
_ESCAPED = r'^("(?:[^"\\]|\\.)*")(.*)$'
STORED_LEVELS = ("INFO", "WARN", "ERROR")


def _cut(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `clock` (local text), `zone` (text), `head` (" level=… source=…") and `said` (what follows "msg=")."""
    text = pl.col("text")
    ends_in_z = text.str.slice(28, 1) == "Z"
    return lines.with_columns(
        text.str.slice(5, 23).alias("clock"),
        pl.when(ends_in_z).then(pl.lit("+00:00")).otherwise(text.str.slice(28, 6)).alias("zone"),
        pl.when(ends_in_z).then(text.str.slice(29)).otherwise(text.str.slice(34)).str.splitn(" msg=", 2).alias("parts"),
    ).with_columns(pl.col("parts").struct.field("field_0").alias("head"), pl.col("parts").struct.field("field_1").alias("said"))


def _said(cut: pl.DataFrame) -> list[pl.Series]:
    """Message (its quotes kept) and attributes of each line: `quoted` and `tail`."""
    message, tail = saying.split_message(pl.col("said"))
    plain = cut.select(message.alias("quoted"), tail.fill_null("").alias("tail"))
    is_escaped = pl.col("said").str.starts_with('"') & pl.col("quoted").str.contains("\\", literal=True)
    escaped = pl.concat([cut.select("said"), plain], how="horizontal").with_row_index("place").filter(is_escaped)
    if escaped.height == 0:
        return [plain["quoted"], plain["tail"]]
    groups = escaped["said"].str.extract_groups(_ESCAPED).struct
    return [
        plain["quoted"].scatter(escaped["place"], groups.field("1")),
        plain["tail"].scatter(escaped["place"], groups.field("2")),
    ]


def zone_offset_s(zone: pl.Expr) -> pl.Expr:
    """Seconds east of UTC of "+05:30"; null where the text is no offset."""
    parts = zone.str.extract_groups(r"^([+-])(\d\d):(\d\d)$")
    sign, hours, minutes = (parts.struct.field(str(number)) for number in (1, 2, 3))
    seconds = hours.cast(pl.Int32, strict=False) * 3600 + minutes.cast(pl.Int32, strict=False) * 60
    return pl.when(sign == "-").then(-seconds).otherwise(seconds)


def extract(lines: pl.DataFrame) -> Extract:
    """Turn slog lines into records of table `server_events`.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Records with `line`, `byte_offset`, `ended_local`, `zone_s` and the columns of `saying.COLUMNS`; DEBUG and TRACE
        lines that tell no event are noise; what is no slog line after all is rejected.
    """
    cut = _cut(lines)
    zones = cut.select(pl.col("zone").unique()).with_columns(zone_offset_s(pl.col("zone")).alias("zone_s"))
    heads = cut.select(pl.col("head").unique()).with_columns(pl.col("head").str.extract(_HEAD).alias("level"))
    read = (
        cut.join(zones, on="zone", how="left", maintain_order="left")
        .join(heads, on="head", how="left", maintain_order="left")
        .with_columns(
            pl.col("clock").str.to_datetime("%Y-%m-%dT%H:%M:%S%.3f", strict=False, time_unit="us").alias("ended_local"), *_said(cut)
        )
    )
    is_read = read.select(pl.all_horizontal(pl.col("ended_local", "zone_s", "level", "quoted").is_not_null())).to_series()
    rejected = read.filter(~is_read).select(*lines.columns, pl.lit("not a complete slog line").alias("reason"))
    read = saying.told(read.filter(is_read))
    is_stored = read.select(pl.col("level").is_in(STORED_LEVELS) | (pl.col("event") != "other")).to_series()
    records = read.filter(is_stored).select("line", "byte_offset", "ended_local", "zone_s", *saying.COLUMNS)
    debug_count = read.height - records.height
    return Extract(records=records, rejected=rejected, noise={"debug": debug_count} if debug_count else {})


FORMAT = Format(
    name="slog_text",
    rank=1,
    owns=lambda text: text.str.starts_with(START),
    extract=extract,
    examples=(
        'time=2026-11-20T16:46:52.503Z level=INFO source=sched.go:728 msg="loaded runners" count=1',
        'time=2026-11-20T11:51:37.413-05:00 level=WARN source=llama_server.go:317 msg="truncating input prompt" limit=131 prompt=616 keep=5 new=131',
    ),
)
