"""A log that passes by once: standard input, a named pipe."""

from __future__ import annotations

import io
import os
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ollalog.sources.identity import HEAD_BYTES
from ollalog.sources.packed import GZIP_MAGIC, GzipStream
from ollalog.sources.streams import OpenStream, PlainStream

_CHUNK_BYTES = 1 << 20


class PipeStream:
    """A stream that can be read from its beginning, once; its head is read when it is made."""

    kind = "stdin"

    def __init__(self, pipe: BinaryIO, *, ours: bool = False) -> None:
        """With `ours` the pipe is closed at its end."""
        self._pipe = pipe
        self._ours = ours
        self._head = _filled(pipe, HEAD_BYTES)

    @property
    def is_packed(self) -> bool:
        """Whether gzip data comes through the pipe."""
        return self._head.startswith(GZIP_MAGIC)

    def head(self) -> bytes:
        """The first HEAD_BYTES bytes, or all that came before the end."""
        return self._head

    def read_from(self, offset: int, chunk_bytes: int) -> OpenStream:
        """The whole stream; only from its beginning."""
        if offset:
            raise ValueError("a pipe cannot be read from the middle")
        return OpenStream(self._pipe if self._ours else io.BytesIO(), b"", self._chunks(chunk_bytes))

    def spool(self) -> Spool:
        """Keep the whole stream in a temporary file, for when it has to be read more than once."""
        spool = Spool()
        with self.read_from(0, _CHUNK_BYTES) as stream, spool.path.open("wb") as file:
            file.writelines(stream.chunks)
        return spool

    def _chunks(self, chunk_bytes: int) -> Iterator[bytes]:
        chunk = self._head
        while chunk:
            yield chunk
            chunk = _filled(self._pipe, chunk_bytes)


class Spool:
    """A temporary file that is removed when nothing refers to it any more."""

    def __init__(self) -> None:
        descriptor, name = tempfile.mkstemp(prefix="ollalog-")
        os.close(descriptor)
        self.path = Path(name)
        weakref.finalize(self, self.path.unlink, missing_ok=True)


class SpooledStream(PlainStream):
    """A pipe's bytes in a temporary file that lives as long as this."""

    kind = "stdin"

    def __init__(self, spool: Spool) -> None:
        super().__init__(spool.path, spool.path.stat().st_size)
        self._spool = spool


class SpooledGzipStream(GzipStream):
    """A pipe's packed bytes in a temporary file that lives as long as this."""

    kind = "stdin"

    def __init__(self, spool: Spool) -> None:
        super().__init__(spool.path)
        self._spool = spool


def _filled(pipe: BinaryIO, length_bytes: int) -> bytes:
    """So many bytes, fewer only at the end: a pipe hands over what it has, which is little."""
    parts: list[bytes] = []
    while length_bytes > 0 and (part := pipe.read(length_bytes)):
        parts.append(part)
        length_bytes -= len(part)
    return b"".join(parts)
