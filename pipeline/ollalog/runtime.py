"""The whole trip of a line on one screen: plan, read, cut, parse, settle, commit. The only file that knows every stage."""

from __future__ import annotations

import os
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from ollalog import parsing, sources, store
from ollalog.alerting import replay_history
from ollalog.alerts import load_rules
from ollalog.core import machine, manifests
from ollalog.core.batch import Block, LedgerEntry, Source, Turn
from ollalog.core.clock import Clock
from ollalog.core.events import Events
from ollalog.core.interrupt import Interrupt, interruptible
from ollalog.core.summary import IngestOptions, IngestSummary, ReprocessSummary
from ollalog.core.tables import stacked
from ollalog.opening import close_dates, opened_warehouse, unsettled_instants, unsettled_pairs, warehouse
from ollalog.parsing import Context, ParsedBatch, ParserState, Settled
from ollalog.proof import reread

COMMIT_RECORDS = 200_000
COMMIT_BYTES = 64 << 20
"""So many records, or so much of the logs, make a batch: large enough that commits cost little, small enough for flat memory."""
BLOCKS_IN_FLIGHT = 5
"""Blocks that are parsed, or wait parsed: enough that the parsers have work while a batch is settled and committed."""
PARSERS = max(2, min(4, os.cpu_count() or 2))
LOOK_AHEAD_BYTES = 1 << 20
__all__ = [
    "IngestOptions",
    "IngestSummary",
    "ReprocessSummary",
    "close_dates",
    "ingest",
    "opened_warehouse",
    "reprocess",
    "reread",
    "unsettled_instants",
    "unsettled_pairs",
    "warehouse",
]


@dataclass
class _Reading:
    """One source while it is read: where it stands, and what this batch did with it so far."""

    item: sources.PlanItem
    source: Source
    start: int
    gap_bytes: int | None = 0
    fates: Counter[str] = field(default_factory=Counter)
    noise: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)


@dataclass
class _Batch:
    """What the next commit will hold."""

    frames: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    readings: dict[int, _Reading] = field(default_factory=dict)
    strays: dict[int, Counter[str]] = field(default_factory=dict)
    size_bytes: int = 0
    record_count: int = 0

    @property
    def is_full(self) -> bool:
        """Whether it is time for a commit."""
        return self.record_count >= COMMIT_RECORDS or self.size_bytes >= COMMIT_BYTES

    def add(self, reading: _Reading, settled: Settled) -> None:
        """Take in what a stretch of a source became."""
        for table, frame in settled.tables.items():
            self.frames.setdefault(table, []).append(frame)
            for source, rows in frame["source"].value_counts().iter_rows():
                if source == reading.source.id:
                    reading.rows[table] += rows
                else:  # a pair of a request that an earlier generation of the log ended with
                    self.strays.setdefault(source, Counter())[table] += rows
        reading.fates.update(settled.fates)
        reading.noise.update(settled.noise)
        self.readings[reading.source.id] = reading

    def turn(self, states: Mapping[str, ParserState], ends: Mapping[int, int]) -> Turn:
        """All of it as one value for the store; `ends` says up to where each source was read."""
        strays = (LedgerEntry(source, ends[source], ends[source], 0, {}, {}, dict(rows)) for source, rows in self.strays.items())
        ledger = (*(_entry(reading) for reading in self.readings.values()), *strays)
        families = {reading.source.family for reading in self.readings.values()}
        return Turn(
            tables={table: stacked(frames) for table, frames in self.frames.items()},
            ledger=ledger,
            sources=tuple(reading.source for reading in self.readings.values()),
            states={family: states[family].to_json() for family in families},
            undecided={family: parsing.undecided(states[family]) for family in families},
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
        gap_bytes=reading.gap_bytes,
    )


