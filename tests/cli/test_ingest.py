"""U2: reading from a pipe, being stopped, going on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ollalog.cli.main import run
from ollalog.cli.session import Session
from ollalog.core.events import Events, NullEvents

LINE = '[GIN] 2026/06/21 - 18:00:05 | 200 |  2.500000000s |       127.0.0.1 | POST     "/api/generate"\n'
# More than one block of the reader.
LINES = 200_000


class StopAtFirstBlock(NullEvents):
    """Does what Ctrl-C does, as soon as something was read."""

    def block_parsed(self, size_bytes: int, lines: int) -> None:
        """Interrupt the process."""
        signal.raise_signal(signal.SIGINT)


@contextmanager
def stopped(_session: Session) -> Iterator[Events]:
    """In place of a progress bar: someone who presses Ctrl-C."""
    yield StopAtFirstBlock()


def test_interrupted_run_commits_what_is_complete_and_the_next_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "server.log"
    log.write_text(LINE * LINES, encoding="utf-8")
    command = ["ingest", "--json", "--store", str(tmp_path / "store"), str(log)]
    with monkeypatch.context() as patched:
        patched.setattr("ollalog.cli.ingest.shown_progress", stopped)
        assert run(command) == 130
    first = capsys.readouterr()
    assert first.err == "interrupted; what was committed stays, and the next run goes on from there\n"

    assert run(command) == 0

    begun, rest = json.loads(first.out), json.loads(capsys.readouterr().out)
    assert 0 < begun["lines"] < LINES
    assert begun["lines"] + rest["lines"] == LINES
    assert begun["rows"]["requests"] + rest["rows"]["requests"] == LINES


def test_standard_input_is_read_to_its_end_and_known_again(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ollalog", "ingest", "--json", "--store", str(tmp_path / "store"), "-"]
    text = LINE * 3
    # The last line of a stream has no more to come: its end is final.
    first, again = (
        json.loads(subprocess.run(command, input=text.rstrip("\n"), capture_output=True, text=True, check=True).stdout) for _ in range(2)
    )
    assert (first["rows"], first["fates"]["held"]) == ({"requests": 3}, 0)
    assert again["lines"] == 0
