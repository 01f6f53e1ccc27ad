"""Memory and cost must not grow with what was read before: peaks for short and long logs, the price of the last million lines and of
the first, and of the first and last of many small commits to one store.

Command: python -m tests.bench.bench_memory --lines 3000000 30000000 --commits 200
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench import logs, measure

COMMIT_LINES = 2_000
MILLION = 1_000_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both, print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, nargs="+", default=[3_000_000, 30_000_000], help="lengths of the logs, shortest first")
    parser.add_argument("--commits", type=int, default=200)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ollalog-bench-") as name:
        print_lengths(Path(name), options.lines)
    with tempfile.TemporaryDirectory(prefix="ollalog-bench-") as name:
        print_commits(Path(name), options.commits)


def print_lengths(folder: Path, lengths: Sequence[int]) -> None:
    """Ingest logs of several lengths, each into a store of its own; what a million lines beyond the length before cost is marginal."""
    rows, before = [], (0, 0.0)
    for lines in lengths:
        log = folder / f"{lines}.log"
        logs.write_server_log(log, lines)
        run = ingest(folder / f"store-{lines}", [log])
        margin = (run.seconds - before[1]) / (lines - before[0]) * MILLION
        peak_mib = run.peak_bytes / measure.MIB
        rows.append((f"{lines:,}", f"{run.seconds:.2f}", f"{lines / run.seconds:,.0f}", f"{margin:.3f}", f"{peak_mib:,.0f}"))
        before = (lines, run.seconds)
        log.unlink()
    measure.print_table(("lines", "seconds", "lines/s", "marginal s per million", "peak MiB"), rows)


def print_commits(folder: Path, commits: int) -> None:
    """Let one log grow and ingest what is new each time; the first tenth of the commits against the last."""
    whole, growing, store = folder / "whole.log", folder / "server.log", folder / "store"
    logs.write_server_log(whole, commits * COMMIT_LINES)
    seconds = []
    with whole.open("rb") as source, growing.open("wb", buffering=0) as target:
        for _ in range(commits):
            target.write(b"".join(source.readline() for _ in range(COMMIT_LINES)))
            seconds.append(float(json.loads(ingest(store, [growing]).stdout)["seconds"]))
    tenth = max(1, commits // 10)
    measure.say(f"\n{commits} commits of {COMMIT_LINES:,} lines each to one store; seconds without the start of the process")
    rows = [("first tenth", f"{statistics.median(seconds[:tenth]):.3f}"), ("last tenth", f"{statistics.median(seconds[-tenth:]):.3f}")]
    measure.print_table(("commits", "median seconds"), rows)


def ingest(store: Path, paths: Sequence[Path]) -> measure.Run:
    """One run of `ollalog ingest`."""
    command = [measure.ollalog(), "ingest", "--no-alerts", "--store", str(store), "--json", *map(str, paths)]
    return measure.run(command, store.parent)


if __name__ == "__main__":
    main()
