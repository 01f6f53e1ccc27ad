"""A block of lines to records: envelope, route, extract. No state: blocks are parsed in any order, at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from ollalog.core.batch import LineBatch
from ollalog.parsing import route, saying
from ollalog.parsing.format import LINE_SCHEMA, REJECTED_SCHEMA, Extract
from ollalog.parsing.formats import gin_access, llama_server

_PLACE = {"line": pl.UInt32(), "byte_offset": pl.Int64(), "stamp": LINE_SCHEMA["stamp"]}
EVENT_SCHEMA = {**_PLACE, "ended_local": pl.Datetime("us"), "zone_s": pl.Int32(), **saying.SCHEMA}


@dataclass(frozen=True)
class ParsedBatch:
    """What the lines of one block say by themselves; times may still be local. Frames are in order of `line`.

    `indexed_count` is the number of lines that have a number `line`: all but those too long to keep.
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
    blank: pl.Series
    opens: pl.Series
    noise: Mapping[str, int]
    folded: int
    first_bytes: bytes = b""


def parse(batch: LineBatch, first_bytes: bytes = b"") -> ParsedBatch:
    """Read the lines of one block.

    Args:
        batch: whole lines with their offsets.
        first_bytes: the raw start of the block, kept for looking ahead for a zone.

    Returns:
        Records, marks, rejects and counts; every line is in exactly one of them.
    """
    lines = batch.lines.select("text", "byte_offset").with_row_index("line")
    lines = lines.with_columns(pl.lit(None, LINE_SCHEMA["stamp"]).alias("stamp")).select(list(LINE_SCHEMA))
    routed = route.route(lines)
    by_format = routed.extracts
    events, debug_count = _events(by_format)
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
        blank=routed.blank,
        opens=pl.concat([pl.Series("line", dtype=pl.UInt32), *(extract.opens for _, extract in by_format)]).sort(),
        noise=_noise(by_format, debug_count),
        folded=sum(extract.folded for _, extract in by_format),
        first_bytes=first_bytes,
    )


_INFERENCE_FORMATS = ("performance_jsonl", "ollama_response")
_REJECTS = {**REJECTED_SCHEMA, "format": pl.String(), "length_bytes": pl.Int64()}


def _concat(frames: list[pl.DataFrame | None], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    some = [frame for frame in frames if frame is not None and frame.height]
    if not some:
        return pl.DataFrame(schema=schema)
    return pl.concat(some).sort("line", maintain_order=True) if len(some) > 1 else some[0]


def _requests(frames: list[pl.DataFrame | None]) -> pl.DataFrame:
    schema = {
        **_PLACE,
        "ended_local": pl.Datetime("us"),
        **{name: pl.Int64() for name in ("status", "latency_ns", "latency_resolution_ns")},
        **{name: pl.String() for name in ("client", "method", "path", "route", "operation")},
    }
    return _concat([frame.select(list(schema)) for frame in frames if frame is not None], schema)


def _events(by_format: tuple[tuple[str, Extract], ...]) -> tuple[pl.DataFrame, int]:
    """Records of `server_events`, EVENT_SCHEMA, and how many lines of DEBUG or TRACE level are left out."""
    said = _concat([extract.said for _, extract in by_format], saying.SAID_SCHEMA)
    if said.height == 0:
        return pl.DataFrame(schema=EVENT_SCHEMA), 0
    events, debug_count = saying.told(said)
    return events.select(list(EVENT_SCHEMA)), debug_count


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
