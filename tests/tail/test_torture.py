"""The torture run, short: `python -m tests.torture --kills 200` is the long one."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import duckdb

from ollalog import store
from tests.test_runtime import access_lines
from tests.torture.run import ROOT, Torment, tail_command, torture


def test_a_tail_that_is_killed_again_and_again_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    """R1, R2, F8: lines written = rows = distinct rows = rows of a foreign glob, less what was destroyed before it could be read."""
    outcome = torture(tmp_path, Torment(kills=8, seed=7))
    assert outcome.faults == []
    assert outcome.kills == 8
    assert outcome.rows == outcome.distinct == outcome.foreign == outcome.written - outcome.lost


class Readers:
    """Programs that read the store until the end: ours, and a foreign glob; each says what is wrong."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ends = threading.Event()
        self.faults: list[str] = []
        self.counts: list[int] = []

    def ours(self) -> None:
        while not self.ends.is_set():
            self._run("report", "--format", "json")
            told = self._run("sql", "--format", "csv", "SELECT count(*) % 50 AS rest FROM requests")
            if told.split() != ["rest", "0"]:
                self.faults.append(f"part of a batch: {told}")

    def foreign(self) -> None:
        glob = str(self.root / "data/requests/**/*.parquet")
        while not self.ends.is_set():
            try:
                found = duckdb.connect().execute("SELECT count(*), count(DISTINCT latency_ns) FROM read_parquet(?)", [glob]).fetchall()
            except duckdb.Error:
                continue  # a name was replaced while it was read: foreign readers read again
            if found[0][0] != found[0][1]:
                self.faults.append(f"a foreign glob saw {found[0][0]} rows, {found[0][1]} of them distinct")
            self.counts.append(found[0][0])

    def _run(self, *words: str) -> str:
        command = [sys.executable, "-m", "ollalog", *words, "--store", str(self.root)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if ran.returncode or ran.stderr:
            self.faults.append(f"{words}: {ran.returncode} {ran.stderr}")
        return ran.stdout


def test_readers_beside_a_tail_see_whole_batches_without_errors(tmp_path: Path) -> None:
    """R4: the report, SQL and a foreign glob while a tail writes."""
    log, root = tmp_path / "server.log", tmp_path / "store"
    log.write_bytes(access_lines(0, 50))
    readers = Readers(root)
    with subprocess.Popen(tail_command(root, [log]), cwd=ROOT, stdout=subprocess.DEVNULL) as tail:
        while not store.read_snapshot(root).parts:
            assert tail.poll() is None
        threads = [threading.Thread(target=work) for work in (readers.ours, readers.foreign)]
        for thread in threads:
            thread.start()
        for first in range(50, 4000, 50):
            with log.open("ab") as file:
                file.write(access_lines(first, first + 50))
            readers.ends.wait(0.1)
        readers.ends.set()
        for thread in threads:
            thread.join()
        tail.terminate()
    assert tail.returncode == 0
    assert readers.faults == []
    assert readers.counts == sorted(readers.counts)
