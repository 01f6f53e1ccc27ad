"""For producers that use `logging` already: a handler that records what their log says of requests."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from ollalog.recorder.collector import MetricsCollector
from ollalog.recorder.process import get_metrics_collector, record_performance

FIELDS = (
    "load_duration_ms", "prompt_eval_duration_ms", "eval_duration_ms", "prompt_tokens", "generated_tokens", "cached_tokens",
    "tokens_per_second", "prompt_tokens_per_second", "done_reason", "truncated", "context_length", "temperature", "top_p",
    "memory_bytes", "gpu_ratio", "model_bytes",
)  # fmt: skip
"""What a request may tell of itself beside its latency (E2, C1)."""


class RecorderHandler(logging.Handler):
    """Records the log entries that name a model: `logger.info("answered", extra={"model": …, "operation": …, …})`.

    One with `total_latency_ms` is a request of performance.jsonl; it may have `success`, `response`, `error` and FIELDS, too, and
    has failed if it is logged as an error. Any other error is one of events.jsonl. Entries without a model are left alone.
    """

    def __init__(self, level: int | str = logging.NOTSET, collector: MetricsCollector | None = None) -> None:
        """Which entries it sees, and which collector counts the errors; None: that of this process."""
        super().__init__(level)
        self._collector = collector

    def emit(self, record: logging.LogRecord) -> None:
        """Record an entry if it is about a request; never raises."""
        entry = record.__dict__
        if "model" not in entry:
            return
        try:
            error = entry.get("error") or (record.exc_info[1] if record.exc_info else None)
            if record.levelno >= logging.ERROR and error is None:
                error = record.getMessage()
            if "total_latency_ms" in entry:
                _record_request(entry, error)
            elif error is not None:
                (self._collector or get_metrics_collector()).record_error(entry["model"], error)
        except Exception:  # noqa: BLE001 - as handlers of `logging` do
            self.handleError(record)


def _record_request(entry: dict[str, Any], error: object) -> None:
    """Record a request as a log entry tells it, at the entry's time."""
    ended = datetime.fromtimestamp(entry["created"], UTC)
    record_performance(
        entry["model"],
        entry.get("operation", ""),
        entry["total_latency_ms"],
        bool(entry.get("success", error is None)),
        entry.get("response"),
        error,
        **{name: entry[name] for name in FIELDS if name in entry},
        timestamp=ended,
    )
