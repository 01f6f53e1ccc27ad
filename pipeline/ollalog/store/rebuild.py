"""Replacing all rows of some sources at once: what `reprocess` does to the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

import polars as pl

from ollalog.core.batch import LedgerEntry, Source, Turn, Undecided
from ollalog.core.clock import Clock
from ollalog.core.errors import StoreError
from ollalog.core.layout import StoreLayout
from ollalog.core.tables import DAY_ROLLUPS, SUMMED_TABLES, TABLES, stacked
from ollalog.store import commit, inventory, ledger
from ollalog.store.catalog import Catalog
from ollalog.store.comparison import RebuildReport, compared
from ollalog.store.counters import Change, Counters
from ollalog.store.parts import SEAL_ROWS, Draft, by_date, conformed, read_part
from ollalog.store.publish import Fault, publish, publishing, withdraw
from ollalog.store.records import PartRecord, Retired
from ollalog.store.recounting import Replaced, recounted
from ollalog.store.snapshot import as_us

# Rows of small lots wait for more of their date, so that history does not end in thousands of tiny parts.
WAITING_ROWS = 400_000


@dataclass(frozen=True)
class Workplace:
    """What a rebuild borrows from its store."""

    layout: StoreLayout
    catalog: Catalog
    pool: Executor
    clock: Clock
    fault: Fault
    turn: Callable[[], AbstractContextManager[None]]
    counters: Counters

    def now_us(self) -> int:
        """The clock's time as the catalogue keeps it."""
        return as_us(self.clock.now_utc())


@dataclass
class _Gathered:
    """What the turns of a rebuild have said so far; their rows are in staged parts, or wait by table and date."""

    ledger: list[tuple[int, tuple[LedgerEntry, ...]]] = field(default_factory=list)
    sources: dict[int, Source] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    parts: list[PartRecord] = field(default_factory=list)
    waiting: dict[tuple[str, str], list[pl.DataFrame]] = field(default_factory=dict)
    removed: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    undecided: dict[str, Undecided] = field(default_factory=dict)


