"""U2: reading from a pipe, being stopped, going on."""

from __future__ import annotations

import array
import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
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


def unread_bytes(pipe: int) -> int:
    """Bytes that were written into a pipe and not yet taken out."""
    number = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, number)
    return number[0]


def reading(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def hand_over(child: subprocess.Popen[bytes], pipe: int, data: bytes) -> None:
    """Write into a pipe and wait until the child has taken everything."""
    os.write(pipe, data)
    while unread_bytes(pipe):
        assert child.poll() is None, "it reads until it is stopped"


@pytest.mark.parametrize("lines", [3, 100])
@pytest.mark.parametrize("kind", ["stdin", "named pipe", "known stdin"])
def test_first_ctrl_c_ends_the_reading_of_an_idle_pipe_and_commits_what_came(tmp_path: Path, kind: str, lines: int) -> None:
    """U2: nothing more comes, and the pipe stays open."""
    store, fifo = ["--store", str(tmp_path / "store")], tmp_path / "pipe"
    os.mkfifo(fifo)
    if kind == "known stdin":
        command = [sys.executable, "-m", "ollalog", "ingest", *store, "-"]
        subprocess.run(command, input=LINE.encode() * 2, capture_output=True, check=True)
    path = str(fifo) if kind == "named pipe" else "-"
    command = [sys.executable, "-m", "ollalog", "ingest", "--json", *store, path]
    with reading(command) as child:
        assert child.stdin is not None
        with fifo.open("wb", buffering=0) if kind == "named pipe" else child.stdin as pipe:
            hand_over(child, pipe.fileno(), LINE.encode() * lines)
            # Once it takes this too it has the whole lines safe.
            hand_over(child, pipe.fileno(), b"[GIN] 2026/06/21 - 18:")
            child.send_signal(signal.SIGINT)
            assert child.wait(60) == 130
        assert child.stdout is not None
        assert child.stderr is not None
        stdout, stderr = child.stdout.read(), child.stderr.read()
    assert stderr.decode() == "interrupted; what was committed stays, and the next run goes on from there\n"
    summary = json.loads(stdout)
    assert summary["rows"] == {"requests": lines - (2 if kind == "known stdin" else 0)}
    assert summary["fates"]["rejected"] == 0


def test_first_ctrl_c_ends_the_wait_for_a_pipe_through_which_no_line_comes(tmp_path: Path) -> None:
    with reading([sys.executable, "-m", "ollalog", "ingest", "--store", str(tmp_path / "store"), "-"]) as child:
        assert child.stdin is not None
        assert child.stderr is not None
        hand_over(child, child.stdin.fileno(), b"[GIN]")
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == 130
        stderr = child.stderr.read()
    assert stderr.decode() == "interrupted; what was committed stays, and the next run goes on from there\n"


@pytest.mark.parametrize("zone", ["+05:30", "UTC+5:30", "Asia/Kolkata"])
def test_a_zone_may_be_an_offset_where_logs_are_read_and_where_they_are_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], zone: str
) -> None:
    log, store = tmp_path / "server.log", ["--store", str(tmp_path / "store")]
    log.write_text(LINE, encoding="utf-8")
    assert run(["ingest", "--timezone", zone, *store, str(log)]) == 0
    capsys.readouterr()
    assert run(["sql", "SELECT ended_at FROM requests", *store]) == 0
    assert "12:30:05" in capsys.readouterr().out
    assert run(["report", "--timezone", zone, "--since", "2026-06-21 18:00", "--until", "2026-06-21 18:01", *store]) == 0
    assert "generate" in capsys.readouterr().out


def test_a_zone_that_does_not_exist_is_named_with_what_can_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ingest", "--timezone", "+25:00", "--store", str(tmp_path / "store")]) == 2
    assert "'+25:00' is no time zone" in capsys.readouterr().err
