"""Many clients at once on `ollalog serve`: answers, errors, latency; and how soon a written line is committed, and told of, meanwhile.

The time of a commit is what the catalogue says; its event passes through the server and this process, which are as busy as the clients.

Command: python -m tests.bench.bench_serve (--clients 200 --seconds 30)
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench import measure

BASE = "/api/ai/ollama/performance"
RUNAWAY = "SELECT sum(a.range * b.range) FROM range(100000000) a, range(100000000) b"
QUESTIONS: Sequence[tuple[str, str, object]] = (
    ("GET", "/", None),
    ("GET", "/static/app.js", None),
    ("GET", "/healthz", None),
    ("GET", "/api/dashboard", None),
    ("GET", f"{BASE}/summary", None),
    ("GET", f"{BASE}/status", None),
    ("GET", f"{BASE}/alerts?limit=10", None),
    ("GET", "/api/views/model_summary", None),
    ("GET", "/api/views/activity?since=7d", None),
    ("POST", "/api/sql", {"query": "SELECT count(*) AS requests FROM requests"}),
)
LINE = '[GIN] 2026/07/15 - 11:00:00 | 200 | {number}ms | 10.0.0.9 | POST "/api/chat"\n'


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the sample logs and a log that grows; ask; print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ollalog-bench-") as name:
        folder = Path(name)
        samples = Path(__file__).parents[2] / "sample_logs"
        program = [sys.executable, "-m", "ollalog"]
        subprocess.run([*program, "ingest", str(samples), "--store", str(folder / "store"), "-q"], check=True, stdout=subprocess.DEVNULL)
        log = folder / "server.log"
        log.write_text(LINE.format(number=1), encoding="utf-8")
        command = [*program, "serve", str(log), "--store", str(folder / "store"), "--port", "0", "--no-sample"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            address = urlsplit(process.stdout.readline().strip())
            try:
                asyncio.run(measured(address.hostname or "", address.port or 0, folder, options.clients, options.seconds))
            finally:
                process.terminate()


async def measured(host: str, port: int, folder: Path, clients: int, seconds: float) -> None:
    """Ask alone, with all clients, and beside queries that never end; print what came."""
    rows = []
    for name, count, runaway in (("nobody", 0, False), (f"{clients} clients", clients, False), ("runaway queries", 4, True)):
        latencies: list[float] = []
        statuses: Counter[int | str] = Counter()
        until_s = time.monotonic() + (seconds if count else min(seconds, 10.0))
        asking = [client(host, port, until_s, latencies, statuses, runaway=runaway, seed=number) for number in range(count)]
        _, told = await asyncio.gather(asyncio.gather(*asking), commits(host, port, folder / "server.log", until_s))
        commit_lags, event_lags = lags(folder / "store", told)
        errors = sum(found for status, found in statuses.items() if status not in (200, 400))
        rows.append((name, f"{len(latencies):,}", f"{errors}", *spread(latencies), *spread(commit_lags), *spread(event_lags)))
    measure.print_table(
        ("asked by", "answers", "errors", "p50 s", "p99 s", "commit p50 s", "commit p99 s", "event p50 s", "event p99 s"), rows
    )


def spread(values: list[float]) -> tuple[str, str]:
    """Median and 99th percentile."""
    ordered = sorted(values)
    return (f"{ordered[len(ordered) // 2]:.3f}", f"{ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]:.3f}") if ordered else ("", "")


async def client(  # noqa: PLR0913 - one client's part of the measurement
    host: str, port: int, until_s: float, latencies: list[float], statuses: Counter[int | str], *, runaway: bool, seed: int
) -> None:
    """Ask one question after the other until the time is over."""
    draw = random.Random(seed)  # noqa: S311 - which question comes next is no secret
    while time.monotonic() < until_s:
        method, path, body = ("POST", "/api/sql", {"query": RUNAWAY, "timeout_s": 3}) if runaway else draw.choice(QUESTIONS)
        began_s = time.monotonic()
        try:
            statuses[await asked(host, port, method, path, body)] += 1
        except (OSError, ValueError, asyncio.IncompleteReadError) as fault:
            statuses[type(fault).__name__] += 1
        latencies.append(time.monotonic() - began_s)


async def asked(host: str, port: int, method: str, path: str, body: object) -> int:
    """The status of one answer, which is read to its end."""
    reader, writer = await asyncio.open_connection(host, port)
    data = b"" if body is None else json.dumps(body).encode()
    kind = "Content-Type: application/json\r\n" if data else ""
    writer.write(
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{kind}Content-Length: {len(data)}\r\n\r\n".encode() + data
    )
    await writer.drain()
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1])


def lags(store: Path, told: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Seconds from lines that were written to their commits, and to the events of these."""
    with closing(sqlite3.connect(store / "catalog.sqlite")) as catalog:
        committed = [us / 1e6 for (us,) in catalog.execute("SELECT committed_us FROM batches ORDER BY committed_us")]
    return [committed[bisect(committed, written)] - written for written, _ in told], [heard - written for written, heard in told]


async def commits(host: str, port: int, log: Path, until_s: float) -> list[tuple[float, float]]:
    """When lines were written and the events of their commits came, since 1970; an event is when the next line is written."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET /events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    await heard(reader, b"event: hello")
    told: list[tuple[float, float]] = []
    number = 1
    while time.monotonic() < until_s:
        number += 1
        written_s = time.time()
        with log.open("a", encoding="utf-8") as opened:
            opened.write(LINE.format(number=number))
        await heard(reader, b"event: commit")
        told.append((written_s, time.time()))
    writer.close()
    return told


async def heard(reader: asyncio.StreamReader, event: bytes) -> None:
    """Wait for an event of a stream."""
    async with asyncio.timeout(60):
        while not (await reader.readline()).startswith(event):
            pass


if __name__ == "__main__":
    main()
