"""Chunks of a stream in, whole lines out as blocks with their byte offsets; what is not kept is counted.

Memory stays bounded by a chunk and the longest line that is kept, whatever the stream holds: the bytes of a longer line and
leading NULs (the hole that two processes leave when they write to one truncated file) are passed over as they come.
"""

from __future__ import annotations

from collections.abc import Iterator

from ollalog.core.batch import Block, Checkpoint, LongLine
from ollalog.sources.coding import Coding
from ollalog.sources.identity import TAIL_BYTES, checkpoint_at

LINE_BYTES = 1 << 20
LONG_HEAD_BYTES = 2048


class LineSplitter:
    """Cuts one stream into blocks of whole lines; is fed in order, then closed once.

    `lines_end` is the offset where the last whole line ends: from there reading goes on next time.
    """

    def __init__(self, source: int, start: int, before: bytes, coding: Coding) -> None:
        """`before` holds the last TAIL_BYTES bytes before `start` (fewer near the beginning of the stream)."""
        self.lines_end = start
        self._source = source
        self._coding = coding
        self._mark_bytes = len(coding.mark) if start == 0 else 0
        self._buffer = b""
        self._buffer_at = start
        self._before = before[-TAIL_BYTES:]
        self._block_start = start
        self._long_line: tuple[int, bytes] | None = None
        self._long_lines: list[LongLine] = []
        self._nul_bytes = 0
        self._hole_bytes = 0
        self._proof = checkpoint_at(start, self._before)

    @property
    def held(self) -> bool:
        """Whether the beginning of a line waits for its end; a hole of NULs alone is no line."""
        return self._long_line is not None or bool(self._buffer.strip(b"\0"))

    @property
    def rest_bytes(self) -> int:
        """How many of the bytes fed last are kept until the end of their line comes."""
        return len(self._buffer)

    def forget_rest(self) -> None:
        """Those bytes will be fed again: cheaper than to put them before the next chunk, which copies it."""
        self._buffer = b""

    def feed(self, chunk: bytes) -> Iterator[Block]:
        """Take the next bytes of the stream and yield the whole lines that they complete."""
        self._buffer = self._buffer + chunk if self._buffer else chunk
        index = self._mark_bytes
        if index > len(self._buffer):
            return
        self._mark_bytes = 0
        while True:
            if self._long_line is not None:
                index = self._pass_long_line(index, self._long_line)
                if self._long_line is not None:
                    break
            lines_end = self._kept_end(index)
            if lines_end > index:
                yield self._block(index, lines_end)
            index = self._pass_hole(lines_end)
            if index > lines_end:
                continue
            if not self._begin_long_line(index):
                break
        self._drop(index)
        yield from self._flush()

    def close(self, *, take_rest: bool) -> Iterator[Block]:
        """The stream has no more bytes; with `take_rest` what is left is a line though its newline is missing."""
        if not take_rest:
            return
        if self._long_line is not None:
            self._end_long_line(len(self._buffer), len(self._buffer), self._long_line)
        elif self._buffer:
            yield self._block(0, len(self._buffer))
        else:
            self._mark_end(0)
        self._drop(len(self._buffer))
        yield from self._flush()

    def _offset(self, index: int) -> int:
        return self._buffer_at + index

    def _kept_end(self, index: int) -> int:
        """The index where the lines that begin at `index`, and are all short enough to be kept, end."""
        longest = LINE_BYTES + self._coding.unit
        while (found := self._coding.last_newline(self._buffer, index, index + longest)) >= 0:
            index = found + self._coding.unit
        return index

    def _pass_hole(self, index: int) -> int:
        """Count the NULs that a line begins with; returns the index of its first other byte."""
        rest = self._buffer[index:]
        hole_bytes = self._coding.whole(len(rest) - len(rest.lstrip(b"\0")))
        self._hole_bytes += hole_bytes
        return index + hole_bytes

    def _begin_long_line(self, index: int) -> bool:
        """Whether what begins at `index`, where no line that can be kept does, is already too long."""
        if len(self._buffer) - index < LINE_BYTES + self._coding.unit:
            return False
        self._long_line = (self._offset(index), self._buffer[index : index + LONG_HEAD_BYTES])
        return True

    def _pass_long_line(self, index: int, line: tuple[int, bytes]) -> int:
        newline = self._coding.first_newline(self._buffer, index)
        if newline < 0:
            return index + self._coding.whole(len(self._buffer) - index)
        self._end_long_line(newline, newline + self._coding.unit, line)
        return newline + self._coding.unit

    def _end_long_line(self, text_end: int, end: int, line: tuple[int, bytes]) -> None:
        began_at, head = line
        self._long_lines.append(LongLine(began_at, self._offset(text_end) - began_at, head))
        self._long_line = None
        self._mark_end(end)

    def _mark_end(self, index: int) -> None:
        """A whole line ends here, so the hole before it belongs to what is read."""
        self.lines_end = self._offset(index)
        self._nul_bytes += self._hole_bytes
        self._hole_bytes = 0
        self._proof = self._proof_at(index)

    def _proof_at(self, index: int) -> Checkpoint:
        tail = self._buffer[max(0, index - TAIL_BYTES) : index]
        return checkpoint_at(self._offset(index), self._before + tail)

    def _block(self, start: int, end: int) -> Block:
        self._mark_end(end)
        landmarks = tuple(self._proof_at(index) for index in self._landmarks(start, end))
        return self._emit(self._buffer[start:end], self._offset(start), landmarks)

    def _flush(self) -> Iterator[Block]:
        """A block without data for what was passed over behind the last one."""
        if self.lines_end > self._block_start:
            yield self._emit(b"", self.lines_end, ())

    def _emit(self, data: bytes, data_at: int, landmarks: tuple[Checkpoint, ...]) -> Block:
        block = Block(
            source=self._source,
            start=self._block_start,
            end=self.lines_end,
            data=data,
            encoding=self._coding.name,
            long_lines=tuple(self._long_lines),
            nul_bytes=self._nul_bytes,
            skipped_bytes=data_at - self._block_start,
            checkpoints=(*landmarks, self._proof),
        )
        self._block_start = self.lines_end
        self._long_lines.clear()
        self._nul_bytes = 0
        return block

    def _landmarks(self, start: int, end: int) -> Iterator[int]:
        """The end of the stream's first line, then of those at 256, 512, 1024 … bytes: what tells a copy that stops early.

        `end` itself is none of them: a block's end has its own proof.
        """
        mark = self._offset(start) if self._block_start == 0 else _next_power(self._offset(start))
        while mark < self._offset(end):
            newline = self._coding.first_newline(self._buffer, start + self._coding.whole(mark - self._offset(start)))
            if newline < 0 or newline + self._coding.unit >= end:
                return
            yield newline + self._coding.unit
            mark = _next_power(self._offset(newline + self._coding.unit))

    def _drop(self, index: int) -> None:
        self._before = (self._before + self._buffer[max(0, index - TAIL_BYTES) : index])[-TAIL_BYTES:]
        self._buffer = self._buffer[index:]
        self._buffer_at += index


def _next_power(offset: int) -> int:
    """The least power of two above an offset."""
    return 1 << offset.bit_length()
