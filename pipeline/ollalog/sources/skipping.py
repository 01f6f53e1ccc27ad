"""A log of which only what comes from now on is wanted."""

from __future__ import annotations

from dataclasses import replace

from ollalog.sources.coding import coding_of
from ollalog.sources.held import HeldStream
from ollalog.sources.identity import HEAD_BYTES, checkpoint_at, fingerprint
from ollalog.sources.item import PlanItem
from ollalog.sources.splitter import LINE_BYTES


def skipped_to_end(item: PlanItem) -> PlanItem:
    """The item with all whole lines that are there passed over; they are counted as a gap, so that every byte is accounted for.

    A packed or rotated file is passed over with it: a log that has been there before is begun where its last line ends.
    """
    stream = item.stream
    if not isinstance(stream, HeldStream):
        return item
    end = _last_line_end(stream)
    if end == 0:
        return item
    head = stream.head()[: min(HEAD_BYTES, end)]
    proof = checkpoint_at(end, stream.before(end))
    source = replace(item.source, offset=end, head_bytes=len(head), head_hash=fingerprint(head), checkpoints=(proof,))
    return replace(item, source=source, gap_bytes=end)


def _last_line_end(stream: HeldStream) -> int:
    """Where the last whole line ends; the end of the file where the last line is too long to be kept."""
    coding = coding_of(stream.head())
    size_bytes = coding.whole(stream.size_bytes)
    start = max(0, coding.whole(size_bytes - LINE_BYTES))
    data = stream.read_at(start, size_bytes - start)
    newline = coding.last_newline(data, 0, len(data))
    if newline < 0:
        return size_bytes if start else 0
    return start + newline + coding.unit
