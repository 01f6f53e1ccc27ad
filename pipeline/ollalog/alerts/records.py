"""Changes of alerts -> rows of table `alerts`; rows of `alerts` -> episodes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ollalog.alerts.history import Change
from ollalog.core.tables import ALERTS, polars_schema

if TYPE_CHECKING:
    import polars as pl

NO_SOURCE = 0
MILLISECONDS = ((3_600_000, "h"), (60_000, "min"), (1_000, "s"))


def rows_of(changes: Iterable[Change], *, replayed: bool) -> pl.DataFrame:
    """One row per change; TABLES.alerts without `batch`."""
    import polars as pl

    schema = {name: kind for name, kind in polars_schema(ALERTS).items() if name != "batch"}
    return pl.DataFrame([_row(change, replayed=replayed) for change in changes], schema=schema, orient="row")


def _row(change: Change, *, replayed: bool) -> tuple[object, ...]:
    rule, labels, what = change.rule, dict(change.labels), change.transition
    return (
        NO_SOURCE,
        _number(change, replayed=replayed),
        labels.get("host"),
        None,
        what.happened_at,
        rule.name,
        change.fingerprint,
        what.state,
        rule.severity,
        labels.get("model"),
        what.value,
        rule.threshold,
        json.dumps(labels, ensure_ascii=False),
        message(change),
        rule.recommendation,
        replayed,
    )


def _number(change: Change, *, replayed: bool) -> int:
    """A number that only this change has, the same whenever it is found again; below 2^62."""
    import hashlib

    told = f"{change.fingerprint} {change.transition.happened_at.isoformat()} {change.transition.state} {replayed}"
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:8], "big") >> 2


def message(change: Change) -> str:
    """What is wrong, in a sentence: the rule's summary with the labels, value and threshold in place of their names."""
    text = str(change.rule.file.settings["summary"])
    unit = change.rule.unit
    told = {
        **dict(change.labels), "value": measured(change.transition.value, unit), "threshold": measured(change.rule.threshold, unit),
    }  # fmt: skip
    for name in change.rule.labels:
        told.setdefault(name, "(unknown)")
    for name, value in told.items():
        text = text.replace("{" + name + "}", value)
    return text


def measured(value: float | None, unit: str) -> str:
    """A value in its unit, for people: ms and s as durations, ratios as percentages."""
    if value is None:
        return "no data"
    if unit == "ratio":
        return f"{100 * value:.3g} %"
    if unit in {"ms", "s"}:
        milliseconds = value * (1000 if unit == "s" else 1)
        size, name = next(((size, name) for size, name in MILLISECONDS if milliseconds >= size), (1, "ms"))
        return f"{milliseconds / size:.3g} {name}"
    return f"{value:.6g} {unit}".strip() if unit != "count" else f"{value:.6g}"


@dataclass(frozen=True)
class Episode:
    """One time that an alert fired: from the first bad tick, through firing, to resolved; None: not over."""

    rule: str
    labels: str
    began_at: datetime
    fired_at: datetime
    resolved_at: datetime | None
    message: str


def episodes(changes: Sequence[Change]) -> list[Episode]:
    """The times that alerts fired, in order of firing; what was pending and did not last is none."""
    began: dict[str, datetime] = {}
    fired: dict[str, Change] = {}
    found: list[Episode] = []
    for change in changes:
        key, what = change.fingerprint, change.transition
        if what.state == "pending":
            began[key] = what.happened_at
        elif what.state == "firing":
            fired[key] = change
        elif what.state == "resolved" and key in fired:
            found.append(_episode(fired.pop(key), began.pop(key, None), what.happened_at))
        else:
            began.pop(key, None)
    found += [_episode(change, began.get(key), None) for key, change in fired.items()]
    return sorted(found, key=lambda episode: (episode.fired_at, episode.rule, episode.labels))


def _episode(change: Change, began_at: datetime | None, resolved_at: datetime | None) -> Episode:
    fired_at = change.transition.happened_at
    labels = json.dumps(dict(change.labels), ensure_ascii=False)
    return Episode(change.rule.name, labels, began_at or fired_at, fired_at, resolved_at, message(change))
