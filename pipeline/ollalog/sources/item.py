"""What is to be read: a stream, the source it is, and what came of reading it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ollalog.core.batch import Block, Source
from ollalog.core.errors import SourceError
from ollalog.sources.identity import HEAD_BYTES, fingerprint, merged
from ollalog.sources.streams import Stream


@dataclass(frozen=True)
class ReadResult:
    """How reading ended: whether a half line waits, the source as it is when all blocks are committed, what went wrong.

    `is_cut`: there was more, beyond what this turn may read. `is_stale`: the file is another than it was when it was looked at.
    """

    source: Source
    held: bool
    problem: SourceError | None = None
    is_cut: bool = False
    is_stale: bool = False


@dataclass
class PlanItem:
    """One source to read from its committed offset on.

    `size_bytes` is the length of the whole stream, None where only reading tells; `end_is_final` says that nothing will
    be appended, so a last line without newline is taken; `gap_bytes` is what was lost before this generation began (None:
    something may be, how much cannot be known); `budget_bytes` is about as much as this turn may read of it (None: all).
    `result` is set when its blocks are exhausted.
    """

    source: Source
    stream: Stream
    head: bytes
    size_bytes: int | None
    end_is_final: bool
    gap_bytes: int | None = 0
    budget_bytes: int | None = None
    result: ReadResult | None = None

    @property
    def unread_bytes(self) -> int | None:
        """Bytes behind the committed offset; None where only reading tells."""
        return None if self.size_bytes is None else max(0, self.size_bytes - self.source.offset)

    def advanced(self, source: Source, block: Block) -> Source:
        """A source as it is once `block` is committed: the offset, the head as far as it is committed, the proofs."""
        head = self.head[: min(HEAD_BYTES, block.end)]
        return replace(
            source,
            offset=block.end,
            head_bytes=len(head),
            head_hash=fingerprint(head),
            checkpoints=merged(source.checkpoints, block.checkpoints),
        )


@dataclass(frozen=True)
class Plan:
    """What there is to read, in reading order; what cannot be read; sentences for the person at the terminal.

    `is_settled` is false where files were given other names while they were looked at: some may be missing.
    """

    items: list[PlanItem] = field(default_factory=list)
    problems: list[SourceError] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    is_settled: bool = True
