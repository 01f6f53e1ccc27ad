"""The values that cross the borders between stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

FATES = ("row", "folded", "noise", "rejected", "held")


@dataclass(frozen=True)
class Checkpoint:
    """A proof of content: the hash of the last 64 bytes (fewer at the start) before an offset of a source."""

    offset: int
    tail_hash: str


@dataclass(frozen=True)
class Source:
    """One byte stream as the catalogue knows it: one generation of a log.

    `offset` is where reading goes on: everything before it is committed. `family` names the log that the source is a
    generation of; what parsing remembers belongs to the family. `head_hash` covers the first `head_bytes` bytes.
    """

    id: int
    family: str
    path: str
    kind: str
    generation: int = 0
    predecessor: int | None = None
    device: int | None = None
    inode: int | None = None
    head_bytes: int = 0
    head_hash: str = ""
    offset: int = 0
    host: str = ""
    checkpoints: tuple[Checkpoint, ...] = ()


@dataclass(frozen=True)
class LongLine:
    """A line that was too long to keep: where it begins, its length without newline, and its first bytes."""

    byte_offset: int
    length_bytes: int
    head: bytes


@dataclass(frozen=True)
class Block:
    """Whole lines of one source as bytes, from `start` to `end` (just past the last line's end).

    The first `skipped_bytes` of the stretch (byte order mark, NULs, lines too long to keep) are not in `data`, whose
    first byte lies at `start + skipped_bytes`. The last checkpoint is at `end`; those before it are ends of lines.
    """

    source: int
    start: int
    end: int
    data: bytes
    encoding: str = "utf-8"
    long_lines: tuple[LongLine, ...] = ()
    nul_bytes: int = 0
    skipped_bytes: int = 0
    checkpoints: tuple[Checkpoint, ...] = ()


@dataclass(frozen=True)
class LineBatch:
    """Whole lines of one source as a frame: one row per line; `text` String, `byte_offset` Int64, in order of the source."""

    source: int
    start: int
    end: int
    lines: pl.DataFrame
    long_lines: tuple[LongLine, ...] = ()
    nul_bytes: int = 0
    bad_bytes: int = 0


@dataclass(frozen=True)
class LedgerEntry:
    """What one batch did with a stretch of one source: `start` to `end`, every line with exactly one fate.

    `fates` has the keys of FATES (held: 1 when a half line waits behind `end`, else 0); `noise` and `rows` say what the
    noise and the rows were. `gap_bytes` counts bytes that were gone before they could be read; None: unknown how many.
    """

    source: int
    start: int
    end: int
    lines: int
    fates: Mapping[str, int]
    noise: Mapping[str, int]
    rows: Mapping[str, int]
    gap_bytes: int | None = 0


Place = tuple[int, int]
"""Where a row comes from: source and byte offset."""


@dataclass(frozen=True)
class Undecided:
    """What the end of a log leaves open of the runs of its requests.

    `requests`: those that may yet get a run, or another one, each with the run it would get if nothing more came; `runs`: those
    that are no request's yet; `begun`: how many have begun and not ended, None where the log does not tell; `is_idle`: whether no run
    and no load is open, so that none waits for one; `last_utc`: the last time seen.
    """

    requests: Mapping[Place, Place | None] = field(default_factory=dict)
    runs: frozenset[Place] = frozenset()
    begun: int | None = None
    is_idle: bool = False
    last_utc: datetime | None = None


@dataclass(frozen=True)
class Turn:
    """All that one commit records: rows by table, the ledger, sources as they now are; by family parser state (JSON) and what is open."""

    tables: Mapping[str, pl.DataFrame]
    ledger: tuple[LedgerEntry, ...]
    sources: tuple[Source, ...]
    states: Mapping[str, str]
    undecided: Mapping[str, Undecided] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """One Parquet file of a snapshot; `paths` are the names it may have, the likeliest first; times are of its rows, UTC."""

    table: str
    date: str
    batch: int
    rows: int
    size_bytes: int
    paths: tuple[Path, ...]
    min_time: datetime | None = None
    max_time: datetime | None = None


@dataclass(frozen=True)
class SourceSummary:
    """What the ledger says of one source in all: for `status`, `data_quality` and the summary of an ingest."""

    source: Source
    lines: int
    fates: Mapping[str, int]
    noise: Mapping[str, int]
    rows: Mapping[str, int]
    gap_bytes: int | None


@dataclass(frozen=True)
class Snapshot:
    """The store as of one commit, for readers: its parts, what the ledger says of its sources, parser state by family."""

    batch: int
    parts: tuple[Part, ...]
    sources: tuple[SourceSummary, ...] = field(default=())
    states: Mapping[str, str] = field(default_factory=dict)
