"""A mixed server log to committed Parquet, against GoAccess, mtail and lnav on the same file: whole processes, start-up included.

The programs take turns (A B C D, A B C D, …), so that a change in the machine's mood meets all of them; medians are compared.
Command: python -m tests.bench.bench_ingest --lines 3000000 --rounds 5
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench import logs, measure, peers


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the log, let the programs take turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=3_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--access-only", action="store_true", help="keep the access lines alone: what the peers are made for")
    parser.add_argument("--peers-only", action="store_true", help="measure the peers without ollalog")
    options = parser.parse_args(arguments)
    present, missing = peers.installed()
    programs = [*([] if options.peers_only else [peers.OLLALOG]), *present]
    with tempfile.TemporaryDirectory(prefix="ollalog-bench-") as name:
        log = Path(name) / "server.log"
        access = logs.write_server_log(log, options.lines)["access"]
        lines = keep_access_lines(log) if options.access_only else options.lines
        size = f"{lines:,} lines, {access:,} of them access lines, {log.stat().st_size / measure.MIB:,.0f} MiB"
        measure.say(f"{size}; median of {options.rounds} rounds in turns")
        runs = take_turns(programs, log, access, options.rounds)
    print_results(runs, lines)
    for peer in missing:
        measure.say(f"{peer}: skipped, not installed (make system-deps)")


def keep_access_lines(log: Path) -> int:
    """Leave out all other lines; returns how many are left."""
    count, rest = 0, log.with_suffix(".access")
    with log.open("rb") as every, rest.open("wb") as kept:
        for line in every:
            if line.startswith(b"[GIN]"):
                count += kept.write(line) > 0
    rest.replace(log)
    return count


def take_turns(programs: Sequence[peers.Program], log: Path, expected: int, rounds: int) -> dict[str, list[measure.Run]]:
    """Run every program once a round; the runs of each by its name. The log is read before, so that all find it in memory."""
    with log.open("rb") as file:
        while file.read(measure.MIB):  # piecewise: a child's peak memory begins with its parent's
            pass
    runs: dict[str, list[measure.Run]] = {program.name: [] for program in programs}
    for _ in range(rounds):
        for program in programs:
            runs[program.name].append(program.once(log, expected))
    return runs


def print_results(runs: dict[str, list[measure.Run]], lines: int) -> None:
    """Print seconds, lines per second, peak memory and how many times as fast ollalog was."""
    figures = measure.medians(runs)
    ours = figures.get("ollalog", (0.0, 0))[0]
    rows = [
        (name, f"{seconds:.2f}", f"{lines / seconds:,.0f}", f"{peak / measure.MIB:,.0f}", f"{seconds / ours:.1f}" if ours else "-")
        for name, (seconds, peak) in figures.items()
    ]
    measure.print_table(("program", "seconds", "lines/s", "peak MiB", "ollalog is faster by"), rows)


if __name__ == "__main__":
    main()
