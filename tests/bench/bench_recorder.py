"""P6: what a call of the recorder costs its producer, the file written, against `logging` with `json.dumps`: in turns.

Both write the same fields of one request, one line a record, to a file of their own. Wall time as the caller waits, and processor
time of the process (user and system), which other work on the machine does not lengthen.
Command: python -m tests.bench.bench_recorder --records 200000 --rounds 3
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import ollalog
from tests.bench import measure

REPLY = {
    "total_duration": 5_300_870_000, "load_duration": 11_000_000, "prompt_eval_count": 112, "prompt_eval_duration": 65_120_000,
    "eval_count": 356, "eval_duration": 5_231_305_000, "done_reason": "stop",
}  # fmt: skip
Call = Callable[[], object]


@dataclass(frozen=True)
class Cost:
    """What one call costs, of many: the caller's wait (µs), processor time (µs), and calls a second."""

    mean_us: float
    median_us: float
    p99_us: float
    processor_us: float
    calls_per_s: float


@contextmanager
def recorded_requests(folder: Path) -> Iterator[Call]:
    """`record_performance` of a reply."""
    ollalog.configure(directory=folder)
    yield lambda: ollalog.record_performance("llama3.1:8b", "chat", 5300.87, success=True, response=REPLY)
    ollalog.configure()


@contextmanager
def recorded_latencies(folder: Path) -> Iterator[Call]:
    """`record_latency` of a collector that writes events.jsonl."""
    collector = ollalog.MetricsCollector(folder)
    yield lambda: collector.record_latency("llama3.1:8b", 5.30087)
    collector.close()


@contextmanager
def counted_latencies(_folder: Path) -> Iterator[Call]:
    """`record_latency` of a collector without a file."""
    collector = ollalog.MetricsCollector()
    yield lambda: collector.record_latency("llama3.1:8b", 5.30087)
    collector.close()


@contextmanager
def tracked_requests(folder: Path) -> Iterator[Call]:
    """`track_request_latency` around nothing: two events."""
    collector = ollalog.MetricsCollector(folder)

    def call() -> None:
        with collector.track_request_latency("llama3.1:8b"):
            pass

    yield call
    collector.close()


@contextmanager
def logged_requests(folder: Path) -> Iterator[Call]:
    """`logging` to a file with the fields of a record, which a program would compute itself, by `json.dumps`."""
    logger = logging.getLogger("bench")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler = logging.FileHandler(folder / "performance.jsonl", encoding="utf-8")
    logger.addHandler(handler)

    def call() -> None:
        record = {
            "model": "llama3.1:8b", "operation": "chat", "timestamp": datetime.now(UTC).isoformat(), "total_latency_ms": 5300.87,
            "success": True, "error": None, "load_duration_ms": REPLY["load_duration"] / 1e6,  # type: ignore[operator]
            "prompt_eval_duration_ms": REPLY["prompt_eval_duration"] / 1e6,  # type: ignore[operator]
            "eval_duration_ms": REPLY["eval_duration"] / 1e6, "prompt_tokens": REPLY["prompt_eval_count"],  # type: ignore[operator]
            "generated_tokens": REPLY["eval_count"], "done_reason": REPLY["done_reason"],
            "tokens_per_second": REPLY["eval_count"] / REPLY["eval_duration"] * 1e9,  # type: ignore[operator]
            "prompt_tokens_per_second": REPLY["prompt_eval_count"] / REPLY["prompt_eval_duration"] * 1e9,  # type: ignore[operator]
        }  # fmt: skip
        logger.info(json.dumps(record))

    yield call
    logger.removeHandler(handler)
    handler.close()


WAYS = {
    "record_performance": recorded_requests,
    "record_latency, events.jsonl": recorded_latencies,
    "record_latency, no file": counted_latencies,
    "track_request_latency (2 events)": tracked_requests,
    "logging + json.dumps": logged_requests,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Let each way take its turn, several times; print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    costs: dict[str, list[Cost]] = {name: [] for name in WAYS}
    for _ in range(options.rounds):
        for name, way in WAYS.items():
            with tempfile.TemporaryDirectory(prefix="ollalog-bench-") as folder, way(Path(folder)) as call:
                costs[name].append(cost(call, options.records))
    measure.say(f"{options.records:,} calls in one thread; median of {options.rounds} rounds in turns")
    rows = [
        (name, *(f"{statistics.median(getattr(one, figure) for one in found):,.1f}" for figure in Cost.__dataclass_fields__))
        for name, found in costs.items()
    ]
    measure.print_table(("call", "mean µs", "median µs", "p99 µs", "processor µs", "calls/s"), rows)


def cost(call: Call, count: int) -> Cost:
    """Call many times."""
    waits_ns = []
    clock = time.perf_counter_ns
    processor_s, begun_ns = time.process_time(), clock()
    for _ in range(count):
        before_ns = clock()
        call()
        waits_ns.append(clock() - before_ns)
    wall_ns, processor_s = clock() - begun_ns, time.process_time() - processor_s
    waits_ns.sort()
    return Cost(
        mean_us=statistics.fmean(waits_ns) / 1e3,
        median_us=waits_ns[count // 2] / 1e3,
        p99_us=waits_ns[count * 99 // 100] / 1e3,
        processor_us=processor_s / count * 1e6,
        calls_per_s=count / wall_ns * 1e9,
    )


if __name__ == "__main__":
    main()
