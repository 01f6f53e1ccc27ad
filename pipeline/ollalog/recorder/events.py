"""Events as they are written to events.jsonl: their values checked and bounded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ollalog.recorder.exposition import label_name
from ollalog.recorder.families import BREAKER_STATES
from ollalog.recorder.taxonomy import describe
from ollalog.recorder.text import bounded
from ollalog.recorder.values import amount, instant

STATUSES = ("success", "timeout", "error")
_MOST_LABELS = 50
_LONGEST_S = 1e9


class UnusableValueError(ValueError):
    """A value that no event of its kind can have."""


def event_record(event: str, values: Mapping[str, object], pid: int) -> dict[str, object]:
    """An event that has just happened, as it is written.

    Args:
        event: Its name.
        values: Its values; those that are None are left out, and an error gives its kind, too.
        pid: Of this process.

    Raises:
        UnusableValueError: A value that the event cannot have: a negative duration, an unknown status.
    """
    record: dict[str, object] = {"event": event, "timestamp": instant(), "pid": pid}
    for name, value in values.items():
        if name == "error" and value is not None:
            record["error"], record["error_type"] = describe(value)
        elif name in _CONVERTED:
            kept_as, factor = _CONVERTED[name]
            converted = _number(_number(value) * factor)
            record[kept_as] = round(converted) if kept_as == "memory_bytes" else round(converted, 6)
        elif value is not None:
            record[name] = _CLEANERS.get(name, bounded)(value)
        elif name not in _OPTIONAL:
            raise UnusableValueError(f"{event} without {name}")
    return record


def _number(value: object) -> float:
    number = amount(value)
    if number is None:
        raise UnusableValueError(f"{bounded(value)} is no amount")
    return number


def _seconds(value: object) -> float:
    seconds = _number(value)
    if seconds > _LONGEST_S:
        raise UnusableValueError(f"{seconds} s are more than {_LONGEST_S}")
    return seconds


def _count(value: object) -> int:
    return round(_number(value))


def _status(value: object) -> str:
    status = bounded(value).lower()
    if status not in STATUSES:
        raise UnusableValueError(f"{status} is none of {', '.join(STATUSES)}")
    return status


def _breaker_state(value: object) -> str:
    state = re.sub(r"[- ]", "_", bounded(value).lower())
    if state not in BREAKER_STATES:
        raise UnusableValueError(f"{state} is none of {', '.join(BREAKER_STATES)}")
    return state


def _labels(value: object) -> dict[str, str]:
    """Labels of names that they can have, a bounded number of them."""
    labels = value if isinstance(value, Mapping) else {}
    return {label_name(bounded(name)): bounded(text) for name, text in list(labels.items())[:_MOST_LABELS]}


_OPTIONAL = {"agent", "error", "input_bytes", "output_bytes"}
# as producers know them, and as they are written
_CONVERTED = {"memory_mb": ("memory_bytes", 1e6), "cpu_percent": ("cpu_ratio", 0.01)}
_CLEANERS: dict[str, Callable[[object], object]] = {
    "seconds": _seconds,
    **dict.fromkeys(("input_tokens", "output_tokens", "memory_bytes", "threads", "input_bytes", "output_bytes"), _count),
    **dict.fromkeys(("retries", "size", "workers"), _count),
    "success": bool,
    "status": _status,
    "state": _breaker_state,
    "labels": _labels,
}
