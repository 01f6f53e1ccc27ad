"""Statistics of recorded requests: sums of all of them, percentiles of the newest."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping

from ollalog.recorder.values import NUMBER, quantile

MOST_LATENCIES = 1000
"""The percentiles of a model and operation are those of so many successful requests, the newest."""
PERCENTILES = (50, 90, 95, 99)
# field of a record: what its mean is called
_MEANS = {
    "tokens_per_second": "avg_tokens_per_second",
    "prompt_tokens_per_second": "avg_prompt_tokens_per_second",
    "load_duration_ms": "avg_load_time_ms",
    "prompt_eval_duration_ms": "avg_prompt_eval_time_ms",
    "eval_duration_ms": "avg_generation_time_ms",
}
_TOTALS = {"prompt_tokens": "total_prompt_tokens", "generated_tokens": "total_generated_tokens"}
_MEASURES = (*_MEANS, *_TOTALS)


class RequestTally:
    """Sums over the requests of one model and operation."""

    __slots__ = ("counts", "errors", "failed", "latencies_ms", "latency_sum_ms", "longest_ms", "shortest_ms", "successful", "sums", "timed")

    def __init__(self) -> None:
        """Nothing was recorded yet."""
        self.successful = 0
        self.failed = 0
        self.timed = 0
        self.latency_sum_ms = 0.0
        self.shortest_ms = float("inf")
        self.longest_ms = 0.0
        self.latencies_ms: deque[float] = deque(maxlen=MOST_LATENCIES)
        self.sums = dict.fromkeys(_MEASURES, 0.0)
        self.counts = dict.fromkeys(_MEASURES, 0)
        self.errors: Counter[str] = Counter()

    def add(self, record: Mapping[str, object]) -> None:
        """Count one record of performance.jsonl."""
        if record["success"]:
            self.successful += 1
            latency_ms = record.get("total_latency_ms")
            if isinstance(latency_ms, NUMBER):
                self._add_latency(latency_ms)
        else:
            self.failed += 1
            self.errors[str(record.get("error_type", "other"))] += 1
        for name in _MEASURES:
            value = record.get(name)
            if isinstance(value, NUMBER):
                self.sums[name] += value
                self.counts[name] += 1

    def _add_latency(self, latency_ms: float) -> None:
        self.timed += 1
        self.latency_sum_ms += latency_ms
        self.latencies_ms.append(latency_ms)
        self.shortest_ms = min(self.shortest_ms, latency_ms)
        self.longest_ms = max(self.longest_ms, latency_ms)


def statistics(tallies: Iterable[RequestTally]) -> dict[str, object]:
    """Statistics of the requests of some models and operations together.

    Returns:
        Counts; `success_rate` (0 to 1); latencies of successful requests (ms), exact but for the percentiles, which weigh the
        newest latencies of each tally by its count; means of what requests told of themselves; `errors_by_type`. Null where
        there is nothing to divide by.
    """
    tallies = list(tallies)
    successful, failed = sum(tally.successful for tally in tallies), sum(tally.failed for tally in tallies)
    timed = sum(tally.timed for tally in tallies)
    return {
        "total_requests": successful + failed,
        "successful_requests": successful,
        "failed_requests": failed,
        "success_rate": _ratio(successful, successful + failed),
        "avg_latency_ms": _ratio(sum(tally.latency_sum_ms for tally in tallies), timed),
        "min_latency_ms": min((tally.shortest_ms for tally in tallies if tally.timed), default=None),
        "max_latency_ms": max((tally.longest_ms for tally in tallies if tally.timed), default=None),
        **_percentiles(tallies),
        **{mean: _ratio(*_sum_and_count(tallies, name)) for name, mean in _MEANS.items()},
        **{total: int(_sum_and_count(tallies, name)[0]) for name, total in _TOTALS.items()},
        "errors_by_type": dict(sum((tally.errors for tally in tallies), Counter()).most_common()),
    }


def _percentiles(tallies: Iterable[RequestTally]) -> dict[str, float | None]:
    """Percentiles of latency; ms."""
    weighted = [(latency_ms, tally.timed / len(tally.latencies_ms)) for tally in tallies for latency_ms in tally.latencies_ms]
    return {f"p{percent}_latency_ms": quantile(weighted, percent / 100) for percent in PERCENTILES}


def _sum_and_count(tallies: Iterable[RequestTally], name: str) -> tuple[float, int]:
    """A measure's sum, and of how many requests."""
    return sum(tally.sums[name] for tally in tallies), sum(tally.counts[name] for tally in tallies)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
