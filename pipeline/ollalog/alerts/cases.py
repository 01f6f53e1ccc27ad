"""Timelines that say when a rule is to change its state: TOML files in `cases/RULE/*.toml` beside the rules.

A case has `why`; rows of tables (`[[requests]]`, `[[inferences]]`, `[[server_events]]`, `[[rejects]]`,
`[[resource_samples]]`), each of which may be repeated with
`every` and `count`; optional `until` (how far time goes, else to the newest row) and `[changes]` (as `[alerts.RULE]` of
the settings); and every change of state that is expected: `[[expect]]` with `happened_at`, `state`, `value`, `labels`.
Columns that a row omits are those of a plain successful chat on the machine "box".
"""

from __future__ import annotations

import math
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from ollalog.alerts.history import Change, OpenWarehouse, replay
from ollalog.alerts.rules import Rule, duration, rule_of
from ollalog.core.batch import Part, Snapshot, Source, SourceSummary
from ollalog.core.errors import PipelineError, UsageError
from ollalog.core.layout import sql_folder
from ollalog.core.tables import TABLES, polars_schema

KEYS = ("why", "until", "changes", "expect", "requests", "inferences", "server_events", "rejects", "resource_samples")
LOGS = {1: "server.log", 2: "performance.jsonl", 3: "samples"}
PLAIN: Mapping[str, Mapping[str, Any]] = {
    "requests": {
        "source": 1, "status": 200, "method": "POST", "path": "/api/chat", "route": "/api/chat", "operation": "chat",
        "latency_ns": 1_000_000_000, "latency_resolution_ns": 1000, "tz_basis": "slog",
    },
    "inferences": {"source": 2, "origin": "performance_jsonl", "operation": "chat", "success": True},
    "server_events": {"source": 1, "level": "INFO", "message": ""},
    "rejects": {"source": 1, "reason": "no format"},
    "resource_samples": {"source": 3, "scope": "host", "interval_ns": 5_000_000_000},
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """How one case went: what differs from what it expects; none: nothing. `fires`: whether it expects the rule to fire."""

    rule: str
    case: str
    fires: bool
    differences: tuple[str, ...]


def case_files(rule: Rule, folder: Path | None) -> list[Path]:
    """The cases of a rule: those beside the user's rules, else those that ship with the program."""
    places = [*([folder] if folder else []), sql_folder("alerts")]
    found = (sorted((place / "cases" / rule.name).glob("*.toml")) for place in places)
    return next((files for files in found if files), [])


def check_case(rule: Rule, file: Path, open_warehouse: OpenWarehouse) -> Outcome:
    """Evaluate a rule over the timeline of one case.

    Raises:
        UsageError: the file is no case.
    """
    case = _read(file)
    changed = rule_of(rule.file, case.get("changes", {}))
    with tempfile.TemporaryDirectory(prefix="ollalog-case-") as name:
        try:
            wanted = [_expected(change) for change in case.get("expect", [])]
            snapshot = snapshot_of(Path(name), case)
            history = replay(snapshot, [changed], open_warehouse, until=_after(case.get("until")))
        except (PipelineError, pl.exceptions.PolarsError, TypeError, ValueError, KeyError) as fault:
            raise _no_case(file, str(fault)) from fault
    problems = tuple(str(problem) for problem in history.problems.values())
    found = [_told(change) for change in history.changes]
    differences = problems or tuple(_differences(wanted, found))
    return Outcome(rule.name, file.stem, any(change[1] == "firing" for change in wanted), differences)


def snapshot_of(folder: Path, case: Mapping[str, Any]) -> Snapshot:
    """The rows of a case as parts of a store, one per table and day."""
    tables = {name: list(_rows(name, case.get(name, []))) for name in PLAIN}
    begun = min((row[TABLES[name].time] for name, rows in tables.items() for row in rows), default=None)
    parts: list[Part] = []
    for name, rows in tables.items():
        for number, row in enumerate(rows):
            # Lines stand in their log in the order of their time.
            row.setdefault("byte_offset", int((row[TABLES[name].time] - begun).total_seconds() * 10_000) + number % 1000)
            row.setdefault("host", "box")
        parts += _parts(folder, name, rows)
    summaries = (SourceSummary(Source(number, path, path, "file"), 0, {}, {}, {}, 0) for number, path in LOGS.items())
    return Snapshot(1, tuple(parts), tuple(summaries))


def _read(file: Path) -> dict[str, Any]:
    """The content of a case."""
    try:
        case = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as fault:
        raise _no_case(file, str(fault)) from fault
    unknown = sorted(case.keys() - set(KEYS))
    if unknown or not case.get("why"):
        raise _no_case(file, f"unknown keys: {', '.join(unknown)}" if unknown else "no `why`")
    return case


def _rows(table: str, told: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows of a table, repeated ones too."""
    for row in told:
        every, count = duration(row.get("every", "")), row.get("count", 1)
        plain = {**PLAIN[table], **{key: value for key, value in row.items() if key not in {"every", "count"}}}
        for number in range(count):
            shifted: dict[str, Any] = {
                key: value + number * every if isinstance(value, datetime) else value for key, value in plain.items()
            }
            if table == "requests":
                shifted.setdefault("started_at", shifted["ended_at"] - timedelta(microseconds=shifted["latency_ns"] // 1000))
            yield shifted


def _parts(folder: Path, name: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
    """Write the rows of a table, a file for each day."""
    table = TABLES[name]
    unknown = {column for row in rows for column in row} - set(table.column_names)
    if unknown:
        raise ValueError(f"{name} has no column {', '.join(sorted(unknown))}")
    days = sorted({row[table.time].date() for row in rows})
    for day in days:
        of_day = [row for row in rows if row[table.time].date() == day]
        frame = pl.DataFrame(of_day, schema=polars_schema(table), orient="row")
        path = folder / f"{name}-{day}.parquet"
        frame.write_parquet(path)
        times = [row[table.time] for row in of_day]
        yield Part(name, day.isoformat(), 1, frame.height, path.stat().st_size, (path,), min(times), max(times))


Told = tuple[datetime, str, Mapping[str, str], float | None]


def _expected(change: Mapping[str, Any]) -> Told:
    value = change.get("value")
    return change["happened_at"], change["state"], change.get("labels", {}), None if value is None else float(value)


def _told(change: Change) -> Told:
    return change.transition.happened_at, change.transition.state, dict(change.labels), change.transition.value


def _differences(wanted: Sequence[Told], found: Sequence[Told]) -> Iterator[str]:
    """What is missing and what is too much."""
    left = list(found)
    for one in wanted:
        same = next((other for other in left if one[:3] == other[:3] and _near(one[3], other[3])), None)
        if same is None:
            yield f"missing: {_line(one)}"
        else:
            left.remove(same)
    yield from (f"not expected: {_line(other)}" for other in left)


def _near(wanted: float | None, found: float | None) -> bool:
    return wanted == found if wanted is None or found is None else math.isclose(wanted, found, rel_tol=1e-6)


def _line(told: Told) -> str:
    instant, state, labels, value = told
    named = ", ".join(f"{name}={label}" for name, label in labels.items())
    return f"{instant.isoformat().replace('+00:00', 'Z')} {state} {value if value is None else f'{value:.9g}'} {{{named}}}"


def _after(until: datetime | None) -> datetime | None:
    """Just behind an instant, so that its own tick counts."""
    return None if until is None else until + timedelta.resolution


def _no_case(file: Path, found: str) -> UsageError:
    return UsageError(
        "this is no case of an alert rule",
        at=str(file),
        found=found,
        want="TOML with why, rows of tables (requests, inferences, server_events, rejects, resource_samples) and [[expect]]",
        fix="see the cases that ship with ollalog: sql/alerts/cases",
    )


def with_threshold(rule: Rule, threshold: float | None) -> Rule:
    """The rule with another threshold, and then without one of recovery."""
    return rule if threshold is None else replace(rule, threshold=threshold, recovery=None)
