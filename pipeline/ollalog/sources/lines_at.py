"""Lines of a log read again by their byte offsets, for the proof that rows are what the log says."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from io import BufferedIOBase
from pathlib import Path

import polars as pl

from ollalog.core.batch import Block, LineBatch, Source
from ollalog.core.errors import SourceError
from ollalog.sources.coding import Coding, coding_of
from ollalog.sources.found import open_file
from ollalog.sources.identity import same_head
from ollalog.sources.splitter import LINE_BYTES
from ollalog.sources.streams import Stream
from ollalog.sources.text import cut

_PIECE_BYTES = 64 << 10


def lines_at(source: Source, offsets: Sequence[int]) -> LineBatch | None:
    """Read the lines that begin at some offsets.

    Args:
        source: A source of the catalogue.
        offsets: Where lines begin, ascending, at least one; bytes.

    Returns:
        One row per offset; None where the file is gone, cannot be read, or is another stream by now.
    """
    try:
        stream = open_file(Path(source.path)).stored
        if stream is None or stream.size_bytes < source.offset or not same_head(source, stream.head()):
            return None
        if not stream.holds(source.checkpoints[-1:]):
            return None
        coding = coding_of(stream.head())
        with _opened(source, stream) as file:
            found = [(offset, _line(file, offset, coding)) for offset in offsets]
    except (OSError, EOFError, zlib.error, SourceError):
        return None
    frames = [cut(Block(source.id, offset, offset + len(data), data, coding.name)).lines.head(1) for offset, data in found]
    return LineBatch(source.id, offsets[0], offsets[-1], pl.concat(frames))


def _opened(source: Source, stream: Stream) -> BufferedIOBase:
    return gzip.open(source.path) if stream.kind == "gzip" else Path(source.path).open("rb")


def _line(file: BufferedIOBase, offset: int, coding: Coding) -> bytes:
    """The line that begins at an offset, without its end; no more of it than a line may be long."""
    file.seek(offset)
    data = b""
    while coding.first_newline(data, 0) < 0 and len(data) <= LINE_BYTES and (piece := file.read(_PIECE_BYTES)):
        data += piece
    end = coding.first_newline(data, 0)
    return data if end < 0 else data[:end]
