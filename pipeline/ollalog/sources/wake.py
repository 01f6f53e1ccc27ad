"""When to look again: events of the file system wake early, a timer in any case. An event is a hint, never a fact."""

from __future__ import annotations

import os
import select
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ollalog.sources.discover import is_log_name

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

NOISE_EVENTS = 1000
"""So many events of files that are no logs, and a folder is too loud to listen to: each costs a tenth of a millisecond."""


@dataclass(frozen=True)
class Places:
    """Where news can be expected: in folders, and from descriptors that become readable."""

    folders: tuple[Path, ...] = ()
    descriptors: tuple[int, ...] = ()


class Waker(Protocol):
    """Lets time pass."""

    def now_s(self) -> float:
        """Seconds that only ever grow."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait, whatever happens."""
        ...

    def wait(self, places: Places, seconds: float) -> None:
        """Wait so long, or until something happens at one of the places."""
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

    def wait(self, places: Places, seconds: float) -> None:
        """Wait so long, or until a descriptor is readable."""
        select.select(places.descriptors, [], [], seconds)

    def close(self) -> None:
        """Nothing to do."""


class EventWaker(TimerWaker):
    """Wakes by events too.

    It listens only while it waits: a busy log makes more events than can be handled in the time that reading it takes, and
    while it is busy the timer alone is soon enough.
    """

    def __init__(self) -> None:
        super().__init__()
        self._bell, self._rope = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._observer: BaseObserver | None = None
        self._folders: tuple[Path, ...] = ()
        self._noise_events = 0

    def pause(self, seconds: float) -> None:
        """Wait, whatever happens, and listen to nothing."""
        self._listen_to(())
        super().pause(seconds)

    def wait(self, places: Places, seconds: float) -> None:
        """Wait so long, or until something happens to a log in one of the folders or a descriptor is readable.

        Who begins to listen may have missed what happened just before, so the first wait of a row ends at once.
        """
        if places.folders != self._folders:
            self._listen_to(places.folders)
            return
        heard = select.select([self._bell, *places.descriptors], [], [], seconds)[0]
        if heard:
            self._listen_to(())

    def close(self) -> None:
        """Stop the thread that listens."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None
        os.close(self._bell)
        os.close(self._rope)

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
        with suppress(BlockingIOError):
            while os.read(self._bell, 4096):
                pass
        kinds = [DirCreatedEvent, DirMovedEvent, FileCreatedEvent, FileModifiedEvent, FileMovedEvent]
        for folder in folders:
            try:
                self._observer.schedule(Ear(), str(folder), event_filter=kinds)
            except OSError:
                continue  # too many watches, or the folder is gone: the timer looks anyway

    def _hear(self, *paths: str) -> None:
        self._noise_events += 1
        if self._noise_events > NOISE_EVENTS or any(path and is_log_name(Path(path).name) for path in paths):
            with suppress(BlockingIOError):
                os.write(self._rope, b".")


def _observer() -> BaseObserver:
    from watchdog.observers import Observer

    observer = Observer()
    observer.start()
    return observer
