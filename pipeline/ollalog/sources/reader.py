"""An item of the plan as blocks of whole lines; a half line waits."""

from __future__ import annotations

import errno
import zlib
from collections.abc import Iterator

from ollalog.core.batch import Block
from ollalog.core.errors import SourceError
from ollalog.sources.coding import coding_of
from ollalog.sources.identity import checkpoint_at, last_checkpoint, same_head
from ollalog.sources.item import PlanItem, ReadResult
from ollalog.sources.journal import proven
from ollalog.sources.problems import unreadable
from ollalog.sources.splitter import LineSplitter
from ollalog.sources.streams import Reading

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
    held = is_cut = is_stale = False
    problem = None
    try:
        with item.stream.read_from(source.offset, block_bytes) as stream:
            head = item.stream.head()
            _refuse_other(item, stream, head)
            item.head = head
            splitter = LineSplitter(source.id, source.offset, stream.before, coding_of(item.head))
            for cut_block in _split(splitter, stream, item, final=final):
                block = proven(cut_block) if item.stream.kind == "journal" else cut_block
                source = item.advanced(source, block)
                yield block
        is_cut = _is_cut(splitter, item)
        held = splitter.held and not is_cut
    except SourceError as fault:
        problem = fault
    except (OSError, EOFError, zlib.error) as fault:
        problem = unreadable(source.path, fault)
        is_stale = getattr(fault, "errno", None) in (errno.ESTALE, errno.ENOENT)
    item.result = ReadResult(source, held, problem, is_cut, is_stale)


def _is_cut(splitter: LineSplitter, item: PlanItem) -> bool:
    """Whether this turn has read its share; a line that is longer than that is read to its end."""
    return item.budget_bytes is not None and splitter.lines_end - item.source.offset >= item.budget_bytes


def _split(splitter: LineSplitter, stream: Reading, item: PlanItem, *, final: bool) -> Iterator[Block]:
    for chunk in stream.chunks:
        yield from splitter.feed(chunk)
        if 0 < splitter.rest_bytes < len(chunk) // 2 and stream.step_back(splitter.rest_bytes):
            splitter.forget_rest()
        if _is_cut(splitter, item):
            return
    # where Ctrl-C cut a pipe off there is no end
    yield from splitter.close(take_rest=(final or item.end_is_final) and not item.stream.is_cut_off)


def _refuse_other(item: PlanItem, stream: Reading, head: bytes) -> None:
    """The file may have been rotated between the look at it and its opening: then the offset would be that of another."""
    source = item.source
    if item.stream.kind == "journal":
        return
    is_same = not source.offset or (same_head(source, head) and last_checkpoint(source) == checkpoint_at(source.offset, stream.before))
    if not (is_same and head.startswith(item.head)):
        raise OSError(errno.ESTALE, "it was replaced after it was looked at")
