"""Structured lines of Go's slog.TextHandler: time=… level=… source=… msg=… key=value ….

Source: Ollama logutil/logutil.go; RFC 3339 time with milliseconds and the local offset. Keys and values are Go-quoted
where they hold blanks, quotes, "=" or what does not print; bare values are not escaped.
"""

from __future__ import annotations

import polars as pl

from ollalog.parsing import go_text, saying
from ollalog.parsing.format import Extract, Format

START = "time=2"
TORN_START = "time=20"
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%3f"
_PAGED = r'^time=\S+ level=[A-Z]+ (?:source=\S+ )?msg="([^"]*)>$'
_ESCAPED = r'(?s)^"((?:[^"\\]|\\.)*)"(.*)$'


def _cut(lines: pl.DataFrame) -> pl.DataFrame:
    """Cut lines into their parts, SAID_SCHEMA; nulls where a part is missing.

    Servers say the same things again and again: what follows the time is read once for all lines that have it.
    """
    text = pl.col("text")
    timed = lines.with_columns(
        text.str.slice(5, 23).str.to_datetime(_TIME_FORMAT, strict=False, time_unit="us", cache=False).alias("ended_local"),
        text.str.slice(28).alias("after"),
    )
    fields = _with_escapes(_fields(timed["after"].unique())).drop("said")
    return timed.join(fields, on="after", how="left", maintain_order="left").with_columns(pl.lit(None, pl.String).alias("known_event"))


def _fields(afters: pl.Series) -> pl.DataFrame:
    """What the distinct texts behind the time say: `after`, `said` (what follows "msg="), and the parts of SAID_SCHEMA."""
    parts = afters.to_frame("after").with_columns(pl.col("after").str.splitn(" msg=", 2).alias("parts")).unnest("parts")
    said = pl.col("field_1")
    told = parts.select(
        "after",
        pl.col("field_0").alias("head"),
        said.alias("said"),
        said.str.starts_with('"').alias("is_quoted"),
        said.str.slice(1).str.splitn('"', 2).alias("quoted"),
        said.str.splitn(" ", 2).alias("bare"),
    )
    quoted, bare = (pl.col(name).struct for name in ("quoted", "bare"))
    message = pl.when(quoted.field("field_1").is_not_null()).then(quoted.field("field_0"))
    tail = quoted.field("field_1").str.strip_prefix(" ")
    fields = told.select(
        *("after", "head", "said"),
        pl.when("is_quoted").then(message).otherwise(bare.field("field_0")).alias("message"),
        pl.when("is_quoted").then(tail).otherwise(bare.field("field_1")).fill_null("").alias("tail"),
    )
    return fields.join(_heads(fields["head"].unique()), on="head", how="left", maintain_order="left").drop("head")


def _heads(heads: pl.Series) -> pl.DataFrame:
    """What the distinct texts between time and message say: `head`, `zone_s`, `level`."""
    parts = pl.col("head").str.splitn(" level=", 2).struct
    zone = parts.field("field_0")
    offset_s = zone.str.slice(1, 2).cast(pl.Int32, strict=False) * 3600 + zone.str.slice(4, 2).cast(pl.Int32, strict=False) * 60
    return heads.to_frame("head").with_columns(
        pl.when(zone == "Z").then(0).when(zone.str.contains(r"^[+-][0-9]{2}:[0-9]{2}$"))
        .then(pl.when(zone.str.starts_with("-")).then(-offset_s).otherwise(offset_s)).cast(pl.Int32).alias("zone_s"),
        parts.field("field_1").str.extract(r"^([A-Z]+)(?:[+-][0-9]+)?(?: source=\S*)?$").alias("level"),
    )  # fmt: skip


def _with_escapes(fields: pl.DataFrame) -> pl.DataFrame:
    """Read messages that hold escapes, such as quotes, again by Go's rules."""
    is_escaped = fields["said"].str.starts_with('"') & fields["message"].str.contains("\\", literal=True)
    places = is_escaped.fill_null(value=False).arg_true()
    if places.len() == 0:
        return fields
    found = fields["said"].gather(places).str.extract_groups(_ESCAPED).struct.unnest()
    messages = pl.Series([None if text is None else go_text.unquote(text) for text in found["1"]], dtype=pl.String)
    tails = found["2"].str.strip_prefix(" ").fill_null("")
    return fields.with_columns(fields["message"].scatter(places, messages), fields["tail"].scatter(places, tails))


def _paged(cut: pl.DataFrame) -> pl.DataFrame:
    """Give lines that a pager cut within their message, which ends in its mark then, what is left of it: what it tells nobody knows."""
    places = cut["message"].is_null().arg_true()
    if places.len() == 0:
        return cut
    left = cut["text"].gather(places).str.extract(_PAGED)
    places, left = places.filter(left.is_not_null()), left.drop_nulls()
    nothing = pl.Series([""], dtype=pl.String).new_from_index(0, places.len())
    other = pl.Series(["other"], dtype=pl.String).new_from_index(0, places.len())
    told = {"message": left, "tail": nothing, "known_event": other}
    return cut.with_columns(cut[name].scatter(places, values) for name, values in told.items()) if places.len() else cut


def extract(lines: pl.DataFrame) -> Extract:
    """Read slog lines as far as `saying.told`, which knows what messages mean.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        `said` by SAID_SCHEMA; what is no slog line after all is rejected.
    """
    cut = _paged(_cut(lines))
    is_year = pl.col("ended_local").dt.year().is_between(1970, 2200).fill_null(value=False)
    is_read = cut.select(pl.all_horizontal(pl.col("zone_s", "level", "message").is_not_null(), is_year)).to_series()
    if is_read.all():
        return Extract(said=cut.select(list(saying.SAID_SCHEMA)))
    rejected = cut.filter(~is_read).select(*lines.columns, pl.lit("not a complete slog line").alias("reason"))
    return Extract(said=cut.filter(is_read).select(list(saying.SAID_SCHEMA)), rejected=rejected)


FORMAT = Format(
    name="slog_text",
    rank=1,
    owns=lambda text: text.str.starts_with(START),
    extract=extract,
    examples=(
        'time=2026-11-20T16:46:52.503Z level=INFO source=sched.go:728 msg="loaded runners" count=1',
        'time=2026-11-20T11:51:37.413-05:00 level=WARN source=llama_server.go:317 msg="truncating input prompt" limit=131 prompt=616',
    ),
)