class Run:
    """One pass over a plan: blocks are parsed ahead in threads, settled in order, and handed to `commit` in batches."""

    def __init__(
        self,
        context: Context,
        known: Sequence[Source],
        states: Callable[[str], str | None],
        commit: Callable[[Turn], object],
        events: Events,
    ) -> None:
        self.context = context
        self.committed: dict[int, Source] = {}
        self._ends = {source.id: source.offset for source in known}
        self._known = {source.id: _named(source) for source in known}
        self._held: set[int] = set()
        self._known_state = states
        self._commit = commit
        self._events = events
        self._states: dict[str, ParserState] = {}
        self._batch = _Batch()
        self.summary = IngestSummary()
        self._summaries: dict[int, dict[str, Any]] = {}

    def read(self, items: Sequence[sources.PlanItem], pool: ThreadPoolExecutor, *, final: bool, stop: Interrupt) -> None:
        """Read all items in order, until told to stop; what was settled by then is committed."""
        for item in items:
            if stop.is_set() and not item.stream.is_cut_off:
                continue
            self._events.source_started(item.source.path)
            self._read_one(item, pool, final=final, stop=stop)
            self._events.source_finished(item.source.path)
        self._flush()

    def forget(self) -> None:
        """A commit failed: what was not committed is given up, and is read again from the positions that are."""
        self._batch = _Batch()
        self._states = {}
        self._held = set()
        self._ends |= {source.id: source.offset for source in self.committed.values()}

    def finished(self, *, interrupted: bool) -> IngestSummary:
        """All that was read, half lines that wait at the end included."""
        self.summary.interrupted = interrupted
        self.summary.fates["held"] = len(self._held)
        for source in self._held:
            self._summaries[source]["lines"] += 1
        return self.summary

    def _read_one(self, item: sources.PlanItem, pool: ThreadPoolExecutor, *, final: bool, stop: Interrupt) -> None:
        reading = _Reading(item, item.source, item.source.offset, item.gap_bytes)
        summary = self._summary_of(item)
        parts: list[ParsedBatch] = []
        for block, parsed in _in_order(item, sources.blocks(item, final=final), pool, stop):
            parts.append(parsed)
            reading.source = item.advanced(reading.source, block)
            self._batch.size_bytes += block.end - block.start
            self._batch.record_count += parsed.record_count
            summary["lines"] += parsed.line_count
            summary["bytes"] += block.end - block.start
            self._events.block_parsed(block.end - block.start, parsed.line_count)
            if self._batch.is_full:
                self._settle(parts, reading)
                self._flush()
                reading = _Reading(item, reading.source, reading.source.offset)
        self._settle(parts, reading)
        self._finish(reading)

    def _summary_of(self, item: sources.PlanItem) -> dict[str, Any]:
        """The entry of a source in the summary, which counts all that was read of it."""
        summary = self._summaries.get(item.source.id)
        if summary is None:
            summary = {"source": item.source.id, "path": item.source.path, "lines": 0, "bytes": 0, "gap_bytes": item.gap_bytes}
            self._summaries[item.source.id] = summary
            self.summary.sources.append(summary)
        return summary

    def _settle(self, parts: list[ParsedBatch], reading: _Reading) -> None:
        """Give the blocks read since the last time what earlier lines say, and put their rows into the batch."""
        self._ends[reading.source.id] = reading.source.offset
        if parts:
            family = reading.source.family
            parsed = parsing.joined(parts)
            parts.clear()  # joined rows are a copy: those that they were made of are needed no more
            settled = parsing.settle(parsed, self._state(family), self.context)
            self._states[family] = settled.state
            self._batch.add(reading, settled)

    def _finish(self, reading: _Reading) -> None:
        """Note how a source ended: a half line that waits, a fault, a new name of what was known."""
        result = reading.item.result
        if result is None or result.source.offset != reading.source.offset:
            return  # Ctrl-C: its end was not read, or blocks before it were dropped
        if result.problem is not None:
            self.summary.problems.append(result.problem)
        was_held = result.source.id in self._held
        if result.held:
            self._held.add(result.source.id)
            if reading.fates or not was_held:
                reading.fates["held"] = 1
        elif was_held:
            self._held.discard(result.source.id)
        is_news = reading.fates or self._known.get(result.source.id) != _named(result.source) or reading.gap_bytes != 0
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
        turn = self._batch.turn(self._states, self._ends)
        batch = self._commit(turn)
        self._batch = _Batch()
        for source in turn.sources:
            self.committed[source.id] = source
            self._known[source.id] = _named(source)
        self.summary.batches += 1
        rows = 0
        for entry in turn.ledger:
            self.summary.fates.update({fate: count for fate, count in entry.fates.items() if fate != "held"})
            self.summary.rows.update(entry.rows)
            self.summary.size_bytes += entry.end - entry.start
            rows += sum(entry.rows.values())
        self._events.batch_committed(batch if isinstance(batch, int) else 0, rows)


def _named(source: Source) -> Source:
    """A source without its proofs: what is news even when nothing more was read of it, such as another name."""
    return replace(source, checkpoints=())


def workers() -> ThreadPoolExecutor:
    """Where blocks are parsed ahead."""
    return ThreadPoolExecutor(PARSERS, thread_name_prefix="parse")


