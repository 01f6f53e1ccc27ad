"""What goes into a record: numbers that are numbers, instants, and plain values."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import SupportsFloat

from ollalog.recorder.text import MOST_ERROR_CHARACTERS, bounded

NUMBER = (int, float)
"""What is a number; asking for `int | float` instead takes three times as long."""
LARGEST = 2.0**53
"""Numbers in a record lie between 0 and this, the largest up to which JSON's numbers are whole."""


def amount(value: object) -> float | None:
    """A number as given if it is one that can be measured: finite, not below 0, not beyond LARGEST; else None."""
    if type(value) is not float and type(value) is not int:
        if value is None or isinstance(value, bool | str | bytes) or not isinstance(value, SupportsFloat):
            return None
        value = float(value)
    return value if 0 <= value <= LARGEST else None


def instant(moment: datetime | None = None) -> str:
    """An instant as records spell it, now unless told: 2026-11-20T10:00:00.000000Z; a time without zone is one of this machine."""
    moment = datetime.now(UTC) if moment is None else moment.astimezone(UTC)
    return f"{moment.isoformat(timespec='microseconds')[:-6]}Z"


def plain(value: object) -> object:
    """A value as a record can hold it: text, truth, an amount, None for what is none; an instant or anything else as text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, NUMBER):
        return amount(value)
    return instant(value) if isinstance(value, datetime) else bounded(value, MOST_ERROR_CHARACTERS)


def quantile(weighted: Iterable[tuple[float, float]], share: float) -> float | None:
    """The value below which a share of some values lies, between two of them interpolated, as `quantile_cont` does.

    Args:
        weighted: Values, and how many values each stands for.
        share: 0 to 1.

    Returns:
        None where there is no value.
    """
    ordered = sorted(weighted)
    if not ordered:
        return None
    place = share * (sum(weight for _, weight in ordered) - 1)
    lower, upper = _at(ordered, math.floor(place)), _at(ordered, math.ceil(place))
    return lower + (upper - lower) * (place - math.floor(place))


def _at(ordered: list[tuple[float, float]], place: float) -> float:
    """The value at a place, counted from 0, of sorted values that each fill as many places as they weigh."""
    for value, weight in ordered:
        place -= weight
        if place < 0:
            return value
    return ordered[-1][0]
