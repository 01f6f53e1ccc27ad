"""Every view over a store of many requests, made through the store's own API: time from asking to the frame in hand (P5).

Every request that generated has a run in the log, one request in four a record of performance.jsonl that tells of the same
request, and one in two hundred waited for a load that the log tells of, so the joins of all of them are paid for too.
Command: python -m tests.bench.bench_views (--requests 10000000 takes minutes)
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from ollalog import runtime
from ollalog.core.batch import Checkpoint, LedgerEntry, Source, Turn
from ollalog.core.clock import FrozenClock
from ollalog.core.tables import TABLES, polars_schema
from ollalog.store import open_store
from ollalog.warehouse import load_views
from tests.bench import measure

START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 90
TURN_REQUESTS = 250_000
LINE_BYTES = 100
RECORD_EVERY = 4
LOAD_EVERY = 200
MODELS = ("llama3.1:8b", "qwen2.5:7b", "qwen2.5:14b", "gemma3:4b", "mistral-nemo:12b")
ROUTES = (("/api/chat", "chat"), ("/api/generate", "generate"), ("/api/embed", "embed"), ("/api/tags", "list"))
STATUSES = (200,) * 46 + (404, 500, 503, 499)
# Nobody shows a million rows of twenty columns: of these, rows are counted and a column is added up, as people and views ask.
COUNTS = {
    "model_requests": "SELECT count(*) AS rows, sum(latency_ns) FROM model_requests",
    "requests_without_loads": "SELECT count(*) AS rows, sum(latency_ns) FROM requests_without_loads",
    "request_runs": "SELECT count(*) AS rows, sum(generated_tokens) FROM request_runs",
    "record_matches": "SELECT count(*) AS rows, max(record_offset) FROM record_matches",
}
CLIENTS = tuple(f"192.168.1.{host}" for host in range(10, 60))


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the store, time every view, print the table, slowest last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000, help="rows of the server log")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--store", type=Path, help="folder to build the store in, and to keep: made before, it is used again")
    parser.add_argument("views", nargs="*", help="views to time; all when none is named")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ollalog-bench-") as name:
        root = options.store or Path(name) / "store"
        if not root.exists():
            fill(root, options.requests)
        began = time.perf_counter()
        closed = runtime.close_dates(root, START + timedelta(days=DAYS))
        measure.say(f"{closed} days closed in {time.perf_counter() - began:.1f} s; the last day is joined for each view")
        measure.say(f"{options.requests:,} requests and {options.requests // RECORD_EVERY:,} records over {DAYS} days")
        measure.say(f"median of {options.rounds} rounds, the opening of the warehouse included; cpu: of all threads together")
        rows = sorted(((view, *seconds_of(root, view, options.rounds)) for view in options.views or load_views()), key=lambda row: row[1])
    table = [(view, f"{seconds:.3f}", f"{cpu_seconds:.3f}", f"{height:,}") for view, seconds, cpu_seconds, height in rows]
    measure.print_table(("view", "seconds", "cpu", "rows"), table)


def seconds_of(root: Path, view: str, rounds: int) -> tuple[float, float, int]:
    """Median seconds of a view and of the processor, each time in a warehouse newly opened, and how many rows the view has."""
    seconds: list[float] = []
    cpu_seconds: list[float] = []
    height = 0
    for _ in range(rounds):
        begun, begun_cpu = time.perf_counter(), time.process_time()
        with runtime.warehouse(root, now=START + timedelta(days=DAYS)) as warehouse:
            height = warehouse.query(COUNTS[view])["rows"].item() if view in COUNTS else warehouse.view(view).height
        seconds.append(time.perf_counter() - begun)
        cpu_seconds.append(time.process_time() - begun_cpu)
    return sorted(seconds)[rounds // 2], sorted(cpu_seconds)[rounds // 2], height


def fill(root: Path, requests: int, days: int = DAYS) -> None:
    """Commit requests and the records of one in four to a new store, in turns, in the order of their time."""
    with open_store(root, command="bench", clock=FrozenClock(START)) as store:
        for first in range(0, requests, TURN_REQUESTS):
            numbers = pl.int_range(first, min(first + TURN_REQUESTS, requests), eager=True).alias("number").to_frame()
            drawn = numbers.with_columns(drawn_columns(requests, days))
            requests_read = requests_of(drawn)
            store.commit(turn(requests_read, inferences_of(drawn), runs_of(requests_read), loads_of(requests_read), first))


def at_random(seed: int, below: int) -> pl.Expr:
    """A number below a bound, the same for the same row and seed."""
    return (pl.col("number").hash(seed) % below).cast(pl.Int64)


def drawn_columns(requests: int, days: int) -> list[pl.Expr]:
    """What both the log and the program that keeps records know of a request."""
    spread_us = days * 86_400_000_000 // requests
    return [
        (pl.lit(START).dt.cast_time_unit("us") + pl.duration(microseconds=pl.col("number") * spread_us + 120_000_000)).alias("end"),
        ((at_random(1, 10_000) / 10_000 * 7).exp() * 2e7 + at_random(2, 1_000_000)).cast(pl.Int64).alias("latency_ns"),
        at_random(3, len(ROUTES)).alias("route_number"),
        picked(4, STATUSES).alias("status"),
        picked(5, MODELS).alias("model"),
        picked(6, CLIENTS).alias("client"),
    ]


def picked(seed: int, values: Sequence[Any]) -> pl.Expr:
    """One of some values at random."""
    return at_random(seed, len(values)).replace_strict(list(range(len(values))), list(values))


def requests_of(drawn: pl.DataFrame) -> pl.DataFrame:
    """The rows of `requests`, one per request."""
    ended = pl.col("end").dt.truncate("1s")
    route = pl.col("route_number").replace_strict(list(range(len(ROUTES))), [path for path, _ in ROUTES])
    return conformed(
        "requests",
        drawn.select(
            pl.lit(1).alias("source"),
            (pl.col("number") * LINE_BYTES).alias("byte_offset"),
            ended.alias("ended_at"),
            (ended - pl.duration(nanoseconds="latency_ns")).alias("started_at"),
            "latency_ns",
            pl.lit(1).alias("latency_resolution_ns"),
            "status",
            pl.lit("POST").alias("method"),
            route.alias("path"),
            route.alias("route"),
            operation().alias("operation"),
            "client",
            pl.lit("slog").alias("tz_basis"),
        ),
    )


def operation() -> pl.Expr:
    """The operation of a drawn request."""
    return pl.col("route_number").replace_strict(list(range(len(ROUTES))), [name for _, name in ROUTES])


def inferences_of(drawn: pl.DataFrame) -> pl.DataFrame:
    """The rows of `inferences`: a record for one request in four that is of a model."""
    kept = drawn.filter(pl.col("number") % RECORD_EVERY == 0).with_columns(operation().replace("list", "chat").alias("operation"))
    total, tokens = pl.col("latency_ns") + 400_000, at_random(7, 600) + 1
    ok = pl.col("status") < 400
    return conformed(
        "inferences",
        kept.select(
            pl.lit(2).alias("source"),
            (pl.col("number") // RECORD_EVERY * LINE_BYTES).alias("byte_offset"),
            pl.col("end").alias("happened_at"),
            pl.lit("performance_jsonl").alias("origin"),
            "model",
            "operation",
            ok.alias("success"),
            pl.when(~ok).then(pl.lit("timeout after 30 s")).alias("error"),
            pl.when(~ok).then(pl.lit("timeout")).alias("error_type"),
            total.alias("total_ns"),
            (total // 10).alias("load_ns"),
            (total // 5).alias("prompt_eval_ns"),
            (total // 2).alias("eval_ns"),
            (at_random(8, 4000) + 1).alias("prompt_tokens"),
            tokens.alias("generated_tokens"),
            (tokens * 2e9 / total).alias("tokens_per_second"),
        ),
    )


def runs_of(requests: pl.DataFrame) -> pl.DataFrame:
    """The rows of `inferences` that the log's own runner lines give: one for each request that generated."""
    generated = requests.filter(pl.col("operation").is_in(["chat", "generate"]) & (pl.col("status") < 400))
    model = model_number()
    total = pl.col("latency_ns") * 9 // 10
    return conformed(
        "inferences",
        generated.select(
            "source",
            (pl.col("byte_offset") - LINE_BYTES // 2).alias("byte_offset"),
            pl.col("ended_at").alias("happened_at"),
            pl.lit("server_log").alias("origin"),
            model.replace_strict(list(range(len(MODELS))), list(MODELS)).alias("model"),
            blob().alias("model_blob"),
            pl.lit(value=True).alias("success"),
            total.alias("total_ns"),
            (total // 5).alias("prompt_eval_ns"),
            (total * 4 // 5).alias("eval_ns"),
            pl.lit(900).alias("prompt_tokens"),
            pl.lit(300).alias("cached_tokens"),
            pl.lit(200).alias("generated_tokens"),
            (250e9 / total).alias("tokens_per_second"),
        ),
    )


def model_number() -> pl.Expr:
    """Which model a request of the log is of; the same number as `drawn_columns` draws."""
    return (pl.col("byte_offset") // LINE_BYTES).hash(5) % len(MODELS)


def blob() -> pl.Expr:
    """The digits that name the file of that model."""
    return pl.concat_str(pl.lit("0123456789a"), model_number())


def loads_of(requests: pl.DataFrame) -> pl.DataFrame:
    """The rows of `server_events` of one load for every so many requests: begun, done and counted, within the time of its request."""
    asked = requests.filter(pl.col("byte_offset") % (LINE_BYTES * LOAD_EVERY) == LINE_BYTES)
    load_ns = pl.col("latency_ns") // 20
    begun = pl.col("started_at").dt.offset_by("1ms")
    command = pl.concat_str(pl.lit("llama-server --model /models/blobs/sha256-"), blob(), pl.lit(" --ctx-size 8192 -np 2"))
    lines = (
        {"event": pl.lit("model_load_started"), "happened_at": begun, "attrs": pl.concat_str(pl.lit('{"cmd": "'), command, pl.lit('"}'))},
        {"event": pl.lit("model_loaded"), "happened_at": begun + pl.duration(nanoseconds=load_ns), "duration_ns": load_ns},
        {"event": pl.lit("runners_counted"), "happened_at": begun + pl.duration(nanoseconds=load_ns), "value": pl.lit(1.0)},
    )
    told = (
        asked.select("source", (pl.col("byte_offset") - 80 + 5 * number).alias("byte_offset"), **line).sort("byte_offset")
        for number, line in enumerate(lines)
    )
    return conformed("server_events", pl.concat(told, how="diagonal"))


def pairs_of(runs: pl.DataFrame) -> pl.DataFrame:
    """The rows of `pairs`: each run with the request whose line follows it."""
    request = (pl.col("byte_offset") + LINE_BYTES // 2).alias("request_offset")
    return conformed(
        "pairs",
        runs.select(
            "source",
            request.alias("byte_offset"),
            "happened_at",
            pl.col("source").alias("run_source"),
            request,
            pl.col("byte_offset").alias("run_offset"),
            pl.lit("certain").alias("confidence"),
        ),
    )


def conformed(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """A frame with every column of a table but `batch`, which the store fills in; those not given are null."""
    schema = {name: kind for name, kind in polars_schema(TABLES[table]).items() if name != "batch"}
    return frame.select((pl.col(name) if name in frame.columns else pl.lit(None).alias(name)).cast(kind) for name, kind in schema.items())


def turn(requests: pl.DataFrame, inferences: pl.DataFrame, runs: pl.DataFrame, loads: pl.DataFrame, first: int) -> Turn:
    """A turn of two sources: the server log, and the records of the program that calls it."""
    stretches = ((1, "requests", requests, first), (2, "inferences", inferences, -(-first // RECORD_EVERY)))
    entries, sources = [], []
    for number, table, rows, begun in stretches:
        start, end = begun * LINE_BYTES, (begun + rows.height) * LINE_BYTES
        fates = {"row": rows.height, "folded": 0, "noise": 0, "rejected": 0, "held": 0}
        entries.append(LedgerEntry(number, start, end, rows.height, fates, {}, {table: rows.height}))
        sources.append(Source(number, table, f"/var/log/{table}", "file", offset=end, checkpoints=(Checkpoint(end, "0"),)))
    tables = {"requests": requests, "inferences": pl.concat([inferences, runs]), "pairs": pairs_of(runs), "server_events": loads}
    return Turn(tables, tuple(entries), tuple(sources), {})


if __name__ == "__main__":
    main()
