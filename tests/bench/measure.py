"""Running other programs for the benchmarks: wall time and peak memory of a whole process, start-up included, and small tables."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20


@dataclass(frozen=True)
class Run:
    """One run of a program: its wall time, the peak of its resident memory, and what it printed to stdout."""

    seconds: float
    peak_bytes: int
    stdout: str


class ProgramFailedError(Exception):
    """A program that was to be measured ended with an error."""


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Run:
    """Run a program to its end in a folder.

    Args:
        command: Program and arguments.
        folder: Where it runs; its output is kept there while it does.
        environment: Variables to add to ours.

    Raises:
        ProgramFailedError: It did not exit with 0; the text holds the end of its stderr.
    """
    with tempfile.TemporaryFile(dir=folder) as out, tempfile.TemporaryFile(dir=folder) as err:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
        _, status, usage = os.wait4(process.pid, 0)  # the only call that gives the memory of this one child
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            tail = err.read().decode(errors="replace")[-1000:]
            raise ProgramFailedError(f"{' '.join(command)[:200]} ended with {process.returncode}:\n{tail}")
        return Run(seconds, usage.ru_maxrss * 1024, out.read().decode(errors="replace"))


def ollalog() -> str:
    """The `ollalog` command of this environment, else of the PATH."""
    beside = Path(sys.executable).with_name("ollalog")
    found = str(beside) if beside.exists() else shutil.which("ollalog")
    if found is None:
        raise ProgramFailedError("no command `ollalog` here: install the project first (make run)")
    return found


def medians(jobs: Mapping[str, Sequence[Run]]) -> dict[str, tuple[float, int]]:
    """Median seconds and highest peak (bytes) of each job's runs."""
    return {name: (statistics.median(one.seconds for one in runs), max(one.peak_bytes for one in runs)) for name, runs in jobs.items()}


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table as Markdown: text to the left in the first column, to the right in the others."""
    widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]

    def line(cells: Sequence[str]) -> str:
        return (
            "| "
            + " | ".join(
                cell.ljust(width) if n == 0 else cell.rjust(width) for n, (cell, width) in enumerate(zip(cells, widths, strict=True))
            )
            + " |"
        )

    say(line(headings))
    say("|" + "|".join("-" * (width + 2) if n == 0 else "-" * (width + 1) + ":" for n, width in enumerate(widths)) + "|")
    for row in rows:
        say(line(row))
