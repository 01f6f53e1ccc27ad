"""Durations as Go prints them."""

from __future__ import annotations

_UNITS = ((1_000_000, "ms"), (1_000, "µs"), (1, "ns"))


def go_duration(seconds: float) -> str:
    """A duration as Go's time.Duration prints it: "2m30s", "1.5s", "250ms", "0s"; to the nanosecond."""
    ns = round(seconds * 1e9)
    if ns == 0:
        return "0s"
    for unit_ns, unit in _UNITS:
        if unit_ns <= ns < 1_000_000_000:
            return f"{_decimal(ns, unit_ns)}{unit}"
    minutes, ns = divmod(ns, 60_000_000_000)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{head}{_decimal(ns, 1_000_000_000)}s"


def _decimal(ns: int, unit_ns: int) -> str:
    """A number of nanoseconds in another unit, without zeros at its end."""
    whole, part = divmod(ns, unit_ns)
    return f"{whole}.{part:0{len(str(unit_ns)) - 1}d}".rstrip("0") if part else str(whole)
