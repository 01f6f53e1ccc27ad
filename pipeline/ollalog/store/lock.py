"""One writer per store: a lock of the operating system that ends with its process, and a note that says who holds it."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from ollalog.core.errors import StoreError
from ollalog.store.files import unusable

# `holder` takes the lock shared for microseconds; a writer that meets it must not be told that the store is taken.
ATTEMPTS = 50
NOTE_BYTES = 4096


@dataclass(frozen=True)
class Writer:
    """Who holds the lock: process, machine, command and since when (ISO 8601)."""

    pid: int
    host: str
    command: str
    since: str

    def __str__(self) -> str:
        """As a phrase: "process 17 on gpu1 (ingest, since 2026-01-01T00:00:00Z)"."""
        return f"process {self.pid} on {self.host} ({self.command}, since {self.since})"


class WriterLock:
    """The lock, held until `release` or the end of the process."""

    def __init__(self, path: Path, *, command: str, now: datetime) -> None:
        """Take the lock.

        Raises:
            StoreError: another process holds it (the message says which), or the file cannot be made.
        """
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as fault:
            raise unusable(path.parent, fault) from fault
        try:
            _take(self._file, path)
            _write_note(self._file, Writer(os.getpid(), socket.gethostname(), command, _iso(now)))
        except OSError as fault:
            os.close(self._file)
            raise unusable(path.parent, fault) from fault
        except StoreError:
            os.close(self._file)
            raise

    def release(self, *, finished: bool) -> None:
        """Give the lock back; the note is emptied only when nothing is left for the next writer to put right."""
        if finished:
            os.ftruncate(self._file, 0)
        os.close(self._file)


def died(path: Path) -> bool:
    """Whether the last writer ended without finishing its work; meaningful only while nobody holds the lock."""
    return path.exists() and path.stat().st_size > 0


def holder(path: Path) -> Writer | None:
    """Who holds the lock now; None when nobody does. A note left by a killed process is not believed."""
    try:
        note = path.read_bytes()[:NOTE_BYTES]
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC) if note else None
    except OSError:
        return None
    if file is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _parsed(note)
    finally:
        os.close(file)
    return None


def _take(file: int, path: Path) -> None:
    for _ in range(ATTEMPTS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.sched_yield()
        else:
            return
    writer = _parsed(os.pread(file, NOTE_BYTES, 0))
    raise StoreError(
        "another ollalog is writing to this store",
        at=str(path),
        found=str(writer) if writer else "the lock is held, and its holder has not yet said who it is",
        want="one writer at a time; reading (report, sql, status, verify) is always possible",
        fix="wait until it ends or stop it, or choose another store with --store",
    )


def _write_note(file: int, writer: Writer) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps(asdict(writer)).encode(), 0)


def _parsed(note: bytes) -> Writer | None:
    try:
        return Writer(**json.loads(note))
    except (ValueError, TypeError):
        return None


def _iso(instant: datetime) -> str:
    return instant.replace(microsecond=0).isoformat().replace("+00:00", "Z")
