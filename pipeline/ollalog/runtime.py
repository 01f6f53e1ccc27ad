"""The whole trip of a line on one screen: plan, read, cut, parse, settle, commit. The only file that knows every stage."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import polars as pl

from ollalog import parsing, sources, store
from ollalog.core.batch import Block, LedgerEntry, Source, Turn
from ollalog.core.clock import Clock
from ollalog.core.errors import PipelineError
from ollalog.core.events import Events
from ollalog.parsing import Context, ParsedBatch, ParserState, Settled
from ollalog.proof import reread

if TYPE_CHECKING:
    from ollalog.warehouse import Warehouse

COMMIT_BYTES = 32 << 20
"""So much of the logs makes a batch: large enough that commits cost little, small enough for flat memory."""
BLOCKS_IN_FLIGHT = 2
LOOK_AHEAD_BYTES = 1 << 20
__all__ = ["IngestOptions", "IngestSummary", "ReprocessSummary", "ingest", "reprocess", "reread", "warehouse"]


@dataclass(frozen=True)
class IngestOptions:
    """How logs are read: the zone of times without one, the host they are of, whether ends are final, clients hashed."""

    timezone: str | None = None
    host: str | None = None
    final: bool = False
    hash_clients: bool = False


@dataclass
class IngestSummary:
    """What a run read and wrote."""

    batches: int = 0
    sources: list[dict[str, Any]] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    size_bytes: int = 0
    seconds: float = 0.0
    problems: list[PipelineError] = field(default_factory=list)
    interrupted: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The object that `ingest --json` prints."""
        fates = {name: self.fates[name] for name in ("row", "folded", "noise", "rejected", "held")}
        return {
            "batches": self.batches,
            "sources": self.sources,
            "lines": sum(fates.values()),
            "bytes": self.size_bytes,
            "fates": fates,
            "rows": dict(sorted(self.rows.items())),
            "seconds": round(self.seconds, 3),
        }


