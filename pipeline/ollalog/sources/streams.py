"""The bytes of a log that lies in a plain file, and what every kind of stream can be asked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from ollalog.core.batch import Checkpoint
from ollalog.sources.identity import HEAD_BYTES, TAIL_BYTES, checkpoint_at


@dataclass(frozen=True)
class FileId:
    """What the operating system calls a file: a hint to which one it is, no proof."""

    device: int
    inode: int

    @staticmethod
    def of(stat: os.stat_result) -> FileId:
        """The name in what the system says of a file."""
        return FileId(stat.st_dev, stat.st_ino)


class Reading(Protocol):
    """A stream that is open at an offset: `before` are the TAIL_BYTES bytes before it, `chunks` those behind it."""

    before: bytes

    @property
    def chunks(self) -> Iterator[bytes]:
        """What follows, piece by piece."""
        ...

    def step_back(self, length_bytes: int) -> bool:
        """Let the next chunk begin so many bytes earlier; False where the bytes are gone."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None: ...


class OpenStream:
    """A stream that is open at an offset: `before` are the TAIL_BYTES bytes before it. Closes its file when left."""

    def __init__(self, file: BinaryIO, before: bytes, chunks: Iterator[bytes], *, can_step_back: bool = False) -> None:
        self.before = before
        self.chunks = chunks
        self._file = file
        self._can_step_back = can_step_back

    def __enter__(self) -> Self:
        """It is open already."""
        return self

    def step_back(self, length_bytes: int) -> bool:
        """Let the next chunk begin so many bytes earlier; False where the bytes are gone."""
        if not self._can_step_back:
            return False
        self._file.seek(-length_bytes, os.SEEK_CUR)
        return True

    def __exit__(self, *fault: object) -> None:
        """Close the file."""
        self._file.close()


class Stream(Protocol):
    """What reading needs of a log's bytes. `is_cut_off`: Ctrl-C ended a pipe; what came by then is all, and waits for nothing."""

    kind: str
    is_cut_off: bool

    def head(self) -> bytes:
        """The first HEAD_BYTES bytes, or all that is there."""
        ...

    def read_from(self, offset: int, chunk_bytes: int) -> Reading:
        """Open the stream at an offset."""
        ...


class StoredStream(Stream, Protocol):
    """A stream that can be read again and in any place: what identity needs.

    Every method raises OSError, and for packed data EOFError (it is cut off) or zlib.error, where the bytes cannot be had.
    """

    @property
    def size_bytes(self) -> int:
        """Its length."""
        ...

    def holds(self, proofs: Sequence[Checkpoint]) -> bool:
        """Whether the bytes before every given offset, in order, are those of the proofs."""
        ...

    def believed_to_end_at(self, offset: int) -> bool:
        """Whether the file says, without being read, that the stream ends there; then that is its size."""
        ...


class PlainStream:
    """A file that is read as it lies there."""

    kind = "file"
    is_cut_off = False

    def __init__(self, path: Path, size_bytes: int) -> None:
        self.path = path
        self.size_bytes = size_bytes

    def believed_to_end_at(self, offset: int) -> bool:
        """Whether it was so long when it was found."""
        return self.size_bytes == offset

    def head(self) -> bytes:
        """The first HEAD_BYTES bytes, or all that is there."""
        with self.path.open("rb", buffering=0) as file:
            return _piece(file, 0, HEAD_BYTES)

    def holds(self, proofs: Sequence[Checkpoint]) -> bool:
        """Whether the bytes before every given offset are those of the proofs."""
        with self.path.open("rb", buffering=0) as file:
            return all(checkpoint_at(proof.offset, _before(file, proof.offset)) == proof for proof in proofs)

    def read_from(self, offset: int, chunk_bytes: int) -> OpenStream:
        """Open the file at an offset; it ends where its end is when reading comes there."""
        file = self.path.open("rb", buffering=0)
        before = _before(file, offset)
        file.seek(offset)
        return OpenStream(file, before, file_chunks(file, chunk_bytes), can_step_back=True)


def _piece(file: BinaryIO, offset: int, length_bytes: int) -> bytes:
    file.seek(offset)
    return file.read(length_bytes)


def _before(file: BinaryIO, offset: int) -> bytes:
    start = max(0, offset - TAIL_BYTES)
    return _piece(file, start, offset - start)


def file_chunks(file: BinaryIO, chunk_bytes: int) -> Iterator[bytes]:
    """The rest of an open file piece by piece."""
    while chunk := file.read(chunk_bytes):
        yield chunk