class Rebuild:
    """A replacement in the making. The store must not commit other turns until it is committed or abandoned.

    A context manager: left without `commit`, nothing has changed.
    """

    def __init__(self, source_ids: frozenset[int], place: Workplace) -> None:
        self._ids = source_ids
        self._place = place
        self._gathered = _Gathered()
        self._removed = _removed(place.catalog)

    def add(self, turn: Turn) -> None:
        """Stage the rows of one turn; the first turn of each source begins at its byte 0.

        Raises:
            StoreError: a part cannot be written, or the turn is of a source that is not rebuilt.
        """
        self._refuse_strangers(turn)
        batch = inventory.reserve(self._place.catalog)
        for name, frame in turn.tables.items():
            if not frame.is_empty():
                for day, found in by_date(TABLES[name], conformed(TABLES[name], frame, batch)).items():
                    self._gathered.waiting.setdefault((name, day), []).append(self._less_removed(name, day, found))
        self._stage_waiting(batch, at_least=SEAL_ROWS)
        if sum(_height(frames) for frames in self._gathered.waiting.values()) > WAITING_ROWS:
            self._stage_waiting(batch, at_least=1)
        self._gathered.ledger.append((batch, turn.ledger))
        self._gathered.sources |= {source.id: _with_proofs(source, self._gathered.sources.get(source.id)) for source in turn.sources}
        self._gathered.states |= turn.states
        self._gathered.undecided |= turn.undecided

    def commit(self) -> RebuildReport:
        """Put the new rows in the place of the old ones, in one step for our readers.

        Raises:
            StoreError: a part cannot be read or written; nothing has changed.
        """
        with self._place.turn():
            batch = inventory.reserve(self._place.catalog)
            self._stage_waiting(batch, at_least=1)
            old = inventory.parts_of_sources(self._place.catalog, self._ids)
            report = compared(batch, self._place.layout, self._ids, old, self._gathered.parts)
            new = [*self._gathered.parts, *self._stage_rest(old)]
            self._place.fault("rebuild_staged")
            # From here on only the catalogue says what becomes of the staged parts: recovery deletes or publishes them.
            gathered, self._gathered = self._gathered, _Gathered()
            counted = recounted(
                self._place.counters, Replaced(self._place.layout, self._ids, old, new), gathered.undecided, self._place.now_us()
            )
            retired = self._record(batch, gathered, old, new, counted)
            self._place.counters.apply(counted)
            self._place.fault("rebuild_committed")
            # First out, then in: a foreign reader may miss rows for a moment, but never sees one twice.
            with publishing(self._place.layout):
                withdraw(self._place.layout, retired, self._place.fault)
                publish(self._place.layout, new, self._place.fault)
            self._place.fault("rebuild_published")
        return report

    def abandon(self) -> None:
        """Forget all that was added."""
        commit.discard(self._place.layout, self._gathered.parts)
        self._gathered = _Gathered()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with suppress(OSError):
            self.abandon()

    def _refuse_strangers(self, turn: Turn) -> None:
        strangers = {entry.source for entry in turn.ledger} | {source.id for source in turn.sources}
        if strangers - self._ids:
            raise StoreError(
                "a turn of a source that is not being rebuilt",
                found=", ".join(map(str, sorted(strangers - self._ids))),
                want=", ".join(map(str, sorted(self._ids))),
                fix="this is a fault of ollalog; nothing was changed",
            )

    def _less_removed(self, name: str, day: str, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of a day less those that retention took away before: their sums are kept, and would be told twice."""
        if day not in self._removed.days or name not in SUMMED_TABLES:
            return rows
        stays = ~pl.col("source").is_in(sorted(self._removed.sources))
        self._gathered.removed += cells_of(name, rows.filter(~stays))
        return rows.filter(stays)

    def _stage_waiting(self, batch: int, *, at_least: int) -> None:
        waiting = self._gathered.waiting
        ripe = [key for key, frames in waiting.items() if _height(frames) >= at_least]
        drafts = [Draft(PartRecord(*key, batch), stacked(waiting.pop(key))) for key in ripe]
        drafts = [draft for draft in drafts if draft.rows.height]
        self._gathered.parts += commit.stage_all(self._place.layout, drafts, self._place.pool, self._place.fault)

    def _stage_rest(self, old: Sequence[PartRecord]) -> list[PartRecord]:
        """Rows of other sources that share a part with rows that go: they are written again, each part under a new number."""
        shared = [part for part in old if set(part.sources) - self._ids]
        first = inventory.reserve(self._place.catalog, len(shared)) if shared else 0
        staged: list[PartRecord] = []
        for number, part in enumerate(shared, first):
            rest = read_part(self._place.layout, part).filter(~pl.col("source").is_in(sorted(self._ids)))
            draft = Draft(PartRecord(part.table, part.date, number), rest)
            staged += commit.stage_all(self._place.layout, [draft], self._place.pool, self._place.fault)
        return staged

    def _record(
        self, batch: int, gathered: _Gathered, old: Sequence[PartRecord], new: Sequence[PartRecord], counted: Change
    ) -> list[Retired]:
        catalog, now_us = self._place.catalog, self._place.now_us()
        retired = [retired_part(part, self._place.layout, now_us) for part in old]
        with catalog.transaction():
            for number in sorted({batch, *(number for number, _ in gathered.ledger)}):
                inventory.record_batch(catalog, number, "rebuild", now_us)
            ledger.forget_sources(catalog, self._ids)
            for number, entries in gathered.ledger:
                ledger.put_entries(catalog, number, entries)
            ledger.put_removed(catalog, gathered.removed)
            ledger.put_sources(catalog, gathered.sources.values())
            ledger.put_states(catalog, gathered.states)
            for part in old:
                inventory.drop_part(catalog, part)
            for part in new:
                inventory.put_part(catalog, part)
            for file in retired:
                inventory.retire(catalog, file)
            self._place.counters.put(catalog, counted)
            self._place.fault("rebuild_before_commit")
        return retired


@dataclass(frozen=True)
class _Removed:
    """Days of which retention left sums, and sources that it took rows of."""

    days: frozenset[str]
    sources: frozenset[int]


def _removed(catalog: Catalog) -> _Removed:
    days = {part.date for part in inventory.live_parts(catalog) if part.table == DAY_ROLLUPS.name}
    return _Removed(frozenset(days), frozenset(source for _table, _batch, source in ledger.removed(catalog)))


def cells_of(table: str, rows: pl.DataFrame) -> Counter[tuple[str, int, int]]:
    """Rows by (table, batch, source)."""
    counts = rows.group_by("batch", "source").len()
    return Counter({(table, batch, source): count for batch, source, count in counts.iter_rows()})


def retired_part(part: PartRecord, layout: StoreLayout, now_us: int) -> Retired:
    """A part that leaves the snapshot: what is kept of it for readers of older ones."""
    kept, published = (str(path.relative_to(layout.root)) for path in (part.version_path(layout), part.data_path(layout)))
    return Retired(kept, published, now_us)


def _height(frames: Sequence[pl.DataFrame]) -> int:
    return sum(frame.height for frame in frames)


def _with_proofs(source: Source, before: Source | None) -> Source:
    """The source as its last turn gives it, with the checkpoints of the turns before."""
    known = {proof.offset for proof in source.checkpoints}
    earlier = () if before is None else tuple(proof for proof in before.checkpoints if proof.offset not in known)
    return replace(source, checkpoints=(*earlier, *source.checkpoints))
