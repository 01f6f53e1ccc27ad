"""What no way through these libraries can spare: importing them, cutting the log into lines, and writing the rows that it holds.

Nothing is read out of a line: the rows are taken from a store that ollalog made of the log before. What is left of ollalog's time is what
parsing, joining, accounting and committing cost.
Command: python -m tests.bench.bench_floor --lines 3000000 --rounds 3
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.bench import chatter, logs, measure

BLOCK_BYTES = 8 << 20
THREADS = 2
PIECES = 4
"""Parts that the rows of a table are written in, so that both cores have something to do."""
STEPS = ("import", "cut", "write")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the log, ingest it, then measure each step in a process of its own; print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=3_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chatter", action="store_true", help="a log that is nearly all lines of a runner")
    parser.add_argument("--step", nargs=2, metavar=("LOG", "STORE"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.step:
        measure.say(json.dumps(seconds_of_steps(Path(options.step[0]), Path(options.step[1]))))
        return
    with tempfile.TemporaryDirectory(prefix="ollalog-bench-") as name:
        folder = Path(name)
        log, store = folder / "server.log", folder / "store"
        (chatter.write_chatter if options.chatter else logs.write_server_log)(log, options.lines)
        ours = measure.run([measure.ollalog(), "ingest", str(log), "--store", str(store), "--no-alerts"], folder)
        rounds = [_measured(log, store) for _ in range(options.rounds)]
    best = {step: min(one[step] for one in rounds) for step in STEPS}
    rows = [(step, f"{seconds:.2f}") for step, seconds in best.items()]
    measure.print_table(
        ("step, best of the rounds", "seconds"), [*rows, ("all", f"{sum(best.values()):.2f}"), ("ollalog, once", f"{ours.seconds:.2f}")]
    )


def _measured(log: Path, store: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench_floor", "--step", str(log), str(store)], check=True, capture_output=True, text=True
    )
    seconds: dict[str, float] = json.loads(done.stdout)
    return seconds


def seconds_of_steps(log: Path, store: Path) -> dict[str, float]:
    """Wall time of each step, on two threads."""
    import time
    from concurrent.futures import ThreadPoolExecutor

    marks = [time.perf_counter()]
    import duckdb  # noqa: F401 - what it costs is measured
    import polars as pl

    marks.append(time.perf_counter())

    def spread(work: Callable[..., object], pieces: Iterator[object]) -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            for _ in pool.map(work, pieces):
                pass
        marks.append(time.perf_counter())

    spread(lambda block: pl.read_lines(block).height, blocks(log))
    tables = [
        pl.concat([pl.read_parquet(part, hive_partitioning=False) for part in folder.rglob("*.parquet")], how="diagonal", rechunk=True)
        for folder in (store / "data").iterdir()
        if any(folder.rglob("*.parquet"))
    ]
    pieces = [rows for table in tables for rows in table.iter_slices(-(-table.height // PIECES))]
    with tempfile.TemporaryDirectory(prefix="ollalog-bench-") as name:
        marks.append(time.perf_counter())
        spread(
            lambda piece: piece[1].write_parquet(Path(name) / f"{piece[0]}.parquet", compression="zstd", compression_level=1),
            iter(enumerate(pieces)),
        )
    imports, cut, write = marks[1] - marks[0], marks[2] - marks[1], marks[4] - marks[3]
    return dict(zip(STEPS, (imports, cut, write), strict=True))


def blocks(log: Path) -> Iterator[bytes]:
    """A log in blocks of whole lines."""
    rest = b""
    with log.open("rb") as file:
        while chunk := file.read(BLOCK_BYTES):
            whole = (rest + chunk).rpartition(b"\n")
            rest = whole[2]
            yield whole[0] + whole[1]
    if rest:
        yield rest


if __name__ == "__main__":
    main()
