"""How long /metrics takes in a large store, and what counting costs a commit.

Command: python -m tests.bench.bench_metrics --rows 10000000
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl

from ollalog.core.batch import LedgerEntry, Source, Turn
from ollalog.core.clock import SystemClock
from ollalog.core.tables import TABLES, polars_schema
from ollalog.exporting import MetricsServer, asked_of
from ollalog.store import open_store
from ollalog.store.counting import amounts

BATCH_ROWS = 200_000
MODELS = ("llama3.1:8b", "qwen2.5:7b", "qwen2.5:14b", "nomic-embed-text:latest", "gemma3:27b")


def main() -> None:
    """Fill a store, then ask for its metrics again and again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--asks", type=int, default=50)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "store"
        counting_s, committing_s = fill(root, given.rows)
        sys.stdout.write(f"{given.rows:,} rows in {committing_s:.1f} s of processor time, of which counting {counting_s:.2f} s\n")
        with closing(MetricsServer(asked_of(root, SystemClock(), ["ollama", "tinyllm", "crew"], 1000), "127.0.0.1", 0)) as server:
            place = urlsplit(server.url).netloc
            for headers in ({}, {"Accept-Encoding": "gzip"}):
                with closing(http.client.HTTPConnection(place)) as asking:
                    size = len(ask(asking, headers))
                    seconds = sorted(took(partial(ask, asking, headers)) for _ in range(given.asks))
                p95 = seconds[int(len(seconds) * 0.95)]
                coding = headers.get("Accept-Encoding", "plain")
                sys.stdout.write(
                    f"/metrics {coding}: {size:,} bytes, median {statistics.median(seconds) * 1e3:.1f} ms, p95 {p95 * 1e3:.1f} ms\n"
                )


def ask(asking: http.client.HTTPConnection, headers: dict[str, str]) -> bytes:
    """One request on an open connection."""
    asking.request("GET", "/metrics", headers=headers)
    return asking.getresponse().read()


def took(work: Callable[[], object]) -> float:
    """Seconds of wall time."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def fill(root: Path, count: int) -> tuple[float, float]:
    """Requests and inferences, half of each; processor seconds of counting, and of all of it."""
    counting_s = 0.0
    began = time.process_time()
    source = Source(1, "server", "/logs/server.log", "file")
    with open_store(root, command="bench", clock=SystemClock()) as store:
        for first in range(0, count, BATCH_ROWS):
            rows = min(BATCH_ROWS, count - first)
            tables = {name: made(name, first, rows // 2) for name in ("requests", "inferences")}
            counting = time.process_time()
            list(amounts(tables))
            counting_s += time.process_time() - counting
            fates = {"row": rows, "folded": 0, "noise": 0, "rejected": 0, "held": 0}
            counts = {name: frame.height for name, frame in tables.items()}
            entry = LedgerEntry(1, first, first + rows, rows, fates, {}, counts)
            store.commit(Turn(tables, (entry,), (Source(**{**vars(source), "offset": first + rows}),), {}))
    return counting_s, time.process_time() - began - counting_s


def made(table: str, first: int, count: int) -> pl.DataFrame:
    """Rows of a table that differ as those of a busy server do."""
    line = pl.int_range(first, first + count, eager=True).alias("line").to_frame()
    number = pl.col("line")
    happened = (pl.lit(1_780_000_000_000_000, pl.Int64) + number * 500_000).cast(pl.Datetime("us", "UTC"))
    latency = (number * 7_919_000 % 60_000_000_000).cast(pl.Int64)
    said = {
        "source": pl.lit(1, pl.Int64), "byte_offset": number.cast(pl.Int64), "host": pl.lit("box"),
        "ended_at": happened, "happened_at": happened, "latency_ns": latency, "total_ns": latency, "eval_ns": latency // 2,
        "load_ns": latency // 10, "prompt_eval_ns": latency // 5, "prompt_tokens": number % 4000, "generated_tokens": number % 600,
        "status": pl.when(number % 50 == 0).then(500).otherwise(200).cast(pl.Int64), "method": pl.lit("POST"), "route": pl.lit("/api/chat"),
        "operation": pl.when(number % 3 == 0).then(pl.lit("generate")).otherwise(pl.lit("chat")), "origin": pl.lit("server_log"),
        "model": pl.lit(pl.Series(MODELS)).implode().list.get(number % len(MODELS)), "success": number % 50 != 0,
        "error_type": pl.when(number % 50 == 0).then(pl.lit("timeout")),
    }  # fmt: skip
    schema = polars_schema(TABLES[table])
    columns = (said.get(name, pl.lit(None)).cast(kind).alias(name) for name, kind in schema.items() if name != "batch")
    return line.select(columns)


if __name__ == "__main__":
    main()
