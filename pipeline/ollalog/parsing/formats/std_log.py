"""Lines of Go's standard log package: 2024/08/19 14:09:56 routes.go:1123: INFO server config env="map[…".

The first line of each start before 0.7 and everything before 0.1.21. Local time without a zone.
"""

from __future__ import annotations

import polars as pl

from ollalog.parsing import saying
from ollalog.parsing.format import Extract, Format
from ollalog.parsing.patterns import ascii_only

_COLOUR = r"(?:\x1b\[[0-9;]*m)?"
_CLOCK = r"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)(?:\.\d+)?"
_LEVEL = r"(TRACE|DEBUG|INFO|WARN|ERROR|\[[A-Z]+\])"
_OWNER = ascii_only(rf"^{_COLOUR}20\d\d/\d\d/\d\d \d\d:\d\d:\d\d")
_LINE = ascii_only(rf"^{_COLOUR}{_CLOCK} (?:[\w./-]+:\d+: )?(?:{_LEVEL} )?(.*)$")
# gin writes the stack of a handler that panicked on the lines behind this one, in colour even where there is no terminal
_RECOVERED = " panic recovered:"
_TAIL = ascii_only(r'^(.*?)((?: (?:"[^"\\]+"|[A-Za-z_][\w.]*)=(?:"(?:[^"\\]|\\.)*"|\S*))*)$')


def extract(lines: pl.DataFrame) -> Extract:
    """Read lines of the standard log package as far as `saying.told`, which knows what messages mean.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        `said` by SAID_SCHEMA, in local time without a zone; a line whose time does not exist is rejected; the report of a
        panic opens a continuation.
    """
    groups = lines["text"].str.extract_groups(_LINE).struct.unnest()
    groups.columns = ["clock", "level", "said"]
    tails = groups["said"].str.extract_groups(_TAIL).struct.unnest()
    tails.columns = ["message", "tail"]
    read = (
        lines.hstack(groups.drop("said"))
        .hstack(tails)
        .with_columns(
            pl.col("clock").str.to_datetime("%Y/%m/%d %H:%M:%S", strict=False, time_unit="us").alias("ended_local"),
            pl.lit(None, pl.Int32).alias("zone_s"),
            pl.col("level").str.strip_chars("[]").fill_null("INFO"),
            pl.col("message").str.head(2048),
            pl.col("tail").str.strip_prefix(" "),
            pl.lit(None, pl.String).alias("known_event"),
        )
    )
    is_read = pl.col("ended_local").is_not_null()
    rejected = read.filter(~is_read).select(*lines.columns, pl.lit("no such time").alias("reason"))
    dumps = read.filter(pl.col("message").str.ends_with(_RECOVERED))["line"]
    return Extract(said=read.filter(is_read).select(list(saying.SAID_SCHEMA)), rejected=rejected, opens=dumps)


FORMAT = Format(
    name="std_log",
    rank=5,
    owns=lambda text: text.str.contains(_OWNER),
    extract=extract,
    examples=('2024/08/19 14:09:56 routes.go:1123: INFO server config env="map[OLLAMA_DEBUG:true OLLAMA_NUM_PARALLEL:4]"',),
)
