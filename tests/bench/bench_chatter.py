"""A log that is nearly all runner chatter to committed Parquet, against ripgrep and lnav on the same file: whole processes.

Servers of 0.30 and later write such logs. ripgrep only counts the lines that have GIN in them: no program can be expected to be faster.
Command: python -m tests.bench.bench_chatter --lines 10000000 --rounds 3
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench import bench_ingest, chatter, measure, peers

RIPGREP = peers.Program("rg -c GIN", lambda log, _: ["rg", "-c", "GIN", str(log)], lambda _, stdout: int(stdout))
COMMANDS = {"rg -c GIN": "rg", "lnav": "lnav"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the log, let the programs take turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=3_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    programs = [RIPGREP, *(peer for peer in peers.PEERS if peer.name in COMMANDS)]
    present = [program for program in programs if shutil.which(COMMANDS[program.name])]
    with tempfile.TemporaryDirectory(prefix="ollalog-bench-") as name:
        log = Path(name) / "server.log"
        counts = chatter.write_chatter(log, options.lines)
        size = f"{counts['lines']:,} lines, {counts['access']:,} of them access lines, {log.stat().st_size / measure.MIB:,.0f} MiB"
        measure.say(f"{size}; median of {options.rounds} rounds in turns")
        runs = bench_ingest.take_turns([peers.OLLALOG, *present], log, counts["access"], options.rounds)
    bench_ingest.print_results(runs, counts["lines"])
    figures = measure.medians(runs)
    for program in programs:
        if program in present:
            measure.say(f"ollalog takes {figures['ollalog'][0] / figures[program.name][0]:.2f} times as long as {program.name}")
        else:
            measure.say(f"{program.name}: skipped, {COMMANDS[program.name]} is not installed")


if __name__ == "__main__":
    main()