def _in_order(
    item: sources.PlanItem, blocks: Iterator[Block], pool: ThreadPoolExecutor, stop: Interrupt
) -> Iterator[tuple[Block, ParsedBatch]]:
    """Blocks with what they say, in order, a few parsed ahead. After Ctrl-C only what a pipe has already handed over."""
    waiting: deque[tuple[Block, Future[ParsedBatch]]] = deque()
    upcoming = partial(next, blocks, None)
    while (block := upcoming() if item.stream.is_cut_off else stop.wait_for(upcoming)) is not None:
        waiting.append((replace(block, data=b""), pool.submit(_parsed, block)))  # its bytes are needed no longer than they are parsed
        if len(waiting) >= BLOCKS_IN_FLIGHT:
            done, parsed = waiting.popleft()
            yield done, parsed.result()
    for block, parsed in waiting:
        if stop.is_set() and item.stream.kind != "stdin":
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
    context = context_of(root, options, clock)
    rules = None if options.no_alerts else load_rules(options.rules, options.alerts)
    with store.open_store(root, command="ingest", clock=clock) as opened, interruptible() as stop, workers() as pool:
        known = opened.sources()
        looked = stop.wait_for(lambda: sources.plan(paths, known, host=context.host, next_id=opened.next_source_id()))
        plan = looked or sources.Plan()
        run = Run(context, known, opened.state, opened.commit, events)
        _announce(plan, events)
        run.read(plan.items, pool, final=options.final, stop=stop)
        summary = run.finished(interrupted=stop.is_set())
        if rules and not summary.interrupted:
            replay_history(opened, root, rules, partial(opened_warehouse, now=clock.now_utc()), events)
    summary.problems[:0] = plan.problems
    summary.seconds = time.perf_counter() - began
    remark_on_nothing(summary, events)
    return summary


def reprocess(root: Path, paths: Sequence[str], options: IngestOptions, *, clock: Clock, events: Events) -> ReprocessSummary:
    """Parse known logs again from their start and replace their rows in one step.

    Args and errors are those of `ingest`; no paths: every log that the store knows and whose file is still there.

    Returns:
        What was read, and what changed by table. Rows of logs that are gone stay.
    """
    began = time.perf_counter()
    context = context_of(root, options, clock)
    rules = None if options.no_alerts else load_rules(options.rules, options.alerts)
    with store.open_store(root, command="reprocess", clock=clock) as opened, interruptible() as stop, workers() as pool:
        known = opened.sources()
        paths = _whole_families(paths, known)
        looked = stop.wait_for(lambda: sources.plan(paths, known, host=context.host, next_id=opened.next_source_id()))
        plan = looked or sources.Plan()
        items = [replace(item, source=replace(item.source, offset=0, checkpoints=())) for item in plan.items]
        summary = ReprocessSummary(problems=list(plan.problems))
        with opened.rebuild(item.source.id for item in items) as rebuild:
            run = Run(context, (), lambda _family: None, rebuild.add, events)
            events.run_planned(len(items), sum(item.size_bytes or 0 for item in items))
            run.read(items, pool, final=options.final, stop=stop)
            done = run.finished(interrupted=stop.is_set())
            if not done.interrupted and items:
                summary.changes = rebuild.commit().as_dict()["tables"]
        if rules and summary.changes:
            replay_history(opened, root, rules, partial(opened_warehouse, now=clock.now_utc()), events, anew=True)
    for name in ("batches", "sources", "fates", "rows", "size_bytes", "interrupted"):
        setattr(summary, name, getattr(done, name))
    summary.problems += done.problems
    summary.seconds = time.perf_counter() - began
    return summary


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


def remark_on_nothing(summary: IngestSummary, events: Events) -> None:
    """Say which logs held not one line that is known: most likely a wrong file."""
    if summary.fates["rejected"] and not summary.fates["row"]:
        events.remark(
            "no line looks like a log of Ollama; if these are the right files, see: ollalog sql 'SELECT reason, text FROM rejects'"
        )


def context_of(root: Path, options: IngestOptions, clock: Clock) -> Context:
    return Context(
        host=options.host or socket.gethostname(),
        read_at=clock.now_utc(),
        machine_zone=parsing.zone(machine.zone_text()),
        option_zone=parsing.zone(options.timezone) if options.timezone else None,
        client_key=machine.client_key(root) if options.hash_clients else None,
        blob_names=manifests.blob_names(manifests.models_folders(os.environ, machine.home())),
    )
