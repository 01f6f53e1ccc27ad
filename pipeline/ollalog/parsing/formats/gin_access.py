"""The access lines of gin: one line per finished HTTP request.

The usual layout is cut by position and then verified; what does not verify is read by a regular expression, which
allows for colour, collapsed or widened columns and other text before and after.

Source: gin 1.10 logger.go, defaultLogFormatter:
    "[GIN] %v |%s %3d %s| %13v | %15s |%s %-7s %s %#v" with 2006/01/02 - 15:04:05
"""

from __future__ import annotations

import polars as pl

from ollalog.parsing import durations, go_text, names
from ollalog.parsing.format import Extract, Format
from ollalog.parsing.patterns import ascii_only

START = "[GIN] "
TORN_START = "[GIN] 20"
YEARS = (1970, 2200)
"""Times outside are damage, and no instant in nanoseconds holds them."""
_TIME_FORMAT = "%Y/%m/%d - %H:%M:%S"
_COLOUR = r"(?:\x1b|\\u001b|←|\?|␛)\[[0-9;]*m"
_TAIL = r"""^ \| *([0-9A-Fa-f:.]*) \| ([!#$%&'*+.^_`~0-9A-Za-z-]+) +"((?:[^"\\]|\\.)*)"$"""
_WHOLE = ascii_only(
    r"\[GIN\] (\d{4}/\d\d/\d\d - \d\d:\d\d:\d\d) \| *(\d{3}) *\| *("
    + durations.ANY_DURATION
    + r""") *\| *([0-9A-Fa-f:.]*(?:%[!-{}~]+)?) *\| *([!#$%&'*+.^_`~0-9A-Za-z-]+) +"((?:[^"\\]|\\.)*)"[\s`│>]*$"""
)
COLUMNS = ("ended_local", "status", "latency_ns", "latency_resolution_ns", "client", "method", "path", "route", "operation")


_FEW = 1_000
"""As many distinct ends of lines in a block go to the store as categories; more are texts, for categories are kept while one is in use."""


def _paths(quoted: pl.DataFrame) -> pl.DataFrame:
    """Add path, route and operation to a frame of distinct `method`, `client` and `quoted` (Go-quoted path and query)."""
    plain = [go_text.unquote(text or "").partition("?")[0] for text in quoted["quoted"]]
    return (
        quoted.with_columns(pl.Series("path", plain, dtype=pl.String))
        .with_columns(names.route(pl.col("path")).alias("route"))
        .with_columns(names.operation(pl.col("method"), pl.col("route")).alias("operation"), pl.col("client").replace("", None))
    )


def _usual(lines: pl.DataFrame) -> pl.DataFrame:
    """Cut lines by the usual layout; columns of what does not verify hold a null."""
    text = pl.col("text")
    cut = lines.with_columns(
        text.str.slice(6, 21).str.to_datetime(_TIME_FORMAT, strict=False, time_unit="us").alias("ended_local"),
        text.str.slice(27, 9).alias("middle"),
        text.str.slice(36, 13).alias("latency"),
        text.str.slice(49).alias("tail"),
    )
    middles = cut.select(pl.col("middle").unique()).with_columns(
        pl.col("middle").str.extract(r"^ \| ( *[0-9]{1,3}) \| $").str.strip_chars_start().cast(pl.Int64).alias("status")
    )
    tails = cut.select(pl.col("tail").unique())
    fields = tails["tail"].str.extract_groups(_TAIL).struct.unnest()
    fields.columns = ["client", "method", "quoted"]
    tails = _paths(tails.hstack(fields)).drop("quoted")
    if tails.height <= _FEW:
        tails = tails.with_columns(pl.col("client", "method", "path", "route", "operation").cast(pl.Categorical))
    return (
        cut.drop("latency", "text")
        .hstack(_latencies(cut["latency"]))
        .join(middles, on="middle", how="left", maintain_order="left")
        .join(tails, on="tail", how="left", maintain_order="left")
    )


def _latencies(latency: pl.Series) -> list[pl.Series]:
    """`latency_ns` and `latency_resolution_ns`; the few above a minute, which have several units, are read by themselves."""
    text = pl.col("latency")
    simple = pl.when(text.str.contains(durations.SIMPLE_DURATION)).then(durations.simple_duration_ns(text)).alias("latency_ns")
    read = latency.to_frame().select(simple, pl.repeat(1, pl.len(), dtype=pl.Int64).alias("latency_resolution_ns"))
    places = read["latency_ns"].is_null().arg_true()
    if places.len() == 0:
        return read.get_columns()
    compound = latency.gather(places).to_frame().select(durations.go_duration_ns(text), durations.resolution_ns(text).alias("step"))
    return [read["latency_ns"].scatter(places, compound["latency"]), read["latency_resolution_ns"].scatter(places, compound["step"])]


def _unusual(lines: pl.DataFrame) -> pl.DataFrame:
    """Read lines by the regular expression; `ended_local` is null where it does not match."""
    bare = pl.col("text").str.replace_all(_COLOUR, "")
    fields = lines.select(bare.str.extract_groups(_WHOLE).alias("fields"))["fields"].struct.unnest()
    fields.columns = ["time", "status", "latency", "client", "method", "quoted"]
    read = lines.hstack(fields)
    told = _paths(read.select("method", "quoted", "client")).select("client", "path", "route", "operation")
    return read.with_columns(told.get_columns()).with_columns(
        pl.col("time").str.to_datetime(_TIME_FORMAT, strict=False, time_unit="us").alias("ended_local"),
        pl.col("status").cast(pl.Int64),
        durations.go_duration_ns(pl.col("latency")).alias("latency_ns"),
        durations.resolution_ns(pl.col("latency")).alias("latency_resolution_ns"),
    )


def _complete() -> pl.Expr:
    known = pl.col("ended_local", "status", "latency_ns", "method").is_not_null()
    return pl.all_horizontal(known, pl.col("ended_local").dt.year().is_between(*YEARS).fill_null(value=False))


def extract(lines: pl.DataFrame) -> Extract:
    """Turn access lines into records of table `requests` in local time.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Records with `line`, `byte_offset`, `stamp` and COLUMNS; rejected lines with their reason.
    """
    wanted = ["line", "byte_offset", "stamp", *COLUMNS]
    usual = _usual(lines)
    is_complete = usual.select(_complete()).to_series()
    if is_complete.all():
        return Extract(records=usual.select(wanted))
    unusual = _unusual(lines.filter(~is_complete))
    is_read = unusual.select(_complete()).to_series()
    records = usual.filter(is_complete).select(wanted)
    records = records.merge_sorted(unusual.filter(is_read).select(wanted).cast(records.schema), key="line")
    rejected = unusual.filter(~is_read).select(*lines.columns, pl.lit("not a complete access line").alias("reason"))
    return Extract(records=records, rejected=rejected)


FORMAT = Format(
    name="gin_access",
    rank=0,
    is_whole=True,
    owns=lambda text: text.str.starts_with(START),
    extract=extract,
    examples=(
        '[GIN] 2026/11/20 - 16:46:53 | 200 |   27.334039ms |       127.0.0.1 | POST     "/api/generate"',
        '[GIN] 2026/11/20 - 16:48:16 |\x1b[97;42m 200 \x1b[0m|     122.241µs |       127.0.0.1 |\x1b[97;44m GET     \x1b[0m "/"',
    ),
)
