"""A file that many threads and processes append records to, one JSON object a line, each in one write."""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ollalog.recorder.forks import renew_at_fork

_encode = json.JSONEncoder(allow_nan=False, check_circular=False).encode
_MODE = 0o644
_TRIES = 3


class LineFile:
    """One file of records.

    Append-only writes of a whole line keep the lines of all writers whole. It never raises and never waits for another
    process: what cannot be written is counted. A file that was renamed or deleted is begun anew under its name.
    """

    def __init__(self, path: Path, *, max_bytes: int | None = None, backups: int = 5) -> None:
        """Nothing is opened or made before the first record.

        Args:
            path: The file; its folder is made when it is first needed.
            max_bytes: Size beyond which the file is renamed to `NAME.1` (`NAME.1` to `NAME.2`, …) and begun anew; None: never.
            backups: How many renamed files are kept.
        """
        self._descriptor: int | None = None
        self.path = path
        self.written = 0
        self.dropped = 0
        self._max_bytes = max_bytes
        self._backups = backups
        self._lock = threading.Lock()
        self._identity = (0, 0)
        renew_at_fork(self)

    def append(self, record: Mapping[str, object]) -> bool:
        """Write a record.

        Returns:
            Whether it is in the file. Otherwise it is counted in `dropped`, and the first time said in the log of this program.
        """
        try:
            line = _encode(record).encode() + b"\n"
            with self._lock:
                self._write(line)
                self.written += 1
        except (OSError, ValueError, TypeError, RecursionError) as error:
            self._drop(error)
            return False
        return True

    def close(self) -> None:
        """Close the file; a later record opens it again."""
        with self._lock:
            self._close()

    def __del__(self) -> None:
        self._close()

    def _write(self, line: bytes) -> None:
        """One whole line at the end of the file, at the beginning of a line."""
        for _ in range(_TRIES):
            descriptor = self._opened(len(line))
            count = os.write(descriptor, line)
            if count < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if _begins_a_line(descriptor, count):
                return
            # A writer that was killed left half a line, and ours went on where it ended: write it again, on a line of its own.

    def _opened(self, coming: int) -> int:
        """The file as it is now called so, opened anew if it was renamed or deleted, or rotated if it would grow too large."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return self._open()
        descriptor = self._descriptor
        if descriptor is None or (found.st_dev, found.st_ino) != self._identity:
            descriptor = self._open()
        is_full = self._max_bytes is not None and found.st_size and found.st_size + coming > self._max_bytes
        return self._open() if is_full and self._rotated(descriptor, found) else descriptor

    def _open(self) -> int:
        """Open the file for appending, and make it and its folder where they are not there."""
        self._close()
        flags = os.O_APPEND | os.O_CREAT | os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            descriptor = os.open(self.path, flags, _MODE)
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, flags, _MODE)
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "not a regular file")
        self._descriptor, self._identity = descriptor, (found.st_dev, found.st_ino)
        if not _ends_a_line(descriptor, found.st_size):
            os.write(descriptor, b"\n")
        return descriptor

    def _rotated(self, descriptor: int, found: os.stat_result) -> bool:
        """Rename the file, unless another process does so just now or has done it; whether this call renamed it."""
        with _sole_renamer(descriptor) as is_sole:
            if not is_sole or not os.path.samestat(os.stat(self.path), found):
                return False
            try:
                for number in range(self._backups - 1, 0, -1):
                    if os.path.exists(f"{self.path}.{number}"):
                        os.replace(f"{self.path}.{number}", f"{self.path}.{number + 1}")
                os.replace(self.path, f"{self.path}.1")
            except OSError:
                return False  # where an open file cannot be renamed it grows on
        return True

    def _close(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def _drop(self, error: Exception) -> None:
        with self._lock:
            self.dropped += 1
            is_first = self.dropped == 1
        if is_first:
            import logging

            logging.getLogger("ollalog.recorder").warning(
                "a record could not be written; those that follow are counted without a word\n  at     %s\n  found  %s\n"
                "  want   a file that this program may append to, with space left\n"
                "  fix    ollalog.configure(directory=…) with a folder that is writable",
                self.path,
                error,
            )

    def renew(self) -> None:
        """In a new process: a lock that no thread of the parent holds, and a file position of its own."""
        self._lock = threading.Lock()
        self._close()


def _begins_a_line(descriptor: int, count: int) -> bool:
    """Whether the last write of this open file, of `count` bytes, began after the end of a line."""
    return _ends_a_line(descriptor, os.lseek(descriptor, 0, os.SEEK_CUR) - count)


def _ends_a_line(descriptor: int, end: int) -> bool:
    """Whether what an open file holds up to a byte offset is whole lines; on Windows nobody can ask without moving the others."""
    return end <= 0 or sys.platform == "win32" or os.pread(descriptor, 1, end - 1) == b"\n"


@contextmanager
def _sole_renamer(descriptor: int) -> Iterator[bool]:
    """Whether no other process renames this open file meanwhile; never waits."""
    if sys.platform == "win32":
        yield True
        return
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
