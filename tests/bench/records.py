"""A made-up performance.jsonl for the benchmarks, of any length, from a seed."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from pathlib import Path

from tests.bench.logs import START
from tests.bench.shapes import MODELS


def record(rnd: random.Random, at: datetime) -> dict[str, object]:
    """One record of performance.jsonl with the names of E2; one in fifty tells of a failure."""
    model, operation = rnd.choice(MODELS), rnd.choice(("chat", "generate"))
    stamp, prompt, generated = at.isoformat().replace("+00:00", "Z"), rnd.randrange(10, 4000), rnd.randrange(1, 900)
    common: dict[str, object] = {"model": model, "operation": operation, "timestamp": stamp}
    if rnd.random() < 0.02:
        return {
            **common,
            "total_latency_ms": 30000.0,
            "success": False,
            "error": rnd.choice(("timeout after 30 s", "connection refused", "model 'x' not found")),
        }
    load_ms, prompt_ms, eval_ms = (
        round(rnd.expovariate(0.02), 3),
        round(prompt / rnd.uniform(1.8, 2.6), 3),
        round(generated * rnd.uniform(12, 33), 3),
    )
    return {
        **common,
        "total_latency_ms": round(load_ms + prompt_ms + eval_ms + 1.3, 3),
        "success": True,
        "error": None,
        "load_duration_ms": load_ms,
        "prompt_eval_duration_ms": prompt_ms,
        "eval_duration_ms": eval_ms,
        "prompt_tokens": prompt,
        "generated_tokens": generated,
        "tokens_per_second": round(generated / eval_ms * 1e3, 2),
    }


def write_records(path: Path, records: int, seed: int = 1) -> None:
    """Write a performance.jsonl of so many records, one second or so apart."""
    rnd, at = random.Random(seed), START  # noqa: S311 - no secret
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for _ in range(records):
            at += timedelta(microseconds=rnd.randrange(1, 2_000_000))
            file.write(json.dumps(record(rnd, at)) + "\n")