@dataclass
class ReprocessSummary(IngestSummary):
    """What a reprocessing read, and what it changed by table."""

    changes: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The object that `reprocess --json` prints: that of ingest, and `tables` with what changed."""
        return super().as_dict() | {"tables": self.changes}


@dataclass
class _Reading:
    """One source while it is read: where it stands, and what this batch did with it so far."""

    item: sources.PlanItem
    source: Source
    start: int
    line_count: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    noise: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)


@dataclass
class _Batch:
    """What the next commit will hold."""

    frames: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    readings: dict[int, _Reading] = field(default_factory=dict)
    size_bytes: int = 0

    def add(self, reading: _Reading, block: Block, settled: Settled) -> None:
        """Take in what one block became."""
        for table, frame in settled.tables.items():
            self.frames.setdefault(table, []).append(frame)
            reading.rows[table] += frame.height
        reading.fates.update(settled.fates)
        reading.noise.update(settled.noise)
        reading.source = reading.item.advanced(reading.source, block)
        self.readings[reading.source.id] = reading
        self.size_bytes += block.end - block.start

    def turn(self, states: Mapping[str, ParserState]) -> Turn:
        """All of it as one value for the store."""
        ledger = tuple(_entry(reading) for reading in self.readings.values())
        families = {reading.source.family for reading in self.readings.values()}
        return Turn(
            tables={table: pl.concat(frames) for table, frames in self.frames.items()},
            ledger=ledger,
            sources=tuple(reading.source for reading in self.readings.values()),
            states={family: states[family].to_json() for family in families},
        )


def _entry(reading: _Reading) -> LedgerEntry:
    return LedgerEntry(
        source=reading.source.id,
        start=reading.start,
        end=reading.source.offset,
        lines=sum(reading.fates.values()) - reading.fates["held"],
        fates=dict(reading.fates),
        noise=dict(reading.noise),
        rows=dict(reading.rows),
        gap_bytes=reading.item.gap_bytes if reading.start == 0 else 0,
    )


class _Run:
    """One pass over a plan: blocks are parsed ahead in threads, settled in order, and handed to `commit` in batches."""

    def __init__(
        self,
        context: Context,
        known_ids: Collection[int],
        states: Callable[[str], str | None],
        commit: Callable[[Turn], object],
        events: Events,
    ) -> None:
        self._context = context
        self._known_ids = known_ids
        self._known_state = states
        self._commit = commit
        self._events = events
        self._states: dict[str, ParserState] = {}
        self._batch = _Batch()
        self.summary = IngestSummary()

    def read(self, items: Sequence[sources.PlanItem], *, final: bool, stop: threading.Event) -> None:
        """Read all items in order, until told to stop; what was settled by then is committed."""
        with ThreadPoolExecutor(BLOCKS_IN_FLIGHT, thread_name_prefix="parse") as pool:
            for item in items:
                if stop.is_set():
                    break
                self._events.source_started(item.source.path)
                self._read_one(item, pool, final=final, stop=stop)
                self._events.source_finished(item.source.path)
        self._flush()
        self.summary.interrupted = stop.is_set()

    def _read_one(self, item: sources.PlanItem, pool: ThreadPoolExecutor, *, final: bool, stop: threading.Event) -> None:
        reading = _Reading(item, item.source, item.source.offset)
        summary = {"source": item.source.id, "path": item.source.path, "lines": 0, "bytes": 0, "gap_bytes": item.gap_bytes}
        self.summary.sources.append(summary)
        for block, parsed in _in_order(sources.blocks(item, final=final), pool, stop):
            settled = parsing.settle(parsed, self._state(item.source.family), self._context)
            self._states[item.source.family] = settled.state
            self._batch.add(reading, block, settled)
            summary["lines"] += sum(settled.fates.values())
            summary["bytes"] += block.end - block.start
            self._events.block_parsed(block.end - block.start, parsed.line_count)
            if self._batch.size_bytes >= COMMIT_BYTES:
                self._flush()
                reading = _Reading(item, reading.source, reading.source.offset)
        self._finish(reading, summary)

    def _finish(self, reading: _Reading, summary: dict[str, Any]) -> None:
        """Note how a source ended: a half line that waits, a fault, a new name of what was known."""
        result = reading.item.result
        if result is None:
            return
        if result.problem is not None:
            self.summary.problems.append(result.problem)
        if result.held:
            reading.fates["held"] = 1
            summary["lines"] += 1
        is_news = reading.fates or result.source != reading.item.source or result.source.id not in self._known_ids
        reading.source = result.source
        if is_news:
            self._state(reading.source.family)
            self._batch.readings[reading.source.id] = reading

    def _state(self, family: str) -> ParserState:
        if family not in self._states:
            self._states[family] = ParserState.from_json(self._known_state(family))
        return self._states[family]

    def _flush(self) -> None:
        """Hand the batch over and begin the next one."""
        if not self._batch.readings:
            return
        turn = self._batch.turn(self._states)
        batch = self._commit(turn)
        self._batch = _Batch()
        self.summary.batches += 1
        rows = 0
        for entry in turn.ledger:
            self.summary.fates.update(entry.fates)
            self.summary.rows.update(entry.rows)
            self.summary.size_bytes += entry.end - entry.start
            rows += sum(entry.rows.values())
        self._events.batch_committed(batch if isinstance(batch, int) else 0, rows)


def _in_order(blocks: Iterator[Block], pool: ThreadPoolExecutor, stop: threading.Event) -> Iterator[tuple[Block, ParsedBatch]]:
    """Blocks with what they say, in order, a few parsed ahead."""
    waiting: deque[tuple[Block, Future[ParsedBatch]]] = deque()
    for block in blocks:
        waiting.append((block, pool.submit(_parsed, block)))
        if len(waiting) >= BLOCKS_IN_FLIGHT:
            done, parsed = waiting.popleft()
            yield done, parsed.result()
        if stop.is_set():
            break
    for block, parsed in waiting:
        if stop.is_set():
            parsed.cancel()
        else:
            yield block, parsed.result()


def _parsed(block: Block) -> ParsedBatch:
    first_bytes = block.data[:LOOK_AHEAD_BYTES] if block.start == 0 else b""
    return parsing.parse(sources.cut(block), first_bytes)


def ingest(root: Path, paths: Sequence[str], options: IngestOptions, *, clock: Clock, events: Events) -> IngestSummary:
    """Read what is new in some logs into a store.

    Args:
        root: The store's folder; made if missing.
        paths: Files, folders, globs, "-"; none: what discovery finds on this machine.
        options: How to read.
        clock: Says when.
        events: Is told what happens.

    Returns:
        What was read; problems of single sources are in it, the others were read.

    Raises:
        StoreError: the store cannot be used, or another writer holds it.
        UsageError: an option cannot be.
    """
    began = time.perf_counter()
    context = _context(root, options, clock)
    with store.open_store(root, command="ingest", clock=clock) as opened, _stoppable() as stop:
        known = opened.sources()
        plan = sources.plan(paths, known, host=context.host, next_id=opened.next_source_id())
        run = _Run(context, {source.id for source in known}, opened.state, opened.commit, events)
        _announce(plan, events)
        run.read(plan.items, final=options.final, stop=stop)
    summary = run.summary
    summary.problems[:0] = plan.problems
    summary.seconds = time.perf_counter() - began
    _remark_on_nothing(summary, events)
    return summary


def reprocess(root: Path, paths: Sequence[str], options: IngestOptions, *, clock: Clock, events: Events) -> ReprocessSummary:
    """Parse known logs again from their start and replace their rows in one step.

    Args and errors are those of `ingest`; no paths: every log that the store knows and whose file is still there.

    Returns:
        What was read, and what changed by table. Rows of logs that are gone stay.
    """
    began = time.perf_counter()
    context = _context(root, options, clock)
    with store.open_store(root, command="reprocess", clock=clock) as opened, _stoppable() as stop:
        known = opened.sources()
        plan = sources.plan(_whole_families(paths, known), known, host=context.host, next_id=opened.next_source_id())
        items = [replace(item, source=replace(item.source, offset=0, checkpoints=())) for item in plan.items]
        summary = ReprocessSummary(problems=list(plan.problems))
        with opened.rebuild(item.source.id for item in items) as rebuild:
            run = _Run(context, (), lambda _family: None, rebuild.add, events)
            events.run_planned(len(items), sum(item.size_bytes or 0 for item in items))
            run.read(items, final=options.final, stop=stop)
            if not run.summary.interrupted and items:
                summary.changes = rebuild.commit().as_dict()["tables"]
    for name in ("batches", "sources", "fates", "rows", "size_bytes", "interrupted"):
        setattr(summary, name, getattr(run.summary, name))
    summary.problems += run.summary.problems
    summary.seconds = time.perf_counter() - began
    return summary


def warehouse(
    root: Path, *, now: datetime, since: datetime | None = None, until: datetime | None = None, timezone: str | None = None
) -> Warehouse:
    """A warehouse over the last commit of a store; takes a new snapshot once if a part was removed meanwhile."""
    from ollalog.warehouse import PartGoneError, open_warehouse

    def opened() -> Warehouse:
        snapshot = store.read_snapshot(root)
        pairs = _unsettled_pairs(snapshot.states)
        return open_warehouse(snapshot, now=now, since=since, until=until, timezone=timezone, provisional_pairs=pairs)

    try:
        return opened()
    except PartGoneError:
        return opened()


def _unsettled_pairs(states: Mapping[str, str]) -> pl.DataFrame | None:
    """The pairs that requests at the end of what was read get if nothing more comes."""
    waiting = [ParserState.from_json(text).runner.waiting for text in states.values()]
    pairs = [parsing.provisional_pairs(sides) for sides in waiting if sides.requests.height and sides.runs.height]
    return pl.concat(pairs) if pairs else None


def _whole_families(paths: Sequence[str], known: Sequence[Source]) -> list[str]:
    """The paths, and those of all known sources of the same families: what parsing remembers goes through a family.

    No paths: those of every known source whose file is there.
    """
    there = [source for source in known if Path(source.path).is_file()]
    if not paths:
        return [source.path for source in there]
    named = {str(Path(path).absolute()) for path in paths}
    families = {source.family for source in there if source.path in named}
    return [*paths, *(source.path for source in there if source.family in families and source.path not in named)]


def _announce(plan: sources.Plan, events: Events) -> None:
    sizes = [item.unread_bytes for item in plan.items]
    events.run_planned(len(sizes), None if None in sizes else sum(size or 0 for size in sizes))
    for remark in plan.remarks:
        events.remark(remark)


def _remark_on_nothing(summary: IngestSummary, events: Events) -> None:
    """Say which logs held not one line that is known: most likely a wrong file."""
    if summary.fates["rejected"] and not summary.fates["row"]:
        events.remark(
            "no line looks like a log of Ollama; if these are the right files, see: ollalog sql 'SELECT reason, text FROM rejects'"
        )


def _context(root: Path, options: IngestOptions, clock: Clock) -> Context:
    return Context(
        host=options.host or socket.gethostname(),
        read_at=clock.now_utc(),
        machine_zone=_machine_zone(),
        option_zone=parsing.zone(options.timezone) if options.timezone else None,
        client_key=_client_key(root) if options.hash_clients else None,
    )


def _machine_zone() -> parsing.Zone:
    """This machine's zone: by name where it says one, else by its present offset."""
    name = os.environ.get("TZ") or str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2]
    try:
        return parsing.zone(name.lstrip(":"))
    except PipelineError:
        return parsing.Zone(offset_s=time.localtime().tm_gmtoff)


def _client_key(root: Path) -> bytes:
    """The secret with which this store hashes clients; made on first use, readable by its owner only."""
    path = root / "client.key"
    root.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        key = secrets.token_bytes(32)
        file.write(key)
    return key


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets, so that what is complete can be committed; the second one interrupts."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def on_interrupt(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
