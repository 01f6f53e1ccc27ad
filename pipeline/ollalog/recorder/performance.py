"""performance.jsonl: one record a request, and statistics of what this process recorded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from ollalog.recorder.families import OTHER
from ollalog.recorder.forks import renew_at_fork
from ollalog.recorder.lines import LineFile
from ollalog.recorder.replies import AMOUNTS, costs, error_of, missing_rates, total_ms
from ollalog.recorder.tallies import RequestTally, statistics
from ollalog.recorder.taxonomy import describe
from ollalog.recorder.text import bounded
from ollalog.recorder.values import amount, instant, plain

MOST_TALLIES = 1000
"""Models and operations whose statistics are kept apart; those that come later are counted as `other`."""

# fields of a known kind (E2, C1); any other may be what it likes
_FIELDS: dict[str, Callable[[object], object]] = {
    **dict.fromkeys(AMOUNTS, amount),
    **dict.fromkeys(("context_length", "temperature", "top_p", "memory_bytes", "gpu_ratio", "model_bytes"), amount),
    **dict.fromkeys(("error_type", "done_reason", "path"), bounded),
    "truncated": bool,
}


class PerformanceRecorder:
    """Writes performance.jsonl of one folder; safe in many threads and processes. Its methods never raise."""

    def __init__(self, directory: Path, *, max_bytes: int | None = None, backups: int = 5) -> None:
        """See `LineFile` for the sizes."""
        self.file = LineFile(directory / "performance.jsonl", max_bytes=max_bytes, backups=backups)
        self._unusable = 0
        self._tallies: dict[tuple[str, str], RequestTally] = {}
        self._lock = threading.Lock()
        renew_at_fork(self)

    @property
    def dropped(self) -> int:
        """Records that are not in the file."""
        return self.file.dropped + self._unusable

    def record(
        self,
        model: object,
        operation: object,
        total_latency_ms: object,
        success: object,
        response: object = None,
        error: object = None,
        fields: Mapping[str, object] | None = None,
    ) -> None:
        """Record a request that has just ended; `record_performance` says more."""
        try:
            record = _record(model, operation, total_latency_ms, success, response, error, fields or {})
            self._count(record)
        except Exception:  # noqa: BLE001 - whatever the caller's objects do when they are asked, his request goes on
            with self._lock:
                self._unusable += 1
            return
        self.file.append(record)

    def track(self, model: object, operation: object, fields: Mapping[str, object]) -> TrackedRequest:
        """Time a request."""
        return TrackedRequest(self, model, operation, fields)

    def stats(self, model: str | None = None) -> dict[str, object]:
        """Statistics of what was recorded, of all models or of one; `get_performance_stats` says more."""
        with self._lock:
            chosen = {key: tally for key, tally in self._tallies.items() if model is None or key[0] == bounded(model)}
            return {
                **statistics(chosen.values()),
                "by_model": _by_part(chosen, 0),
                "by_operation": _by_part(chosen, 1),
                "dropped": self.dropped,
            }

    def _count(self, record: Mapping[str, object]) -> None:
        key = (str(record["model"]), str(record["operation"]))
        with self._lock:
            tally = self._tallies.get(key)
            if tally is None:
                if len(self._tallies) >= MOST_TALLIES:
                    key = (OTHER, OTHER)
                tally = self._tallies.setdefault(key, RequestTally())
            tally.add(record)

    def renew(self) -> None:
        """In a new process: a lock that no thread of the parent holds."""
        self._lock = threading.Lock()


class TrackedRequest:
    """A request that is being timed; set `response`, or `error` if it failed without an exception.

    Attributes:
        response: The reply: a mapping, or an object of the `ollama` package.
        error: An exception or a text; the request failed.
        success: Whether it succeeded; None: it did if there is no error.
    """

    def __init__(self, recorder: PerformanceRecorder, model: object, operation: object, fields: Mapping[str, object]) -> None:
        self.response: object = None
        self.error: object = None
        self.success: bool | None = None
        self._recorder = recorder
        self._model = model
        self._operation = operation
        self._fields = fields
        self._begun = 0.0

    def __enter__(self) -> Self:
        self._begun = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        latency_ms = (time.perf_counter() - self._begun) * 1e3
        fault = self.error if error is None else error
        success = fault is None if self.success is None or error is not None else self.success
        self._recorder.record(self._model, self._operation, round(latency_ms, 3), success, self.response, fault, self._fields)


def _record(
    model: object,
    operation: object,
    total_latency_ms: object,
    success: object,
    response: object,
    error: object,
    fields: Mapping[str, object],
) -> dict[str, object]:
    """A record of performance.jsonl (E2, C1); what is not known is left out, but for `error`."""
    latency_ms = amount(total_latency_ms)
    error = error_of(response) if error is None or error == "" else error
    record: dict[str, object] = {
        "model": bounded(model),
        "operation": bounded(operation),
        "timestamp": instant(),
        "total_latency_ms": total_ms(response) if latency_ms is None else latency_ms,
        "success": bool(success),
        "error": None,
    }
    if record["total_latency_ms"] is None:
        del record["total_latency_ms"]
    if error is not None:
        record["error"], record["error_type"] = describe(error)
    record |= costs(response)
    for name, value in fields.items():
        if value is not None and (kept := _FIELDS.get(name, plain)(value)) is not None:
            record[bounded(name)] = kept
    record |= missing_rates(record)
    return record


def _by_part(tallies: Mapping[tuple[str, str], RequestTally], part: int) -> dict[str, dict[str, object]]:
    """Statistics by one part of the tallies' key."""
    groups: dict[str, list[RequestTally]] = {}
    for key, tally in tallies.items():
        groups.setdefault(key[part], []).append(tally)
    return {name: statistics(group) for name, group in groups.items()}
