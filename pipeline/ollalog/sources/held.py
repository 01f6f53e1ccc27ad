"""A file that is kept open while it is followed: its bytes stay in reach when it is renamed, deleted or closed to us."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from ollalog.core.batch import Checkpoint
from ollalog.sources.identity import HEAD_BYTES, TAIL_BYTES, checkpoint_at
from ollalog.sources.packed import GzipStream
from ollalog.sources.streams import FileId

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer


class HeldStream:
    """An open file. Every read names its place, so nothing depends on where an earlier read stopped."""

    kind = "file"
    is_cut_off = False

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            OSError: it cannot be.
        """
        self.path = path
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        self.file_id = FileId.of(self.stat())

    def stat(self) -> os.stat_result:
        """What the system says of the open file, whatever its name is by now."""
        return os.fstat(self._file)

    @property
    def size_bytes(self) -> int:
        """Its length now."""
        return self.stat().st_size

    @property
    def place(self) -> Path | None:
        """Where it lies now: its own name, or another in the same folder; None where it has none there any more."""
        if _file_id(self.path) == self.file_id:
            return self.path
        return next((name for name in _siblings(self.path) if _file_id(name) == self.file_id), None)

    def believed_to_end_at(self, offset: int) -> bool:
        """Whether it is so long."""
        return self.size_bytes == offset

    def head(self) -> bytes:
        """The first HEAD_BYTES bytes, or all that is there."""
        return os.pread(self._file, HEAD_BYTES, 0)

    def before(self, offset: int) -> bytes:
        """The TAIL_BYTES bytes before an offset, fewer at the start."""
        start = max(0, offset - TAIL_BYTES)
        return os.pread(self._file, offset - start, start)

    def holds(self, proofs: Sequence[Checkpoint]) -> bool:
        """Whether the bytes before every given offset are those of the proofs."""
        return all(checkpoint_at(proof.offset, self.before(proof.offset)) == proof for proof in proofs)

    def read_from(self, offset: int, chunk_bytes: int) -> HeldReading:
        """Read on from an offset to where the end is when reading comes there."""
        return HeldReading(self, offset, chunk_bytes)

    def read_at(self, offset: int, length_bytes: int) -> bytes:
        """So many bytes from a place, fewer at the end."""
        return os.pread(self._file, length_bytes, offset)

    def opened(self) -> BinaryIO:
        """The file from its beginning, as something to read from in a row."""
        return io.BufferedReader(_HeldFile(self))

    def close(self) -> None:
        """Let the file go."""
        os.close(self._file)


class HeldGzipStream(GzipStream):
    """A packed file that is held open, so that it may be renamed before it is read."""

    def __init__(self, held: HeldStream) -> None:
        super().__init__(held.path)
        self.held = held

    def _open_packed(self) -> BinaryIO:
        return self.held.opened()


class _HeldFile(io.RawIOBase):
    """A place of its own in a held file."""

    def __init__(self, held: HeldStream) -> None:
        self._held = held
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._held.size_bytes}[whence]
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        data = self._held.read_at(self._at, len(view))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


class HeldReading:
    """One reading of a held file.

    What lies before each chunk is looked at again after it was read: a file that was cut and has grown again in between would
    hand over bytes of another stream.
    """

    def __init__(self, held: HeldStream, offset: int, chunk_bytes: int) -> None:
        self.before = held.before(offset)
        self._held = held
        self._head = held.head()
        self._at = offset
        self._tail = self._known = self.before
        self._chunk_bytes = chunk_bytes

    @property
    def chunks(self) -> Iterator[bytes]:
        """The rest of the file piece by piece.

        Raises:
            OSError: ESTALE where the file was cut meanwhile.
        """
        while chunk := self._held.read_at(self._at, self._chunk_bytes):
            if self._held.before(self._at) != self._tail or not self._held.head().startswith(self._head):
                raise OSError(errno.ESTALE, "it was cut while it was read")
            self._at += len(chunk)
            self._known, self._tail = self._tail + chunk, (self._tail + chunk[-TAIL_BYTES:])[-TAIL_BYTES:]
            yield chunk

    def step_back(self, length_bytes: int) -> bool:
        """Let the next chunk begin so many bytes earlier."""
        self._at -= length_bytes
        self._tail = self._known[:-length_bytes][-TAIL_BYTES:]
        return True

    def __enter__(self) -> Self:
        """It is open already."""
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        """The file stays open: whoever holds it closes it."""


def _siblings(path: Path) -> list[Path]:
    try:
        return sorted(path.parent.iterdir())
    except OSError:
        return []


def _file_id(path: Path) -> FileId | None:
    try:
        return FileId.of(path.stat())
    except OSError:
        return None
