"""A log that was found now: its stream, what it begins with, how its name places it in a chain."""

from __future__ import annotations

import stat as modes
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ollalog.sources.chain import ChainName, chain_name
from ollalog.sources.identity import fingerprint
from ollalog.sources.packed import GZIP_MAGIC, GzipStream
from ollalog.sources.pipe import PipeStream, SpooledGzipStream, SpooledStream
from ollalog.sources.problems import not_a_log
from ollalog.sources.streams import FileId, PlainStream, StoredStream, Stream


@dataclass(frozen=True)
class FoundLog:
    """One stream that is there to be read. `stored` is None for a pipe that passes by once."""

    path: str
    stream: Stream
    stored: StoredStream | None
    head: bytes
    chain: ChainName
    file_id: FileId | None = None

    @property
    def size_bytes(self) -> int | None:
        """The length of the stream; None where only reading tells."""
        return None if self.stored is None else self.stored.size_bytes


def open_file(path: Path) -> FoundLog:
    """Find out what lies at a path.

    Raises:
        OSError, EOFError, zlib.error: It cannot be read.
        SourceError: It is neither a file nor a pipe.
    """
    stat = path.stat()
    if modes.S_ISFIFO(stat.st_mode) or modes.S_ISCHR(stat.st_mode):
        return open_pipe(path.open("rb"), str(path), ours=True)
    if not modes.S_ISREG(stat.st_mode):
        raise not_a_log(path, "a socket or a device")
    stored = GzipStream(path) if _is_gzip(path) else PlainStream(path, stat.st_size)
    return FoundLog(str(path), stored, stored, stored.head(), chain_name(path), FileId.of(stat))


def open_pipe(pipe: BinaryIO, path: str, *, ours: bool = False) -> FoundLog:
    """A log that comes through a pipe, which is closed at its end when it is ours; waits for the first bytes."""
    stream = PipeStream(pipe, ours=ours)
    if stream.is_packed:
        packed = SpooledGzipStream(stream.spool())
        return FoundLog(path, packed, packed, packed.head(), _pipe_chain(packed.head()))
    return FoundLog(path, stream, None, stream.head(), _pipe_chain(stream.head()))


def stored(log: FoundLog) -> FoundLog:
    """The same log in a form that can be read again: a pipe is kept in a temporary file."""
    if log.stored is not None or not isinstance(log.stream, PipeStream):
        return log
    spool = log.stream.spool()
    spooled = SpooledStream(spool, is_cut_off=log.stream.is_cut_off)
    return FoundLog(log.path, spooled, spooled, log.head, log.chain)


def _pipe_chain(head: bytes) -> ChainName:
    """What comes through pipes belongs together when it begins alike: there is no name to tell."""
    return ChainName(Path(f"stdin:{fingerprint(head)}"), (2, 0, 0), live=False)


def _is_gzip(path: Path) -> bool:
    """By what it holds, not by its name: rotated logs are packed under any name, and not all that is called .gz is packed."""
    with path.open("rb", buffering=0) as file:
        magic = file.read(len(GZIP_MAGIC))
    if path.suffix == ".gz" and 0 < len(magic) < len(GZIP_MAGIC):
        raise EOFError
    return magic == GZIP_MAGIC
