"""Local times to UTC, and how the zone is known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import polars as pl

from ollalog.core.errors import UsageError
from ollalog.core.zones import offset_of, zone_fault

_SLOG_TIME = re.compile(rb"time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(Z|[+-]\d\d:\d\d)")
LOOK_AHEAD_BYTES = 1 << 20
STEADY = timedelta(days=14)
_MARGIN = timedelta(days=1)
SLACK = timedelta(minutes=1)


@dataclass(frozen=True)
class Zone:
    """A zone by name or a fixed offset (`offset_s` east of UTC)."""

    name: str | None = None
    offset_s: int = 0


def zone(text: str) -> Zone:
    """The zone that a text names: "Europe/Berlin", "UTC", "+05:30".

    Raises:
        UsageError: there is no such zone.
    """
    fault = zone_fault(text)
    if fault:
        raise UsageError(fault, want="a name of the IANA database or an offset", fix="write Europe/Berlin, UTC or +05:30")
    offset = offset_of(text)
    return Zone(name=text) if offset is None else Zone(offset_s=int(offset.total_seconds()))


def look_ahead(data: bytes) -> int | None:
    """The offset (s) of the first slog line within the first MiB of what is there; None without one."""
    # without its NULs UTF-16 reads like ASCII
    found = _SLOG_TIME.search(data[:LOOK_AHEAD_BYTES].replace(b"\0", b""))
    if not found:
        return None
    text = found[1].decode()
    if text == "Z":
        return 0
    seconds = int(text[1:3]) * 3600 + int(text[4:6]) * 60
    return -seconds if text[0] == "-" else seconds


def to_utc(local: pl.Series, where: Zone, last_utc: datetime | None) -> pl.Series:
    """Turn local times of one source, in its order, into UTC.

    Args:
        local: naive times.
        where: the zone that they are in.
        last_utc: the instant of the last line before them; decides which of the two repeated hours is meant.

    Returns:
        Datetime column, µs, UTC; the repeated hour is resolved by order, a skipped hour is read with the offset before it.
    """
    if where.name is None:
        return (local - timedelta(seconds=where.offset_s)).dt.replace_time_zone("UTC")
    steady = _steady_offset(local, where.name)
    if steady is not None:
        return (local - steady).dt.replace_time_zone("UTC")
    frame = pl.DataFrame({"local": local}).with_columns(
        _in_zone("local", where.name, "earliest").alias("earliest"), _in_zone("local", where.name, "latest").alias("latest")
    )
    frame = frame.with_columns(pl.coalesce("earliest", _in_zone_shifted("local", where.name)).alias("earliest"))
    if (frame["earliest"] == frame["latest"]).fill_null(value=True).all():
        return frame["earliest"]
    return _by_order(frame, last_utc)


def _steady_offset(local: pl.Series, name: str) -> timedelta | None:
    """The one offset of a zone at all these times, where a look at both ends can tell: no zone changes twice in STEADY."""
    first, last = local.min(), local.max()
    if not isinstance(first, datetime) or not isinstance(last, datetime) or last - first > STEADY:
        return None
    ends = pl.Series([first - _MARGIN, last + _MARGIN], dtype=pl.Datetime("us")).to_frame("local")
    at_ends = ends.select(_in_zone("local", name, "earliest").alias("early"), _in_zone("local", name, "latest").alias("late"))
    offsets = {(there - utc.replace(tzinfo=None)) if utc else None for there, *both in ends.hstack(at_ends).iter_rows() for utc in both}
    return offsets.pop() if len(offsets) == 1 else None


def _in_zone(column: str, name: str, ambiguous: Literal["earliest", "latest"]) -> pl.Expr:
    return pl.col(column).dt.replace_time_zone(name, ambiguous=ambiguous, non_existent="null").dt.convert_time_zone("UTC")


def _in_zone_shifted(column: str, name: str) -> pl.Expr:
    earlier = (pl.col(column) - timedelta(hours=1)).dt.replace_time_zone(name, ambiguous="earliest", non_existent="null")
    return earlier.dt.convert_time_zone("UTC") + timedelta(hours=1)


def _by_order(frame: pl.DataFrame, last_utc: datetime | None) -> pl.Series:
    """Choose, line by line, the first of the two instants that does not go back by more than a minute."""
    last = last_utc or datetime(1970, 1, 1, tzinfo=UTC)
    chosen: list[datetime | None] = []
    for earliest, latest in frame.select("earliest", "latest").iter_rows():
        instant = earliest if earliest is None or latest is None or earliest >= last - SLACK else latest
        chosen.append(instant)
        last = max(last, instant) if instant else last
    return pl.Series("utc", chosen, dtype=pl.Datetime("us", "UTC"))
