"""An item of the plan as blocks of whole lines; a half line waits."""

from __future__ import annotations

import errno
import zlib
from collections.abc import Iterator

from ollalog.core.batch import Block, Source
from ollalog.sources.coding import coding_of
from ollalog.sources.identity import checkpoint_at, last_checkpoint
from ollalog.sources.item import PlanItem, ReadResult
from ollalog.sources.problems import unreadable
from ollalog.sources.splitter import LineSplitter
from ollalog.sources.streams import OpenStream

BLOCK_BYTES = 8 << 20


def blocks(item: PlanItem, *, final: bool, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Read a source from its committed offset to the end of what is there.

    Args:
        item: What `plan` found; its `result` is set at the end.
        final: Take a last line without newline also where more could follow.
        block_bytes: How much is read at once; a block is about as large, more only when one line is.

    Yields:
        Blocks of whole lines, one behind the other: each begins where the one before ended.

    Raises:
        Nothing; a fault of this source ends its blocks and is in `item.result.problem`.
    """
    source = item.source
    held = False
    problem = None
    try:
        with item.stream.read_from(source.offset, block_bytes) as stream:
            _refuse_other(source, stream)
            item.head = item.stream.head()
            splitter = LineSplitter(source.id, source.offset, stream.before, coding_of(item.head))
            for block in _split(splitter, stream, item, final=final):
                source = item.advanced(source, block)
                yield block
        held = splitter.held
    except (OSError, EOFError, zlib.error) as fault:
        problem = unreadable(source.path, fault)
    item.result = ReadResult(source, held, problem)


def _split(splitter: LineSplitter, stream: OpenStream, item: PlanItem, *, final: bool) -> Iterator[Block]:
    for chunk in stream.chunks:
        yield from splitter.feed(chunk)
        if 0 < splitter.rest_bytes < len(chunk) // 2 and stream.step_back(splitter.rest_bytes):
            splitter.forget_rest()
    # where Ctrl-C cut a pipe off there is no end
    yield from splitter.close(take_rest=(final or item.end_is_final) and not item.stream.is_cut_off)


def _refuse_other(source: Source, stream: OpenStream) -> None:
    """The file may have been rotated between the look at it and its opening: then the offset would be that of another."""
    if source.offset and last_checkpoint(source) != checkpoint_at(source.offset, stream.before):
        raise OSError(errno.ESTALE, "it was replaced after it was looked at")
