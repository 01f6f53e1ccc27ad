"""A catalogue in memory, and the lines that a strict reading of bytes finds: what the tests of sources compare with."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

from ollalog.core.batch import Source
from ollalog.sources import Plan, blocks, cut, plan

LINE_LIMIT_BYTES = 1 << 20
Line = tuple[int, str]


@dataclass
class Run:
    """What one run read: lines as (offset, text) by source, in the order read; what it said."""

    plan: Plan
    lines: dict[int, list[Line]] = field(default_factory=dict)
    long_lines: list[tuple[int, int]] = field(default_factory=list)
    nul_bytes: int = 0
    bad_bytes: int = 0
    held: set[int] = field(default_factory=set)

    @property
    def texts(self) -> list[str]:
        """All lines' texts in the order read."""
        return [text for lines in self.lines.values() for _, text in lines]

    @property
    def messages(self) -> list[str]:
        """All that went wrong, those of reading included."""
        found = [item.result.problem for item in self.plan.items if item.result is not None]
        return [str(problem) for problem in (*self.plan.problems, *found) if problem is not None]


@dataclass
class Catalog:
    """Keeps sources as a store would, between runs."""

    sources: dict[int, Source] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)

    def run(self, *paths: Path | str, final: bool = False, block_bytes: int = 1000, stdin: bytes | None = None) -> Run:
        """Plan and read everything, and commit each block."""
        found = plan(
            [str(path) for path in paths],
            list(self.sources.values()),
            host="here",
            next_id=max(self.sources, default=0) + 1,
            stdin=None if stdin is None else io.BytesIO(stdin),
        )
        run = Run(found)
        for item in found.items:
            lines = run.lines.setdefault(item.source.id, [])
            source, end = item.source, item.source.offset
            for block in blocks(item, final=final, block_bytes=block_bytes):
                assert block.start == end, "blocks follow each other without gap"
                assert block.checkpoints[-1].offset == block.end
                end = block.end
                batch = cut(block)
                lines.extend(zip(batch.lines["byte_offset"], batch.lines["text"], strict=True))
                run.long_lines.extend((line.byte_offset, line.length_bytes) for line in block.long_lines)
                run.nul_bytes += batch.nul_bytes
                run.bad_bytes += batch.bad_bytes
                source = item.advanced(source, block)
                self.sources[source.id] = source
            assert item.result is not None
            if item.result.held:
                run.held.add(item.source.id)
            self.sources[item.source.id] = item.result.source
        self.runs.append(run)
        return run

    @property
    def lines(self) -> dict[int, list[Line]]:
        """Every line of every run, by source."""
        lines: dict[int, list[Line]] = {}
        for run in self.runs:
            for source, found in run.lines.items():
                lines.setdefault(source, []).extend(found)
        return lines

    @property
    def texts(self) -> list[str]:
        """The texts of all runs in the order read."""
        return [text for run in self.runs for text in run.texts]


def lines_of(data: bytes, *, take_rest: bool = False) -> tuple[list[Line], list[tuple[int, int]]]:
    """Lines of UTF-8 as (offset, text), long ones as (offset, length): byte by byte, slow and plain."""
    lines, long_lines, start = [], [], 0
    if data.startswith(b"\xef\xbb\xbf"):
        start = 3
    while start < len(data):
        newline = data.find(b"\n", start)
        if newline < 0 and not (take_rest and data[start:].strip(b"\0")):
            break
        end = len(data) if newline < 0 else newline
        first = start
        while first < end and data[first] == 0:
            first += 1
        if end - first > LINE_LIMIT_BYTES:
            long_lines.append((first, end - first))
        else:
            lines.append((first, data[first:end].removesuffix(b"\r").decode("utf-8", errors="replace")))
        start = end + 1
    return lines, long_lines
