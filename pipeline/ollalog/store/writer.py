"""The store as its one writer holds it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl

from ollalog.core.batch import Source, SourceSummary, Turn
from ollalog.core.clock import Clock
from ollalog.core.errors import StoreError
from ollalog.core.layout import StoreLayout
from ollalog.core.tables import ALERTS
from ollalog.store import alert_log, commit, folding, inventory, ledger, removal
from ollalog.store import catalog as catalogs
from ollalog.store.alert_log import AlertLog, Notification
from ollalog.store.catalog import Catalog
from ollalog.store.counters import Counters
from ollalog.store.files import make_folder, unusable
from ollalog.store.lock import WriterLock
from ollalog.store.parts import read_part, rows_of_none
from ollalog.store.publish import Fault, link_heads, publish, publishing, withdraw
from ollalog.store.rebuild import Rebuild, Workplace, retired_part
from ollalog.store.records import PartRecord
from ollalog.store.recover import recover
from ollalog.store.snapshot import as_us

THREADS = 4
LINK_EVERY = timedelta(seconds=1)


def no_fault(_name: str) -> None:
    """The crash points of a store in use: nothing happens there."""


class Store:
    """The store, locked for writing. A context manager: at its end all is published and the lock given back."""

    def __init__(self, layout: StoreLayout, catalog: Catalog, lock: WriterLock, *, clock: Clock, fault: Fault) -> None:
        self._layout = layout
        self._catalog = catalog
        self._lock = lock
        self._clock = clock
        self._fault = fault
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="store")
        self._unlinked: dict[tuple[str, str, int], PartRecord] = {}
        self._linked_at: datetime | None = None
        self._failed = False
        self._commits = 0
        self._counters = Counters.of(layout, catalog)

    def sources(self) -> list[Source]:
        """All known sources with their checkpoints, by number."""
        return ledger.sources(self._catalog, checkpoints=True)

    def next_source_id(self) -> int:
        """The first number that no source has."""
        return int(self._catalog.value("SELECT max(id) FROM sources") or 0) + 1

    def state(self, family: str) -> str | None:
        """What parsing remembers of a family (JSON), as of the last commit."""
        return self._catalog.value("SELECT state FROM states WHERE family = ?", (family,))  # type: ignore[no-any-return]

    def commit(self, turn: Turn) -> int:
        """Make all of a turn durable, or nothing of it.

        Args:
            turn: Frames with the columns of their table (`batch` may be missing), ledger, sources, parser states.

        Returns:
            The number of the batch; that of the last one where the turn is empty.

        Raises:
            StoreError: nothing of the turn is stored, or (the message says so) it is stored and not yet published.
        """
        if not (turn.ledger or turn.sources or turn.states or any(frame.height for frame in turn.tables.values())):
            self._link_due_heads()
            return inventory.last_batch(self._catalog)
        with self._turn():
            batch = inventory.reserve(self._catalog)
            self._fault("batch_reserved")
            drafts = commit.draft(self._catalog, batch, turn)
            now_us = as_us(self._clock.now_utc())
            counted = self._counters.changed(turn, now_us)
            parts = commit.stage_all(self._layout, drafts, self._pool, self._fault)
            forget = commit.remove_retired(self._catalog, self._layout, now_us)
            self._fault("retired_removed")
            with self._catalog.transaction():
                commit.record(self._catalog, batch, turn, parts, now_us)
                self._counters.put(self._catalog, counted)
                commit.retire_heads(self._catalog, self._layout, drafts, now_us)
                forget()
                self._fault("before_commit")
            self._counters.apply(counted)
            self._fault("committed")
            self._publish(parts)
            self._commits += 1
            if self._commits % folding.KEPT_BATCHES == 0:
                folding.fold(self._catalog)
        return batch

    def note_error(self, text: str) -> None:
        """Remember what went wrong, for `status`.

        Raises:
            StoreError: the catalogue cannot be written.
        """
        with self._catalog.transaction():
            ledger.put_error(self._catalog, text)

    def alert_log(self) -> AlertLog:
        """What is known of the history of alerts."""
        return alert_log.read(self._catalog)

    def last_batch_read(self) -> int:
        """The number of the last commit of rows that were read from logs; 0 before the first."""
        return int(self._catalog.value("SELECT max(batch) FROM batches WHERE kind != 'alerts'") or 0)

    def replace_alerts(self, rows: pl.DataFrame, first_day: date | None, log: AlertLog, *, stay: pl.Expr) -> None:
        """Put newly found history in the place of the old, from a day on, in a commit of its own.

        Args:
            rows: TABLES.alerts without `batch`.
            first_day: Rows of this day and later ones are replaced; None: all.
            log: What to remember of it.
            stay: Which of the old rows stay all the same.

        Raises:
            StoreError: a part cannot be read or written; nothing has changed.
        """
        old = alert_log.parts_from(self._catalog, first_day)
        there = pl.concat([read_part(self._layout, part) for part in old]) if old else None
        kept, gone = (there.filter(stay), there.filter(~stay)) if there is not None else (None, None)
        if rows.is_empty() if gone is None else gone.drop("batch").equals(rows):
            with self._catalog.transaction():
                alert_log.put(self._catalog, log)
            return
        with self._rebuild_turn():
            batch = inventory.reserve(self._catalog)
            drafts = alert_log.drafts(rows, rows_of_none(ALERTS) if kept is None else kept, batch)
            parts = commit.stage_all(self._layout, drafts, self._pool, self._fault)
            now_us = as_us(self._clock.now_utc())
            retired = [retired_part(part, self._layout, now_us) for part in old]
            with self._catalog.transaction():
                inventory.record_batch(self._catalog, batch, "alerts", now_us)
                for part in old:
                    inventory.drop_part(self._catalog, part)
                for part in parts:
                    inventory.put_part(self._catalog, part)
                for file in retired:
                    inventory.retire(self._catalog, file)
                alert_log.put(self._catalog, log)
                self._fault("alerts_before_commit")
            self._fault("alerts_committed")
            # First out, then in: a foreign reader may miss rows for a moment, but never sees one twice.
            with publishing(self._layout):
                withdraw(self._layout, retired, self._fault)
                publish(self._layout, parts, self._fault)
            self._fault("alerts_published")

    def live_alerts(self) -> str | None:
        """What the live evaluation of rules remembered last (JSON); None: it never was."""
        return alert_log.live(self._catalog)

    def outbox(self) -> list[Notification]:
        """What sinks are still to be told, oldest first."""
        return alert_log.outbox(self._catalog)

    def commit_alerts(
        self,
        rows: pl.DataFrame,
        standing: str,
        *,
        queued: Sequence[Notification] = (),
        delivered: Iterable[str] = (),
        superseded: Iterable[str] = (),
    ) -> int:
        """Make one live evaluation durable, or nothing of it.

        Args:
            rows: TABLES.alerts without `batch`: what changed.
            standing: What the evaluation remembers (JSON).
            queued: What sinks are to be told of it.
            delivered: Ids of notifications that sinks have taken.
            superseded: Sinks whose older notifications the queued ones make needless.

        Returns:
            How many notifications that nobody took were given up, because too many waited.

        Raises:
            StoreError: as `commit`.
        """
        now_us = as_us(self._clock.now_utc())

        def record() -> int:
            alert_log.put_live(self._catalog, standing)
            alert_log.take_out(self._catalog, delivered)
            alert_log.empty(self._catalog, superseded)
            return alert_log.queue(self._catalog, queued, now_us)

        if rows.is_empty():
            with self._catalog.transaction():
                return record()
        with self._turn():
            batch = inventory.reserve(self._catalog)
            drafts = commit.draft(self._catalog, batch, Turn({ALERTS.name: rows}, (), (), {}))
            parts = commit.stage_all(self._layout, drafts, self._pool, self._fault)
            with self._catalog.transaction():
                inventory.record_batch(self._catalog, batch, "alerts", now_us)
                for part in parts:
                    inventory.put_part(self._catalog, part)
                commit.retire_heads(self._catalog, self._layout, drafts, now_us)
                given_up = record()
                self._fault("evaluation_before_commit")
            self._fault("evaluation_committed")
            self._publish(parts)
        return given_up

    def summaries(self) -> list[SourceSummary]:
        """What the ledger says of each source."""
        return ledger.summaries(self._catalog)

    def rebuild(self, source_ids: Iterable[int]) -> Rebuild:
        """Begin to replace all rows of these sources; nothing changes until its `commit`."""
        return Rebuild(frozenset(source_ids), self._workplace())

    def remove_days(
        self, days: Collection[tuple[str, str]], *, stay: Mapping[str, pl.Expr], added: Mapping[str, pl.DataFrame]
    ) -> dict[str, int]:
        """Take whole days of tables away; see `store.removal`."""
        return removal.remove_days(self._workplace(), days, stay=stay, added=added)

    def _workplace(self) -> Workplace:
        return Workplace(self._layout, self._catalog, self._pool, self._clock, self._fault, self._rebuild_turn, self._counters)

    def close(self) -> None:
        """Publish what waits for it, and give the lock back."""
        try:
            if self._failed:
                with suppress(StoreError):
                    self._recover()
            else:
                self._failed = True
                self._link_heads()
                self._failed = False
            self._fault("closed")
        finally:
            self._pool.shutdown()
            self._catalog.close()
            self._lock.release(finished=not self._failed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Whatever a failed turn left is put right before the next: only the catalogue knows how far it came."""
        if self._failed:
            self._recover()
        self._failed = True
        try:
            yield
        except StoreError as failure:
            with suppress(StoreError):
                self._recover()
                self.note_error(str(failure))
            raise
        self._failed = False

    @contextmanager
    def _rebuild_turn(self) -> Iterator[None]:
        """A head that waits for its link must have it before a rebuild takes the head away."""
        self._link_heads()
        with self._turn():
            yield

    def _recover(self) -> None:
        with publishing(self._layout):
            recover(self._layout, self._catalog, self._fault)
        self._counters.reload(self._catalog)
        self._unlinked.clear()
        self._failed = False

    def _publish(self, parts: Sequence[PartRecord]) -> None:
        with publishing(self._layout):
            publish(self._layout, parts, self._fault)
            self._unlinked |= {part.key: part for part in parts if part.version}
            link_heads(self._layout, [self._unlinked.pop(part.key) for part in parts if part.version and not part.open], self._fault)
            self._link_due_heads()
        self._fault("published")

    def _link_due_heads(self) -> None:
        since = None if self._linked_at is None else self._clock.now_utc() - self._linked_at
        # A clock that was set back must not stop publishing.
        if since is None or not timedelta(0) <= since < LINK_EVERY:
            self._link_heads()

    def _link_heads(self) -> None:
        if self._unlinked:
            with publishing(self._layout):
                link_heads(self._layout, self._unlinked.values(), self._fault)
            self._unlinked.clear()
            self._linked_at = self._clock.now_utc()


def open_store(root: Path, *, command: str, clock: Clock, fault: Fault = no_fault) -> Store:
    """Take the writer's lock, make the store where there is none, put right what a crash left.

    Args:
        root: The store's folder; made if missing.
        command: What takes the lock, for the one who finds it taken.
        clock: Says when.
        fault: Called with the name of each crash point (`CRASH_POINTS`), in the order of a commit.

    Raises:
        StoreError: another writer holds it, it cannot be written, or what is there is no intact store.
    """
    layout = StoreLayout(root)
    try:
        make_folder(root.absolute())
    except OSError as failure:
        raise unusable(root, failure) from failure
    lock = WriterLock(layout.lock, command=command, now=clock.now_utc())
    try:
        catalog = _recovered(layout, fault)
    except BaseException:
        lock.release(finished=False)
        raise
    return Store(layout, catalog, lock, clock=clock, fault=fault)


def _recovered(layout: StoreLayout, fault: Fault) -> Catalog:
    catalog = catalogs.open_for_writing(layout.catalog)
    try:
        recover(layout, catalog, fault)
    except BaseException as failure:
        catalog.close()
        if isinstance(failure, OSError):
            raise unusable(layout.root, failure) from failure
        raise
    return catalog
