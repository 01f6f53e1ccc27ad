"""Numbers as people read them: durations, sizes, counts and shares with their unit, in a few characters."""

from __future__ import annotations

from ollalog.core.printable import printable

MISSING = "-"
_DURATIONS = (
    (1_000, "ns", 1),
    (1_000_000, "\N{MICRO SIGN}s", 1_000),
    (1_000_000_000, "ms", 1_000_000),
    (60_000_000_000, "s", 1_000_000_000),
)
_HOUR_S, _DAY_S = 3_600, 86_400


def duration(ns: float | None) -> str:
    """Nanoseconds with three digits: 847 µs, 12.3 ms, 1.27 s, 2m05s, 3h12m, 2d04h."""
    if ns is None:
        return MISSING
    if ns < 0:
        return f"-{duration(-ns)}"
    for bound, unit, size in _DURATIONS:
        # What would be rounded up to the bound is shown in the next unit.
        if ns < bound * 0.9995:
            return f"{_three_digits(ns / size)} {unit}"
    whole_s = round(ns / 1_000_000_000)
    if whole_s < _HOUR_S:
        return f"{whole_s // 60}m{whole_s % 60:02d}s"
    if whole_s < _DAY_S:
        return f"{whole_s // 3600}h{whole_s // 60 % 60:02d}m"
    return f"{whole_s // 86_400}d{whole_s // 3600 % 24:02d}h"


def _three_digits(value: float) -> str:
    """A number below 1,000 with three significant digits, without zeros that say nothing."""
    digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def count(number: float | None) -> str:
    """A number of things: 9,876, 12.3k, 4.57M."""
    if number is None:
        return MISSING
    if abs(number) < 9_999.5:
        return f"{round(number):,}"
    for size, letter in ((1_000, "k"), (1_000_000, "M"), (1_000_000_000, "G")):
        if abs(number) < size * 999.5:
            return f"{_three_digits(number / size)}{letter}"
    return f"{number / 1_000_000_000_000:.1f}T"


def size(count_bytes: float | None) -> str:
    """A number of bytes: 512 B, 1.2 MB (decimal, as disks and networks count)."""
    if count_bytes is None:
        return MISSING
    if count_bytes < 1_000:
        return f"{round(count_bytes)} B"
    for unit_bytes, unit in ((1_000, "kB"), (1_000_000, "MB"), (1_000_000_000, "GB")):
        if count_bytes < unit_bytes * 999.5:
            return f"{_three_digits(count_bytes / unit_bytes)} {unit}"
    return f"{count_bytes / 1_000_000_000_000:.1f} TB"


def percent(ratio: float | None) -> str:
    """A share of one: 100%, 99.4%; never 100% when something is missing, nor 0% when something is there."""
    if ratio is None:
        return MISSING
    value = ratio * 100
    if 99.95 <= value < 100:
        return ">99.9%"
    if 0 < value < 0.05:
        return "<0.1%"
    return f"{value:.1f}".removesuffix(".0") + "%"


def rate(per_second: float | None) -> str:
    """A number of things per second: 4.88, 38.2, 1,204."""
    if per_second is None:
        return MISSING
    return f"{round(per_second):,}" if per_second >= 999.5 else _three_digits(per_second)


def counted(number: int, noun: str) -> str:
    """A number of things in words: 1 log, 1,204 logs."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shown(text: str | None, width: int | None = None) -> str:
    """Text from a log, made safe and cut to a width with a mark; "-" for none."""
    safe = MISSING if text is None else printable(text)
    return safe if width is None or len(safe) <= width else safe[: max(width - 3, 1)] + "..."
