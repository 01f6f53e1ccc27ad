"""What a user waits for when there is next to nothing to do: help, and the report of a small store.

Command: python -m tests.bench.bench_startup --rounds 10
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench import measure

SAMPLES = Path(__file__).parents[2] / "sample_logs"


def main(arguments: Sequence[str] | None = None) -> None:
    """Ingest the sample logs, then run each command several times, in turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ollalog-bench-") as name:
        folder, store = Path(name), f"{name}/store"
        commands = {
            "ollalog --help": [measure.ollalog(), "--help"],
            "ollalog ingest sample_logs": [measure.ollalog(), "ingest", "--store", store, str(SAMPLES)],
            "ollalog report": [measure.ollalog(), "report", "--store", store],
            "python -c pass, for comparison": [sys.executable, "-c", "pass"],
        }
        runs: dict[str, list[measure.Run]] = {title: [] for title in commands}
        runs["ollalog ingest sample_logs"].append(measure.run(commands.pop("ollalog ingest sample_logs"), folder))
        for _ in range(options.rounds):
            for title, command in commands.items():
                runs[title].append(measure.run(command, folder))
    rows = [(title, f"{seconds:.3f}", f"{peak / measure.MIB:,.0f}") for title, (seconds, peak) in measure.medians(runs).items()]
    measure.say(f"median of {options.rounds} rounds; the first ingestion of the sample logs once")
    measure.print_table(("command", "seconds", "peak MiB"), rows)


if __name__ == "__main__":
    main()
