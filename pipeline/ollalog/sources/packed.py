"""The bytes of a log that is packed with gzip; offsets are those of what is packed in it."""

from __future__ import annotations

import gzip
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, cast

from ollalog.core.batch import Checkpoint
from ollalog.sources.identity import HEAD_BYTES, TAIL_BYTES, checkpoint_at
from ollalog.sources.streams import OpenStream, file_chunks

GZIP_MAGIC = b"\x1f\x8b"
_LENGTH_BYTES = 4
_CHUNK_BYTES = 1 << 20


class GzipStream:
    """A gzip file, of one or several members. Methods raise EOFError when it is cut off, zlib.error or OSError when damaged."""

    kind = "gzip"
    is_cut_off = False

    def __init__(self, path: Path) -> None:
        self.path = path

    def _open_packed(self) -> BinaryIO:
        return self.path.open("rb")

    def _open(self) -> gzip.GzipFile:
        packed = self._open_packed()
        return _OwningGzip(packed)

    @cached_property
    def size_bytes(self) -> int:
        """Its length unpacked; unpacks it once, which also proves that it is whole."""
        with self._open() as file:
            return sum(len(chunk) for chunk in iter(lambda: file.read(_CHUNK_BYTES), b""))

    def believed_to_end_at(self, offset: int) -> bool:
        """Whether the length that gzip writes last (modulo 2**32, of the last member only) is this one."""
        with self._open_packed() as file:
            file.seek(-min(_LENGTH_BYTES, file.seek(0, os.SEEK_END)), os.SEEK_END)
            believed = int.from_bytes(file.read(), "little") == offset % (1 << 32)
        if believed:
            self.size_bytes = offset
        return believed

    def head(self) -> bytes:
        """The first HEAD_BYTES bytes, or all that is there."""
        with self._open() as file:
            return file.read(HEAD_BYTES)

    def holds(self, proofs: Sequence[Checkpoint]) -> bool:
        """Whether the bytes before every given offset, in order, are those of the proofs."""
        with self._open() as file:
            for proof in proofs:
                if checkpoint_at(proof.offset, _before(file, proof.offset)) != proof:
                    return False
        return True

    def read_from(self, offset: int, chunk_bytes: int) -> OpenStream:
        """Unpack, and pass over what lies before the offset."""
        file = self._open()
        try:
            before = _before(file, offset)
        except BaseException:
            file.close()
            raise
        return OpenStream(cast("BinaryIO", file), before, file_chunks(cast("BinaryIO", file), chunk_bytes))


class _OwningGzip(gzip.GzipFile):
    """Closes the packed file with itself."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__(fileobj=packed, mode="rb")
        self._packed = packed

    def close(self) -> None:
        """Close both."""
        super().close()
        self._packed.close()


def _before(file: gzip.GzipFile, offset: int) -> bytes:
    start = max(0, offset - TAIL_BYTES)
    file.seek(start)
    return file.read(offset - start)
