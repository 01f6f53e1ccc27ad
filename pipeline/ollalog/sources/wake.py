"""When to look again: events of the file system wake early, a timer in any case. An event is a hint, never a fact."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ollalog.sources.discover import is_log_name

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

NOISE_EVENTS = 1000
"""So many events of files that are no logs, and a folder is too loud to listen to: each costs a tenth of a millisecond."""


class Waker(Protocol):
    """Lets time pass."""

    def now_s(self) -> float:
        """Seconds that only ever grow."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait, whatever happens."""
        ...

    def wait(self, folders: Sequence[Path], seconds: float) -> None:
        """Wait so long, or until something happens to a log in one of the folders."""
        ...

    def close(self) -> None:
        """No more waiting."""
        ...


class TimerWaker:
    """Wakes by time alone."""

    def __init__(self) -> None:
        self._never = threading.Event()

    def now_s(self) -> float:
        """Seconds of the system's steady clock."""
        return time.monotonic()

    def pause(self, seconds: float) -> None:
        """Wait, whatever happens."""
        self._never.wait(seconds)

    def wait(self, folders: Sequence[Path], seconds: float) -> None:
        """Wait so long."""
        self.pause(seconds)

    def close(self) -> None:
        """Nothing to do."""


class EventWaker(TimerWaker):
    """Wakes by events too.

    It listens only while it waits: a busy log makes more events than can be handled in the time that reading it takes, and
    while it is busy the timer alone is soon enough.
    """

    def __init__(self) -> None:
        super().__init__()
        self._news = threading.Event()
        self._observer: BaseObserver | None = None
        self._folders: tuple[Path, ...] = ()
        self._noise_events = 0

    def pause(self, seconds: float) -> None:
        """Wait, whatever happens, and listen to nothing."""
        self._listen_to(())
        super().pause(seconds)

    def wait(self, folders: Sequence[Path], seconds: float) -> None:
        """Wait so long, or until something happens to a log in one of the folders.

        Who begins to listen may have missed what happened just before, so the first wait of a row ends at once.
        """
        if tuple(folders) != self._folders:
            self._listen_to(tuple(folders))
            return
        self._news.wait(seconds)
        if self._news.is_set():
            self._listen_to(())

    def close(self) -> None:
        """Stop the thread that listens."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None

    def _listen_to(self, folders: tuple[Path, ...]) -> None:
        from watchdog.events import (
            DirCreatedEvent,
            DirMovedEvent,
            FileCreatedEvent,
            FileModifiedEvent,
            FileMovedEvent,
            FileSystemEvent,
            FileSystemEventHandler,
        )

        if folders == self._folders:
            return
        hear = self._hear

        class Ear(FileSystemEventHandler):
            def dispatch(self, event: FileSystemEvent) -> None:
                hear(str(event.src_path), str(event.dest_path))

        if self._observer is None:
            self._observer = _observer()
        self._observer.unschedule_all()
        self._folders = folders
        self._noise_events = 0
        self._news.clear()
        kinds = [DirCreatedEvent, DirMovedEvent, FileCreatedEvent, FileModifiedEvent, FileMovedEvent]
        for folder in folders:
            try:
                self._observer.schedule(Ear(), str(folder), event_filter=kinds)
            except OSError:
                continue  # too many watches, or the folder is gone: the timer looks anyway

    def _hear(self, *paths: str) -> None:
        self._noise_events += 1
        if self._noise_events > NOISE_EVENTS or any(path and is_log_name(Path(path).name) for path in paths):
            self._news.set()


def _observer() -> BaseObserver:
    from watchdog.observers import Observer

    observer = Observer()
    observer.start()
    return observer
