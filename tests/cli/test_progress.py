"""U2: long work shows how far it is on a terminal, and is silent in a pipe."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from ollalog.cli.progress import ProgressBar, Remarks, bar_on, shown_progress
from ollalog.cli.session import Session
from ollalog.core.events import Events


def a_run(events: Events) -> None:
    """What a run over two files reports."""
    events.run_planned(2, 3_000_000)
    events.source_started("a.log")
    events.block_parsed(1_000_000, 10_000)
    events.batch_committed(1, 9_000)
    events.source_finished("a.log")
    events.remark("b.log is empty")
    events.block_parsed(1_000_000, 10_000)


def test_bar_shows_files_bytes_lines_a_second_and_the_time_left() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    with bar_on(console) as bar:
        a_run(ProgressBar(bar))
        bar.refresh()
    shown = screen.getvalue()
    assert "1/2 files" in shown
    assert "2.0/3.0 MB" in shown
    assert "lines/s" in shown
    assert "b.log is empty" in shown


def test_bar_that_shows_a_stream_of_unknown_length_does_not_end() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with bar_on(console) as bar:
        ProgressBar(bar).run_planned(1, None)
        assert bar.tasks[0].total is None


def test_escapes_in_a_remark_are_spelt_out() -> None:
    """R3: a file name cannot steer the terminal."""
    screen = io.StringIO()
    with bar_on(Console(file=screen, force_terminal=True, width=100)) as bar:
        ProgressBar(bar).remark("a\x1b]0;owned\x07[bold]")
    assert r"a\x1b]0;owned\x07[bold]" in screen.getvalue()


def test_pipe_is_told_remarks_only(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(Session()) as events:
        assert isinstance(events, Remarks)
        a_run(events)
    assert capsys.readouterr() == ("", "b.log is empty\n")


def test_quiet_run_is_told_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(Session(quiet=True)) as events:
        a_run(events)
    assert capsys.readouterr() == ("", "")


def test_verbose_run_is_told_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(Session(verbose=True)) as events:
        a_run(events)
    assert capsys.readouterr() == ("", "reading a.log\ncommitted batch 1: 9,000 rows\nb.log is empty\n")


def test_terminal_is_shown_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with shown_progress(Session()) as events:
        assert isinstance(events, ProgressBar)
