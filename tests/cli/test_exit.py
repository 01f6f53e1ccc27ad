"""R7: every failure is one message and one exit code, never a traceback."""

from __future__ import annotations

import errno
from pathlib import Path

import click
import pytest

from ollalog.cli.exit import EXIT_CODES, finish, report_failure
from ollalog.core.errors import SourceError, StoreError, UsageError


@pytest.mark.parametrize(
    ("failure", "code", "said"),
    [
        (
            UsageError("no such view", found="'models'", fix="did you mean 'model'?"),
            2,
            "no such view\n  found  'models'\n  fix    did you mean 'model'?\n",
        ),
        (SourceError("cannot be read", at="server.log"), 3, "cannot be read\n  at     server.log\n"),
        (StoreError("locked"), 4, "locked\n"),
        (KeyboardInterrupt(), 130, "interrupted; what was committed stays, and the next run goes on from there\n"),
        (click.Abort(), 130, "interrupted; what was committed stays, and the next run goes on from there\n"),
    ],
)
def test_failure_becomes_its_message_and_code(failure: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert report_failure(failure, verbose=False) == code
    assert capsys.readouterr() == ("", said)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_what_the_system_refuses_is_a_matter_of_the_store(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    """R1: a full disk is one message and exit code 4."""
    assert report_failure(OSError(number, "No Space Left", "/store/part"), verbose=False) == 4
    assert capsys.readouterr().err.startswith("no space left\n  at     /store/part\n  fix    ")


def test_want_of_memory_is_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_failure(MemoryError(), verbose=False) == 4
    assert capsys.readouterr().err.startswith("out of memory\n")


def test_escapes_in_a_message_are_spelt_out(capsys: pytest.CaptureFixture[str]) -> None:
    """R3: a path cannot steer the terminal."""
    report_failure(SourceError("missing", at="a\x1b[2Jb"), verbose=False)
    assert r"a\x1b[2Jb" in capsys.readouterr().err


def test_fault_of_the_program_shows_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_failure(broken(), verbose=False) == 70
    said = capsys.readouterr().err
    assert "KeyError: 'x'" in said
    assert "Traceback" not in said
    assert "-v" in said


def test_verbose_keeps_the_traceback_of_a_fault_in_a_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    report_failure(broken(), verbose=True)
    kept = next(tmp_path.glob("ollalog-fault-*.txt"))
    assert str(kept) in capsys.readouterr().err
    assert "Traceback" in kept.read_text(encoding="utf-8")


def test_run_with_problems_ends_with_the_code_of_the_worst(capsys: pytest.CaptureFixture[str]) -> None:
    assert finish([SourceError("a is missing"), SourceError("b is missing")], interrupted=False) == 3
    assert capsys.readouterr().err == "a is missing\nb is missing\n"
    assert finish([], interrupted=False) == 0
    assert finish([SourceError("a is missing")], interrupted=True) == 130


def test_every_code_is_explained() -> None:
    assert set(EXIT_CODES) == {0, 1, 2, 3, 4, 5, 70, 130}


def broken() -> BaseException:
    """A fault that nobody foresaw, with a traceback."""
    nothing: dict[str, str] = {}
    try:
        nothing["x"]
    except KeyError as fault:
        return fault
    raise AssertionError
