"""A block of lines to records: envelope, route, extract. No state: blocks are parsed in any order, at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import polars as pl

from ollalog.core.batch import LineBatch
from ollalog.core.tables import stacked
from ollalog.parsing import route, saying
from ollalog.parsing.format import LINE_SCHEMA, REJECTED_SCHEMA, Extract, Format
from ollalog.parsing.formats import gin_access, llama_server
from ollalog.parsing.guard import guarded

_PLACE = {"line": pl.UInt32(), "byte_offset": pl.Int64(), "stamp": LINE_SCHEMA["stamp"]}
EVENT_SCHEMA = {**_PLACE, "ended_local": pl.Datetime("us"), "zone_s": pl.Int32(), **saying.SCHEMA}


@dataclass(frozen=True)
class ParsedBatch:
    """What the lines of one block say by themselves; times may still be local. Frames are in order of `line`.

    `indexed_count` is the number of lines that have a number `line`: all but those too long to keep. `between` are those
    that can stand within a record of many lines, blank ones most of all; `listed` those of a runner's listings.
    """

    source: int
    start: int
    end: int
    line_count: int
    indexed_count: int
    requests: pl.DataFrame
    events: pl.DataFrame
    inferences: pl.DataFrame | None
    marks: pl.DataFrame
    rejected: pl.DataFrame
    unowned: pl.DataFrame
    between: pl.Series
    opens: pl.Series
    listed: pl.Series
    noise: Mapping[str, int]
    folded: int
    recorded: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    first_bytes: bytes = b""

    @property
    def record_count(self) -> int:
        """How many records the frames hold: what settling and storing them costs."""
        records = 0 if self.inferences is None else self.inferences.height
        frames = (self.requests, self.events, self.marks, self.rejected, self.unowned, *self.recorded.values())
        return records + sum(frame.height for frame in frames)


def parse(batch: LineBatch, first_bytes: bytes = b"", formats: Sequence[Format] | None = None) -> ParsedBatch:
    """Read the lines of one block.

    Args:
        batch: whole lines with their offsets.
        first_bytes: the raw start of the block, kept for looking ahead for a zone.
        formats: in the order in which they are asked; None: all that there are.

    Returns:
        Records, marks, rejects and counts; every line is in exactly one of them.
    """
    lines = batch.lines.select("text", "byte_offset").with_row_index("line")
    lines = lines.with_columns(pl.lit(None, LINE_SCHEMA["stamp"]).alias("stamp")).select(list(LINE_SCHEMA))
    routed = route.route(lines, formats)
    events, debug_count, failed = _events(routed.extracts, lines)
    by_format = (*routed.extracts, *failed)
    inferences = [extract.records for name, extract in by_format if name in _INFERENCE_FORMATS and extract.records is not None]
    return ParsedBatch(
        source=batch.source,
        start=batch.start,
        end=batch.end,
        line_count=lines.height + len(batch.long_lines),
        indexed_count=lines.height,
        requests=_requests([extract.records for name, extract in by_format if name == gin_access.FORMAT.name]),
        events=events,
        inferences=pl.concat(inferences).sort("line") if inferences else None,
        marks=_concat([extract.marks for _, extract in by_format], llama_server.MARK_SCHEMA),
        rejected=_rejected(by_format, batch),
        unowned=routed.unowned,
        between=_places([extract.between for _, extract in by_format]),
        opens=_places([extract.opens for _, extract in by_format]),
        listed=_places([extract.listed for _, extract in by_format]),
        noise=_noise(by_format, debug_count),
        folded=sum(extract.folded for _, extract in by_format),
        recorded=_recorded([extract.recorded for _, extract in by_format]),
        first_bytes=first_bytes,
    )


def joined(parts: Sequence[ParsedBatch]) -> ParsedBatch:
    """Blocks of one source that follow each other as one: settling them together costs hardly more than settling one."""
    if len(parts) == 1:
        return parts[0]
    first_lines = list(accumulate((part.indexed_count for part in parts), initial=0))
    placed = list(zip(parts, first_lines[:-1], strict=True))

    def frames(name: str) -> pl.DataFrame:
        moved: list[pl.DataFrame] = [getattr(part, name).with_columns(pl.col("line") + first) for part, first in placed]
        # Columns added later have one piece each, and a frame whose columns are cut differently is copied as a whole for every look at it.
        return stacked(moved, rechunk=True)

    def lines(name: str) -> pl.Series:
        moved: list[pl.Series] = [getattr(part, name) + first for part, first in placed]
        return pl.concat(moved)

    records = [part.inferences.with_columns(pl.col("line") + first) for part, first in placed if part.inferences is not None]
    noise: Counter[str] = Counter()
    for part in parts:
        noise.update(part.noise)
    return ParsedBatch(
        source=parts[0].source,
        start=parts[0].start,
        end=parts[-1].end,
        line_count=sum(part.line_count for part in parts),
        indexed_count=first_lines[-1],
        requests=frames("requests"),
        events=frames("events"),
        inferences=pl.concat(records) if records else None,
        marks=frames("marks"),
        rejected=frames("rejected"),
        unowned=frames("unowned"),
        between=lines("between"),
        opens=lines("opens"),
        listed=lines("listed"),
        noise=noise,
        folded=sum(part.folded for part in parts),
        recorded=_recorded(
            [{name: frame.with_columns(pl.col("line") + first) for name, frame in part.recorded.items()} for part, first in placed]
        ),
        first_bytes=parts[0].first_bytes,
    )


def _places(found: Sequence[pl.Series]) -> pl.Series:
    """Numbers of lines in order."""
    return pl.concat([pl.Series("line", dtype=pl.UInt32), *found]).sort()


def _recorded(found: Sequence[Mapping[str, pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    """Rows of a recorder by table, in order of `line`."""
    tables = dict.fromkeys(name for recorded in found for name in recorded)
    return {name: pl.concat([recorded[name] for recorded in found if name in recorded]).sort("line") for name in tables}


_INFERENCE_FORMATS = ("performance_jsonl", "ollama_response")
_Named = tuple[str, Extract]
_REJECTS = {**REJECTED_SCHEMA, "format": pl.String(), "length_bytes": pl.Int64()}


def _concat(frames: list[pl.DataFrame | None], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    some = [frame for frame in frames if frame is not None and frame.height]
    if not some:
        return pl.DataFrame(schema=schema)
    return stacked(some).sort("line", maintain_order=True) if len(some) > 1 else some[0]


def _requests(frames: list[pl.DataFrame | None]) -> pl.DataFrame:
    schema = {
        **_PLACE,
        "ended_local": pl.Datetime("us"),
        **{name: pl.Int64() for name in ("status", "latency_ns", "latency_resolution_ns")},
        **{name: pl.String() for name in ("client", "method", "path", "route", "operation")},
    }
    return _concat([frame.select(list(schema)) for frame in frames if frame is not None], schema)


def _events(by_format: tuple[_Named, ...], lines: pl.DataFrame) -> tuple[pl.DataFrame, int, list[_Named]]:
    """Records of `server_events`, EVENT_SCHEMA; how many lines of DEBUG or TRACE level are left out; rejects of those not understood."""
    said = _concat([extract.said for _, extract in by_format], saying.SAID_SCHEMA)
    if said.height == 0:
        return pl.DataFrame(schema=EVENT_SCHEMA), 0, []
    failed: list[_Named] = []

    def reject(one: pl.DataFrame, reason: str) -> tuple[pl.DataFrame, int]:
        name = next(name for name, extract in by_format if extract.said is not None and one["line"][0] in extract.said["line"])
        line = lines.filter(pl.col("line") == one["line"][0])
        failed.append((name, Extract(rejected=line.with_columns(pl.lit(reason).alias("reason")))))
        return pl.DataFrame(schema=EVENT_SCHEMA), 0

    told = list(guarded(saying.told, said, reject))
    return pl.concat([events.select(list(EVENT_SCHEMA)) for events, _ in told]), sum(count for _, count in told), failed


def _rejected(by_format: tuple[tuple[str, Extract], ...], batch: LineBatch) -> pl.DataFrame:
    """Lines that their format could not read, and lines too long to keep; `_REJECTS`."""
    frames = [
        extract.rejected.with_columns(pl.lit(name).alias("format"), pl.col("text").str.len_bytes().cast(pl.Int64).alias("length_bytes"))
        for name, extract in by_format
        if extract.rejected.height
    ]
    if batch.long_lines:
        rows = [
            (None, long.byte_offset, long.head.decode(errors="replace"), None, "longer than 1 MiB", None, long.length_bytes)
            for long in batch.long_lines
        ]
        frames.append(pl.DataFrame(rows, schema=_REJECTS, orient="row"))
    return pl.concat(frames) if frames else pl.DataFrame(schema=_REJECTS)


def _noise(by_format: tuple[tuple[str, Extract], ...], debug_count: int) -> Mapping[str, int]:
    total: Counter[str] = Counter({"debug": debug_count} if debug_count else {})
    for _, extract in by_format:
        total.update(extract.noise)
    return dict(total)
