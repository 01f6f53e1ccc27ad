"""Instants of rows: local times to UTC by what the log, the reader or the machine says, and times for lines that tell none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from ollalog.core.tables import INFERENCES, REQUESTS, SERVER_EVENTS
from ollalog.parsing import zones
from ollalog.parsing.state import ParserState
from ollalog.parsing.zones import Zone

UTC = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Context:
    """What the reader of a log knows beside its lines: its host, the zone asked for, this machine's zone, the present.

    `blob_names`: names of model files by the first 12 hex digits of their digest, for what the log does not name.
    """

    host: str
    read_at: datetime
    machine_zone: Zone
    option_zone: Zone | None = None
    client_key: bytes | None = None
    blob_names: Mapping[str, str] = field(default_factory=dict)


def placed(frame: pl.DataFrame, turns: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Add columns of `turns` as they stand at each line."""
    line = pl.col("line").cast(pl.Int64).fill_null(-1).set_sorted()
    if turns.height == 1:
        return frame.with_columns(line, *(pl.lit(turns[name][0], turns.schema[name]).alias(name) for name in columns))
    return frame.with_columns(line).join_asof(turns.select("line", *columns), on="line", strategy="backward")


def with_utc(frame: pl.DataFrame, table: str, state: ParserState, context: Context) -> pl.DataFrame:
    """Add `utc` and `tz_basis` to a frame of `ended_local`, `zone_s` and `stamp`; local times only."""
    by_slog = (pl.col("ended_local") - pl.duration(seconds=pl.col("zone_s"))).dt.replace_time_zone("UTC")
    basis = pl.when(pl.col("zone_s").is_not_null()).then(pl.lit("slog", pl.Categorical()))
    frame = frame.with_columns(by_slog.alias("utc"), basis.alias("tz_basis"))
    places = (frame["utc"].is_null() & frame["ended_local"].is_not_null()).arg_true()
    if places.len() == 0:
        return frame
    left = _without_slog(frame.select("ended_local", "stamp")[places], state.last_resolved.get(table), state.look_ahead_s, context)
    return frame.with_columns(
        frame["utc"].scatter(places, left["utc"]), frame["tz_basis"].scatter(places, left["tz_basis"].cast(pl.Categorical))
    )


def _without_slog(frame: pl.DataFrame, last: datetime | None, look_ahead_s: int | None, context: Context) -> pl.DataFrame:
    """`utc` and `tz_basis` where no slog line came before: the option, looking ahead, the envelope's time, the machine."""
    local = frame["ended_local"]
    if context.option_zone is not None:
        return frame.with_columns(zones.to_utc(local, context.option_zone, last).alias("utc"), pl.lit("option").alias("tz_basis"))
    if look_ahead_s is not None:
        seen = Zone(offset_s=look_ahead_s)
        return frame.with_columns(zones.to_utc(local, seen, last).alias("utc"), pl.lit("lookahead").alias("tz_basis"))
    ahead = pl.col("ended_local").dt.replace_time_zone("UTC") - pl.col("stamp")
    quarters = (ahead.dt.total_seconds() / 900).round().cast(pl.Int64)
    by_stamp = pl.col("ended_local").dt.replace_time_zone("UTC") - pl.duration(minutes=quarters * 15)
    by_machine = zones.to_utc(local, context.machine_zone, last).alias("by_machine")
    return frame.with_columns(by_machine).with_columns(
        pl.coalesce(by_stamp, "by_machine").alias("utc"),
        pl.when(pl.col("stamp").is_not_null()).then(pl.lit("envelope")).otherwise(pl.lit("machine")).alias("tz_basis"),
    )


def clock_of(
    requests: pl.DataFrame, events: pl.DataFrame, inferences: pl.DataFrame | None, recorded: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """The times that lines tell: `line`, `utc`, in order of lines."""
    told = [requests.select("line", "utc"), events.select("line", pl.col("happened_at").alias("utc"))]
    if inferences is not None:
        told.append(inferences.select(pl.col("line").cast(pl.Int64), pl.col("happened_at").alias("utc")))
    told += [frame.select(pl.col("line").cast(pl.Int64), pl.col("happened_at").alias("utc")) for frame in recorded.values()]
    return pl.concat(told).drop_nulls().sort("line")


def timed(frame: pl.DataFrame, clock: pl.DataFrame, state: ParserState) -> pl.DataFrame:
    """Fill `happened_at` with the last time seen before the line, where it has none."""
    if not frame["happened_at"].has_nulls():
        return frame
    keyed = frame.with_columns(pl.col("line").cast(pl.Int64).set_sorted())
    seen = keyed.join_asof(clock.rename({"utc": "seen"}), on="line", strategy="backward")["seen"]
    return frame.with_columns(pl.coalesce(pl.col("happened_at"), seen, pl.lit(state.last_utc, UTC)).alias("happened_at"))


def last_resolved(requests: pl.DataFrame, events: pl.DataFrame, inferences: pl.DataFrame) -> dict[str, datetime]:
    """The last instant of each table that was found out of a local time: what tells the two repeated hours apart."""
    found = {
        REQUESTS.name: requests.filter(pl.col("tz_basis") != "slog")["utc"].max(),
        SERVER_EVENTS.name: events.filter(pl.col("ended_local").is_not_null() & (pl.col("tz_basis") != "slog"))["utc"].max(),
        INFERENCES.name: inferences.filter(pl.col("ended_local").is_not_null())["happened_at"].max()
        if "ended_local" in inferences
        else None,
    }
    return {name: instant for name, instant in found.items() if isinstance(instant, datetime)}


def latest(before: Mapping[str, datetime], found: Mapping[str, datetime]) -> dict[str, datetime]:
    """The later instant of each table, of those known before and those found now."""
    return {name: max(known[name] for known in (before, found) if name in known) for name in sorted({*before, *found})}
