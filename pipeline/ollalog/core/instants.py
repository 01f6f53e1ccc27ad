"""Instants as people type them for --since and --until."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

from ollalog.core.errors import UsageError

AGES = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
AGE = re.compile(r"(\d{1,9})\s*(s|min|m|h|d|w)")


def instant(text: str, option: str, *, now: datetime, zone: tzinfo | None) -> datetime:
    """Read an instant.

    Args:
        text: "2026-06-21", "2026-06-21 18:00", "2026-06-21T18:00:00Z", "24h", "7d" (so long ago), "now", "today", "yesterday".
        option: Name of the option, for the message.
        now: What relative words are relative to.
        zone: Zone of days and times that name none; None: the machine's.

    Returns:
        The instant, UTC.

    Raises:
        UsageError: it is none of these.
    """
    word = text.strip().lower()
    age = AGE.fullmatch(word)
    today = datetime.combine(now.astimezone(zone).date(), time())
    named = {"now": now, "today": today, "yesterday": today - timedelta(days=1)}
    try:
        found = now - timedelta(**{AGES[age[2]]: int(age[1])}) if age else named.get(word) or datetime.fromisoformat(text.strip())
        aware = found if found.tzinfo else found.replace(tzinfo=zone) if zone else found.astimezone()
        return aware.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{option}: not an instant",
            found=repr(text),
            want="a date, a date and time, or an age: 2026-06-21, 2026-06-21T18:00, 24h, 7d, today, yesterday",
            fix=f"write: {option} 7d",
        ) from error
