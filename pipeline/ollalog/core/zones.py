"""Time zones as people write them: a name of the time zone database, or an offset from UTC."""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo

from ollalog.core.errors import did_you_mean

_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?([0-5]\d)?", re.IGNORECASE)
_FARTHEST = timedelta(hours=14)


def offset_of(text: str) -> timedelta | None:
    """The offset, east of UTC, that a text names: "+05:30", "UTC+2", "-0800"; None where it is none."""
    found = _OFFSET.fullmatch(text)
    if not found:
        return None
    size = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return None if size > _FARTHEST else -size if found[1] == "-" else size


def zone_fault(text: str) -> str | None:
    """Why a text names no zone, with the name that it may be meant to be; None when it names one."""
    from zoneinfo import ZoneInfo, available_timezones

    if offset_of(text) is not None:
        return None
    try:
        ZoneInfo(text)
    except (KeyError, OSError, ValueError):
        near = did_you_mean(text, available_timezones()) or "write it like Europe/Berlin, UTC or +05:30"
        return f"{text!r} is no time zone; {near}"
    return None


def zone_of(text: str) -> tzinfo:
    """The zone that a text names; `zone_fault` says first whether it does."""
    from zoneinfo import ZoneInfo

    offset = offset_of(text)
    return ZoneInfo(text) if offset is None else timezone(offset)


def sql_name(text: str) -> str:
    """The zone as DuckDB knows it: offsets are written GMT+05:30."""
    offset = offset_of(text)
    if offset is None:
        return text
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    return f"GMT{'-' if offset < timedelta() else '+'}{hours:02}:{minutes:02}"
