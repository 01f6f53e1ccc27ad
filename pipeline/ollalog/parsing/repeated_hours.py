"""The end of summer time that no slog line has told yet: access lines, which carry no zone, go back by an hour."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from ollalog.parsing.instants import placed
from ollalog.parsing.parse import ParsedBatch
from ollalog.parsing.zones import SLACK

_HOUR = timedelta(hours=1)
_PUT_BACK_BEFORE = 3
"""Clocks are put back at the end of summer time so that they show an hour before this one."""
_US = timedelta(microseconds=1)
_DAY_US = timedelta(days=1) // _US
_MOST = 8
"""In one block: a block of more years is damaged."""


def with_repeated_hours(turns: pl.DataFrame, parsed: ParsedBatch, last_utc: datetime | None) -> pl.DataFrame:
    """Add the lines from which on the offset is an hour less, until a slog line tells it.

    Args:
        turns: `line`, in order, and `zone_s`, the offset that slog lines have told by then.
        parsed: the block.
        last_utc: the last time told before it.

    Returns:
        The turns and those added. Times of access lines never go back else; a clock that is put back by day tells nothing.
    """
    for _ in range(_MOST):
        line = _first_put_back(turns, parsed, last_utc)
        if line is None:
            break
        turns = _with_turn(turns, parsed.events, line)
    return turns


def _first_put_back(turns: pl.DataFrame, parsed: ParsedBatch, last_utc: datetime | None) -> int | None:
    """The first access line at night that ended up to an hour before what is told before it; None: there is none."""
    asked = parsed.requests.select("line", "ended_local")
    nights = (asked["ended_local"].to_physical() % _DAY_US < _PUT_BACK_BEFORE * (_HOUR // _US)).arg_true()
    if nights.len() == 0:
        return None
    # what is told before the first of them matters as far as its time in UTC is known
    first, last = max(int(nights[0]) - 1, 0), int(nights[-1])
    if turns.filter(pl.col("line") <= asked["line"][first])["zone_s"][-1] is None:
        first = 0
    asked = asked.slice(first, last + 1 - first)
    events = parsed.events.select(pl.col("line").cast(pl.Int64), "ended_local", "stamp", pl.col("zone_s").alias("own_zone_s"))
    events = events.filter(events["line"].is_between(asked["line"][0] if first else -1, asked["line"][-1]))
    local = pl.col("ended_local").dt.replace_time_zone("UTC")
    told = placed(events, turns, "zone_s").select(
        "line",
        pl.coalesce(local - pl.duration(seconds=pl.coalesce("own_zone_s", "zone_s")), "stamp").alias("utc"),
        pl.lit(value=False).alias("is_night"),
    )
    ended = placed(asked, turns, "zone_s").select(
        "line", (local - pl.duration(seconds=pl.col("zone_s"))).alias("utc"), (local.dt.hour() < _PUT_BACK_BEFORE).alias("is_night")
    )
    steps = pl.concat([told, ended]).drop_nulls("utc").sort("line", maintain_order=True)
    behind = pl.col("utc").shift(1, fill_value=last_utc) - pl.col("utc")
    back = steps.filter(pl.col("is_night") & (behind > SLACK) & (behind <= _HOUR + SLACK))["line"]
    return None if back.len() == 0 else int(back[0])


def _with_turn(turns: pl.DataFrame, events: pl.DataFrame, line: int) -> pl.DataFrame:
    """The turns with one more at a line, where the offset is an hour less, until a slog line tells it again."""
    before, after = turns.filter(pl.col("line") < line), turns.filter(pl.col("line") > line)
    offset = pl.col("zone_s") - int(_HOUR.total_seconds())
    turn = before.tail(1).with_columns(pl.lit(line, pl.Int64).alias("line"), offset.cast(turns.schema["zone_s"]).alias("zone_s"))
    told = events.filter((pl.col("line") > line) & pl.col("zone_s").is_not_null()).head(1).select(pl.col("line").cast(pl.Int64), "zone_s")
    if told.height and (after.height == 0 or told["line"][0] < after["line"][0]):
        again = turn.with_columns(told["line"], told["zone_s"].cast(turns.schema["zone_s"]))
        return pl.concat([before, turn, again, after])
    return pl.concat([before, turn, after])
