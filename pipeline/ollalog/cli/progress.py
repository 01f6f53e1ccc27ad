"""What is told while logs are read: a bar on a terminal, nothing in a pipe, words with --verbose; remarks unless --quiet."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ollalog.core.events import Events, NullEvents
from ollalog.core.printable import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from ollalog.cli.session import Session


@contextmanager
def shown_progress(session: Session) -> Iterator[Events]:
    """Events that a run reports to: a progress bar while the block lasts, remarks only, or with --verbose every step in words."""
    if session.verbose and not session.quiet:
        yield Narration(session.remark)
        return
    if session.quiet or not sys.stderr.isatty():
        yield Remarks(session.remark)
        return
    from rich.console import Console

    with bar_on(Console(stderr=True)) as bar:
        yield ProgressBar(bar)


class Remarks(NullEvents):
    """Passes on remarks and nothing else."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def remark(self, text: str) -> None:
        """Say it."""
        self._say(text)


class Narration(Remarks):
    """Says each file and each commit too, for --verbose."""

    def source_started(self, path: str) -> None:
        """Name the log that is read now."""
        self._say(f"reading {path}")

    def batch_committed(self, batch: int, rows: int) -> None:
        """Say what is durable now."""
        self._say(f"committed batch {batch}: {rows:,} rows")


class ProgressBar(NullEvents):
    """Shows files, bytes, lines per second and the time left."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task: TaskID = bar.add_task("looking for logs", start=False, total=None, rate="")
        self._files = 0
        self._files_done = 0
        self._lines = 0

    def run_planned(self, files: int, size_bytes: int | None) -> None:
        """Know how much there is to do."""
        self._files = files
        self._bar.start_task(self._task)
        self._bar.update(self._task, total=size_bytes, description=self._count())

    def block_parsed(self, size_bytes: int, lines: int) -> None:
        """Move on by a block."""
        self._lines += lines
        elapsed_s = self._bar.tasks[0].elapsed or 0.0
        rate = f"{round(self._lines / elapsed_s):,} lines/s" if elapsed_s > 0 else ""
        self._bar.update(self._task, advance=size_bytes, rate=rate)

    def source_finished(self, path: str) -> None:
        """Count a file that is read to its end."""
        self._files_done += 1
        self._bar.update(self._task, description=self._count())

    def remark(self, text: str) -> None:
        """Say it above the bar."""
        self._bar.console.print("\n".join(printable(line) for line in text.splitlines()), markup=False, highlight=False)

    def _count(self) -> str:
        return f"{min(self._files_done, self._files)}/{self._files} files"


def bar_on(console: Console) -> Progress:
    """A bar that vanishes when the work is done."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        DownloadColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True)
