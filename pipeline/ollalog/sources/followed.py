"""One source that is followed: what it looks like from outside, and what that says of it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ollalog.core.batch import Source
from ollalog.sources.held import HeldGzipStream, HeldStream
from ollalog.sources.item import PlanItem
from ollalog.sources.journal import JournalStream
from ollalog.sources.streams import FileId

Looks = tuple[int, int]
"""Size and time of the last change: what a file looks like from outside."""


@dataclass(frozen=True)
class Moment:
    """When a look is taken: the clock's time, for comparison with times of files, and seconds that only ever grow."""

    now_utc: datetime
    at_s: float


@dataclass
class Followed:
    """One source that is followed, as of the last commit. `looks` is what it looked like when it was read last (None: never)."""

    item: PlanItem
    live: bool
    looks: Looks | None = None
    changed_s: float = 0.0
    is_complete: bool = False
    is_held: bool = False
    has_failed: bool = False

    def looks_now(self) -> Looks | None:
        """What it looks like; None where it is nowhere to be seen."""
        held = held_by(self.item)
        if isinstance(self.item.stream, JournalStream):
            # What waits in a pipe has no look of its own: each time that something waits is news.
            return self.item.stream.at, time.monotonic_ns() if self.item.stream.has_news() else 0
        try:
            found = held.stat() if held is not None else Path(self.item.source.path).stat()
        except OSError:
            return None
        return found.st_size, found.st_mtime_ns

    def is_cut_in_place(self) -> bool:
        """Whether the file is still where it was and no longer holds what was read of it."""
        stream, source = self.item.stream, self.item.source
        if not isinstance(stream, HeldStream) or not self.live or file_id_at(stream.path) != stream.file_id:
            return False
        return stream.size_bytes < source.offset or not stream.holds(source.checkpoints)

    def has_changed(self) -> bool:
        """Whether it is, by name and size, no longer the file that it was."""
        looks, stream = self.looks_now(), self.item.stream
        if looks is None:
            return True
        if not isinstance(stream, HeldStream):
            return stream.kind == "file" and looks[0] < self.item.source.offset
        return looks[0] < self.item.source.offset or (self.live and file_id_at(stream.path) != stream.file_id)


def is_over(followed: Followed) -> bool:
    """Whether a packed file was read to its end: nothing can be appended to it."""
    return followed.is_complete and followed.item.stream.kind == "gzip"


def held_by(item: PlanItem) -> HeldStream | None:
    """The file that is held open for an item."""
    if isinstance(item.stream, HeldGzipStream):
        return item.stream.held
    return item.stream if isinstance(item.stream, HeldStream) else None


def again(item: PlanItem, source: Source, *, gap_bytes: int | None) -> PlanItem:
    """The same stream to be read once more."""
    return PlanItem(source, item.stream, item.head, None, item.end_is_final, gap_bytes)


def is_quiet(followed: Followed, looks: Looks, moment: Moment, for_s: float) -> bool:
    """Whether nobody wrote to a file for so long, by its own time or since it is watched; a clock may have been set back."""
    age_s = moment.now_utc.timestamp() - looks[1] / 1e9
    return age_s >= for_s or (followed.looks == looks and moment.at_s - followed.changed_s >= for_s)


def file_id_at(path: Path) -> FileId | None:
    """Which file lies at a path; None where there is none that can be looked at."""
    try:
        return FileId.of(os.stat(path))  # noqa: PTH116 - called for every file at every look
    except OSError:
        return None
