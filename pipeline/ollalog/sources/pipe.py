"""A log that passes by once: standard input, a named pipe."""

from __future__ import annotations

import io
import os
import select
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from ollalog.sources.identity import HEAD_BYTES
from ollalog.sources.packed import GZIP_MAGIC, GzipStream
from ollalog.sources.streams import OpenStream, PlainStream

if TYPE_CHECKING:
    from io import BufferedReader

_CHUNK_BYTES = 1 << 20
_WAIT_MS = 500
"""A Ctrl-C in the moment before a wait begins is heard only after it, so no wait is long."""


class PipeStream:
    """A stream that can be read from its beginning, once; its head is read when it is made."""

    kind = "stdin"

    def __init__(self, pipe: BinaryIO, *, ours: bool = False) -> None:
        """With `ours` the pipe is closed at its end."""
        self._pipe = pipe
        self._ours = ours
        self.is_cut_off = False
        self._poll = _poll(pipe)
        self._head = self._filled(HEAD_BYTES)

    @property
    def is_packed(self) -> bool:
        """Whether gzip data comes through the pipe."""
        return self._head.startswith(GZIP_MAGIC)

    def head(self) -> bytes:
        """The first HEAD_BYTES bytes, or all that came before the end."""
        return self._head

    def read_from(self, offset: int, chunk_bytes: int) -> OpenStream:
        """The whole stream, or what came before it was cut off; only from its beginning."""
        if offset:
            raise ValueError("a pipe cannot be read from the middle")
        return OpenStream(self._pipe if self._ours else io.BytesIO(), b"", self._chunks(chunk_bytes))

    def spool(self) -> Spool:
        """Keep the whole stream, or what came before it was cut off, in a temporary file, to be read more than once."""
        spool = Spool()
        with spool.path.open("wb") as file:
            file.writelines(self._chunks(_CHUNK_BYTES))
        if self._ours:
            self._pipe.close()
        return spool

    def _chunks(self, chunk_bytes: int) -> Iterator[bytes]:
        chunk = self._head
        while chunk:
            yield chunk
            chunk = b"" if self.is_cut_off else self._filled(chunk_bytes)

    def _filled(self, length_bytes: int) -> bytes:
        """So many bytes, fewer only at the end or where Ctrl-C cuts it off: a pipe hands over what it has, which is little."""
        parts: list[bytes] = []
        try:
            while length_bytes > 0 and (part := self._part(length_bytes)):
                parts.append(part)
                length_bytes -= len(part)
        except KeyboardInterrupt:
            self.is_cut_off = True
        return b"".join(parts)

    def _part(self, length_bytes: int) -> bytes:
        """What is there, at most so many bytes; waits for the first one."""
        while self._poll is not None and not self._poll.poll(_WAIT_MS):
            pass
        # `read` would wait for all that it is asked for, and forget what came when it is interrupted
        return cast("BufferedReader", self._pipe).read1(min(length_bytes, _CHUNK_BYTES))


def _poll(pipe: BinaryIO) -> select.poll | None:
    """What says when a pipe has something; None for what only looks like a pipe and never waits."""
    try:
        descriptor = pipe.fileno()
    except io.UnsupportedOperation:
        return None
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return poll


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

    def __init__(self, spool: Spool, *, is_cut_off: bool) -> None:
        super().__init__(spool.path, spool.path.stat().st_size)
        self._spool = spool
        self.is_cut_off = is_cut_off


class SpooledGzipStream(GzipStream):
    """A pipe's packed bytes in a temporary file that lives as long as this."""

    kind = "stdin"

    def __init__(self, spool: Spool) -> None:
        super().__init__(spool.path)
        self._spool = spool
