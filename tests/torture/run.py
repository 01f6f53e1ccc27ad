"""A tail that is killed again and again while logs are written and rotated; afterwards every line is there once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from ollalog import runtime, store
from tests.torture.logs import all_logs, paths_to_follow

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "ollalog"]


@dataclass
class Outcome:
    """What a torture run found."""

    kills: int = 0
    written: int = 0
    rows: int = 0
    distinct: int = 0
    foreign: int = 0
    rotations: int = 0
    lost: int = 0
    gaps: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Torment:
    """What is done: SIGKILL so often, by chance of a seed, rotations of any log per second, and how long a tail lives.

    `only` is a part of the paths of the logs that are written; all when empty.
    """

    kills: int
    seed: int
    rotations_per_s: float = 8.0
    alive_s: tuple[float, float] = (0.4, 1.6)
    only: str = ""


def torture(place: Path, torment: Torment) -> Outcome:
    """Kill a tail so many times.

    Args:
        place: A folder for logs and store.
        torment: What is done.
    """
    chance = random.Random(torment.seed)  # noqa: S311 - chance, not secrets
    logs, root, outcome = place / "logs", place / "store", Outcome()
    follow = tail_command(root, [path for path in paths_to_follow(logs) if torment.only in f"{path}/"])
    command = [sys.executable, "-m", "tests.torture.writer", str(logs), str(torment.seed), str(torment.rotations_per_s), torment.only]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdout.readline()
        # A generation that was rotated away before a log was ever seen is the past of whoever names a file.
        with subprocess.Popen(follow, cwd=ROOT, stdout=subprocess.DEVNULL) as first:
            try:
                while len(store.read_snapshot(root).sources) < (1 if torment.only else len(all_logs(logs))):
                    assert first.poll() is None
            finally:
                first.terminate()
        outcome.faults += ["SIGTERM did not end a tail well"] if first.returncode else []
        writer.stdin.write("rotate\n")
        writer.stdin.flush()
        for _ in range(torment.kills):
            _killed_after(chance.uniform(*torment.alive_s), follow, outcome)
            if chance.random() < 0.05:
                _verify(root, outcome, f"after {outcome.kills} kills")
        told, _ = writer.communicate("stop\n")
    ended = subprocess.run([*follow, "--once-idle", "6"], cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        outcome.faults.append(f"the last tail ended with {ended.returncode}: {ended.stderr}")
    _verify(root, outcome, "at the end")
    _count(root, json.loads(told), outcome)
    return outcome


def tail_command(root: Path, paths: Iterable[Path]) -> list[str]:
    """The command line that follows logs."""
    return [*COMMAND, "tail", "--store", str(root), "--timezone", "UTC", "--host", "box", *map(str, paths)]


def _killed_after(seconds: float, command: list[str], outcome: Outcome) -> None:
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tail:
        try:
            _, told = tail.communicate(timeout=seconds)
            outcome.faults.append(f"a tail ended by itself with {tail.returncode}: {told}")
        except subprocess.TimeoutExpired:
            os.kill(tail.pid, signal.SIGKILL)
            _, told = tail.communicate()
        outcome.kills += 1
        if "Traceback" in told or "failed" in told:
            outcome.faults.append(told)


def _verify(root: Path, outcome: Outcome, when: str) -> None:
    report = store.verify(root, runtime.reread)
    outcome.faults.extend(f"verify {when}: {problem}" for problem in report.problems)


def _count(root: Path, told: dict[str, object], outcome: Outcome) -> None:
    """Hold what is stored against what was written."""
    glob = str(root / "data/requests/**/*.parquet")
    rows = duckdb.execute("SELECT latency_ns, source FROM read_parquet(?)", [glob]).fetchall()
    found = Counter(number for number, _ in rows)
    snapshot = store.read_snapshot(root)
    outcome.rows = sum(summary.rows.get("requests", 0) for summary in snapshot.sources)
    outcome.foreign, outcome.distinct = len(rows), len(found)
    outcome.rotations = told["rotations"]  # type: ignore[assignment]
    twice = [number for number, count in found.items() if count > 1]
    if twice:
        outcome.faults.append(f"{len(twice)} numbers are stored more than once: {sorted(twice)[:5]} …")
    gaps = Counter(summary.source.family for summary in snapshot.sources if summary.gap_bytes != 0)
    outcome.gaps = sum(gaps.values())
    outcome.faults.extend(f"rejected lines of {summary.source.path}" for summary in snapshot.sources if summary.fates["rejected"])
    written: set[int] = set()
    logs: dict[str, dict[str, list[object]]] = told["logs"]  # type: ignore[assignment]
    for path, log in logs.items():
        kept = set(log["kept"])
        written |= kept  # type: ignore[arg-type]
        missing = kept - found.keys()
        if missing:
            outcome.faults.append(f"{path}: {len(missing)} lines that were there to be read are not stored: {sorted(missing)[:5]} …")  # type: ignore[type-var]
        lost = lost_of_known = 0
        for generation in log["destroyed"]:
            numbers: list[int] = generation  # type: ignore[assignment]
            written.update(numbers)
            stored = [number in found for number in numbers]
            if stored != sorted(stored, reverse=True):
                outcome.faults.append(f"{path}: a destroyed generation has a hole")
            lost += stored.count(False)
            # A file that came and went between two looks leaves no trace that anybody could count.
            lost_of_known += stored.count(False) if any(stored) else 0
        outcome.lost += lost
        if lost_of_known and not gaps[path]:
            outcome.faults.append(f"{path}: {lost_of_known} lines of files that were begun are lost and no gap is counted")
    outcome.written = len(written)
    if found.keys() - written:
        outcome.faults.append(f"{len(found.keys() - written)} rows that nobody wrote")
    if outcome.rows != outcome.foreign:
        outcome.faults.append(f"the ledger says {outcome.rows} rows, a foreign glob {outcome.foreign}")


def main() -> int:
    """Run from the command line."""
    import argparse
    import tempfile

    parser = argparse.ArgumentParser(prog="python -m tests.torture")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", type=Path, help="a folder for logs and store, which is kept")
    parser.add_argument("--only", default="", metavar="FOLDER", help="write only the log in this folder")
    given = parser.parse_args()
    began_s, say = time.monotonic(), sys.stdout.writelines
    with tempfile.TemporaryDirectory() as folder:
        torment = Torment(given.kills, given.seed, only=given.only)
        outcome = torture(given.keep or Path(folder), torment)
    say([f"seed {given.seed}, {time.monotonic() - began_s:.0f} s\n"])
    say(f"{name:<10} {value:>12,}\n" for name, value in vars(outcome).items() if name != "faults")
    say(f"FAULT {fault}\n" for fault in outcome.faults)
    return 1 if outcome.faults else 0
