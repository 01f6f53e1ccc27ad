"""Samples of this host through the same commit as the rows of logs: by themselves, or beside a tail."""

from __future__ import annotations

import signal
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import polars as pl

from ollalog import store
from ollalog.core.batch import LedgerEntry, Source, Turn
from ollalog.core.clock import Clock
from ollalog.core.errors import StoreError
from ollalog.core.events import Events
from ollalog.core.interrupt import interruptible
from ollalog.core.tables import RESOURCE_SAMPLES
from ollalog.sampler import Probes, Sampler
from ollalog.sources import Places, Waker

KIND = "sampler"
"""Kind of the source that samples count as: it has no bytes, its positions are numbers of rows."""
SOON_S = 0.1
"""A sample that is being taken is looked for after so long."""


class Sampling:
    """Takes a sample whenever one is due, in a thread of its own, for Ollama may be slow to answer; whoever holds the store commits it."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it lives on
        self,
        opened: store.Store,
        sampler: Sampler,
        interval_s: float,
        host: str,
        clock: Clock,
        now_s: float,
        commit: Callable[[Turn], object] | None = None,
    ) -> None:
        self._commit_turn = commit or opened.commit
        self._sampler = sampler
        self._interval_s = interval_s
        self._clock = clock
        self._source = _source_of(opened, host)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="sample")
        self._taken: Future[pl.DataFrame] | None = None
        self._due_s = now_s + interval_s
        self.count = 0
        self._said: set[str] = set()

    def wait_s(self, now_s: float) -> float:
        """How long until there is something to do: a sample to commit, or one to take."""
        return SOON_S if self._taken is not None else max(0.0, self._due_s - now_s)

    def turn(self, now_s: float, events: Events) -> None:
        """Commit the sample that was taken, and begin the next one where it is due; a sample that cannot be stored is given up.

        Args:
            now_s: A clock that only goes forward; s.
            events: Is told what a person should know.
        """
        if self._taken is not None and self._taken.done():
            self.finish(events)
        if self._taken is None and now_s >= self._due_s:
            missed = (now_s - self._due_s) // self._interval_s
            self._due_s += (missed + 1) * self._interval_s
            self._taken = self._pool.submit(self._sampler.sample, self._clock.now_utc(), now_s)

    def finish(self, events: Events) -> None:
        """Wait for the sample that is being taken, if any, and commit it."""
        if self._taken is not None:
            taken, self._taken = self._taken, None
            try:
                rows = taken.result()
            except Exception as fault:  # noqa: BLE001 - what a machine does not tell today must not end the reading of its logs
                self._say(f"this host could not be sampled: {type(fault).__name__}: {fault}", events)
            else:
                self._commit(rows, events)

    def close(self) -> None:
        """Let go of thread and probes."""
        self._pool.shutdown()
        self._sampler.close()

    def _say(self, remark: str, events: Events) -> None:
        """Say it, once."""
        if remark not in self._said:
            self._said.add(remark)
            events.remark(remark)

    def _commit(self, rows: pl.DataFrame, events: Events) -> None:
        for remark in self._sampler.remarks():
            events.remark(remark)
        start, end = self._source.offset, self._source.offset + rows.height
        placed = rows.with_columns(
            pl.lit(self._source.id, pl.Int64).alias("source"),
            pl.int_range(start, end, dtype=pl.Int64, eager=True).alias("byte_offset"),
            pl.lit(self._source.host).alias("host"),
            pl.lit(None, pl.String).alias("session"),
        )
        after = replace(self._source, offset=end)
        entry = LedgerEntry(after.id, start, end, rows.height, {"row": rows.height}, {}, {RESOURCE_SAMPLES.name: rows.height})
        try:
            self._commit_turn(Turn({RESOURCE_SAMPLES.name: _in_order(placed)}, (entry,), (after,), {}))
        except StoreError as failure:
            self._say(str(failure), events)
            return
        self._source = after
        self.count += 1


def beside(  # noqa: PLR0913, PLR0917 - as Sampling
    opened: store.Store, root: Path, interval_s: float, host: str, clock: Clock, now_s: float, commit: Callable[[Turn], object]
) -> Sampling:
    """Samples of this machine, to be taken beside something else, which commits them."""
    return Sampling(opened, Sampler(Probes.of_this_machine(root), now_s), interval_s, host, clock, now_s, commit)


def sample(  # noqa: PLR0913 - what a run has, handed over
    root: Path, *, interval_s: float, count: int | None, host: str, clock: Clock, events: Events, waker: Waker,
    probes: Callable[[Path], Probes] = Probes.of_this_machine,
) -> int:  # fmt: skip
    """Take samples of this machine until SIGINT or SIGTERM, or until there are so many.

    Args:
        root: The store's folder; made if missing.
        interval_s: Time from one sample to the next; s.
        count: How many; None: no end.
        host: Name of this machine.
        clock: Says when.
        events: Is told what happens.
        waker: Lets time pass.
        probes: What is asked.

    Returns:
        How many samples were stored.

    Raises:
        StoreError: the store cannot be used, or another writer holds it.
    """
    with store.open_store(root, command="sample", clock=clock) as opened, interruptible(signal.SIGINT, signal.SIGTERM) as stop:
        sampling = Sampling(opened, Sampler(probes(root), waker.now_s()), interval_s, host, clock, waker.now_s())
        try:
            while not stop.is_set() and (count is None or sampling.count < count):
                stop.wait_for(lambda: waker.wait(Places(), sampling.wait_s(waker.now_s())))
                sampling.turn(waker.now_s(), events)
                sampling.finish(events)
        finally:
            sampling.close()
            waker.close()
        return sampling.count


def _source_of(opened: store.Store, host: str) -> Source:
    """The source that samples of a host count as; made where there is none, so that no log takes its number."""
    name = f"{KIND}:{host}"
    known = next((source for source in opened.sources() if source.kind == KIND and source.family == name), None)
    if known is None:
        known = Source(id=opened.next_source_id(), family=name, path=name, kind=KIND, host=host)
        opened.commit(Turn({}, (), (known,), {}))
    return known


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select([name for name in RESOURCE_SAMPLES.column_names if name != "batch"])
