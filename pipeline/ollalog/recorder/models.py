"""What is known of the requests to each model (A1, A6)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping

from ollalog.recorder.families import LATENCY_BOUNDS_MS, OTHER
from ollalog.recorder.values import NUMBER

MOST_MODELS = 1000
"""Models that are kept apart; those that come later are counted as `other`."""


class ModelTally:
    """Sums over the requests to one model."""

    __slots__ = ("failed", "histogram", "latency_sum_ms", "longest_ms", "shortest_ms", "successful", "timed", "tokens")

    def __init__(self) -> None:
        """No request yet."""
        self.successful = 0
        self.failed = 0
        self.timed = 0
        self.latency_sum_ms = 0.0
        self.shortest_ms = float("inf")
        self.longest_ms = 0.0
        self.tokens = 0
        self.histogram = [0] * (len(LATENCY_BOUNDS_MS) + 1)

    def succeed(self, seconds: float) -> None:
        """Count a request that was answered."""
        latency_ms = seconds * 1e3
        self.successful += 1
        self.timed += 1
        self.latency_sum_ms += latency_ms
        self.shortest_ms = min(self.shortest_ms, latency_ms)
        self.longest_ms = max(self.longest_ms, latency_ms)
        self.histogram[bisect_left(LATENCY_BOUNDS_MS, latency_ms)] += 1


class ModelTallies:
    """The requests to all models."""

    def __init__(self) -> None:
        """No request yet."""
        self.by_model: dict[str, ModelTally] = {}

    def add(self, event: Mapping[str, object]) -> None:
        """Count an event: a request that succeeded or failed, or tokens."""
        match event["event"]:
            case "latency":
                self._of(event).succeed(_number(event, "seconds"))
            case "request_ended" if event.get("success"):
                self._of(event).succeed(_number(event, "seconds"))
            case "error" | "request_ended":
                self._of(event).failed += 1
            case "tokens":
                self._of(event).tokens += int(_number(event, "input_tokens") + _number(event, "output_tokens"))

    def _of(self, event: Mapping[str, object]) -> ModelTally:
        model = str(event["model"])
        if model not in self.by_model and len(self.by_model) >= MOST_MODELS:
            model = OTHER
        return self.by_model.setdefault(model, ModelTally())


def model_metrics(tally: ModelTally, elapsed_s: float) -> dict[str, object]:
    """The numbers of a model, in the shape of A4.

    Args:
        tally: Its requests.
        elapsed_s: Time in which they came; s.

    Returns:
        Counts; latencies of answered requests (ms); requests/s; errors in %; tokens; null where there is nothing to divide by.
    """
    total = tally.successful + tally.failed
    return {
        "total": total,
        "successful": tally.successful,
        "failed": tally.failed,
        "min_latency_ms": tally.shortest_ms if tally.timed else None,
        "avg_latency_ms": tally.latency_sum_ms / tally.timed if tally.timed else None,
        "max_latency_ms": tally.longest_ms if tally.timed else None,
        "throughput_rps": total / elapsed_s if elapsed_s > 0 else None,
        "error_rate_percent": 100 * tally.failed / total if total else None,
        "tokens": tally.tokens,
        "avg_tokens_per_request": tally.tokens / total if total else None,
        "histogram": histogram([tally]),
    }


def histogram(tallies: Iterable[ModelTally]) -> dict[str, object]:
    """The latency histogram of some models together (A6): requests in each bucket, not cumulative; `le_ms` of the last is null."""
    tallies = [tally for tally in tallies if tally.timed]
    counts = [sum(column) for column in zip(*(tally.histogram for tally in tallies), strict=True)] or [0] * (len(LATENCY_BOUNDS_MS) + 1)
    total = sum(counts)
    return {
        "buckets": [
            {"le_ms": bound, "count": count, "percent": 100 * count / total if total else None}
            for bound, count in zip([*LATENCY_BOUNDS_MS, None], counts, strict=True)
        ],
        "min_ms": min((tally.shortest_ms for tally in tallies), default=None),
        "max_ms": max((tally.longest_ms for tally in tallies), default=None),
        "total": total,
    }


def _number(event: Mapping[str, object], name: str) -> float:
    value = event.get(name)
    return value if isinstance(value, NUMBER) else 0.0
