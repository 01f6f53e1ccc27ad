"""One writer per store, and the second is told who holds it (R4)."""

from __future__ import annotations

import errno
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ollalog.core.errors import StoreError
from ollalog.store import open_store, read_status
from ollalog.store.files import unusable
from tests.store.building import CLOCK, opened, turn

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys
from pathlib import Path
from ollalog.core.clock import SystemClock
from ollalog.store import open_store
with open_store(Path(sys.argv[1]), command="ingest", clock=SystemClock()):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_is_told_who_holds_the_store(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(StoreError, match="another ollalog is writing") as raised:
        open_store(tmp_path, command="reprocess", clock=CLOCK)
    assert raised.value.found == f"process {os.getpid()} on {socket.gethostname()} (test, since 2026-03-09T00:00:00Z)"
    with opened(tmp_path):
        pass


def test_a_writer_of_another_process_holds_the_store_until_it_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        writer = read_status(tmp_path).writer
        assert writer is not None
        assert (writer.pid, writer.command) == (process.pid, "ingest")
        with pytest.raises(StoreError, match="another ollalog is writing"):
            opened(tmp_path)
        process.kill()
    assert read_status(tmp_path).writer is None
    with opened(tmp_path) as store:
        assert store.commit(turn(0, 1)) == 1


@pytest.mark.parametrize("note", [b"", b"not json", b'{"pid": 1}'])
def test_a_note_that_nobody_can_read_is_no_writer_and_stops_nobody(tmp_path: Path, note: bytes) -> None:
    (tmp_path / "writer.lock").write_bytes(note)
    assert read_status(tmp_path).writer is None
    with opened(tmp_path):
        (tmp_path / "writer.lock").write_bytes(note)
        with pytest.raises(StoreError, match="another ollalog is writing"):
            opened(tmp_path)


def test_a_lock_whose_note_cannot_be_written_is_given_back(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(StoreError, match="the store cannot be written") as raised:
            opened(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert raised.value.found == "File too large"
    with opened(tmp_path):
        pass


def test_a_lock_file_that_cannot_be_made_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "writer.lock").mkdir()
    with pytest.raises(StoreError, match="the store cannot be written"):
        opened(tmp_path)


@pytest.mark.parametrize(("number", "fix"), [(errno.ENOSPC, "free some space"), (errno.EACCES, "repair its permissions")])
def test_the_message_of_a_store_that_cannot_be_written_says_what_mends_it(number: int, fix: str, tmp_path: Path) -> None:
    message = str(unusable(tmp_path, OSError(number, os.strerror(number))))
    assert os.strerror(number) in message
    assert f"fix    {fix}" in message
