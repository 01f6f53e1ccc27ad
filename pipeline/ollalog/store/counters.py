"""The series that are kept beside the rows: in the catalogue, changed in the transaction of the commit that adds the rows.

So what is counted is what is committed, each once, whatever stops the program; retention takes nothing away.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from pathlib import Path

import polars as pl

from ollalog.core.batch import Turn
from ollalog.core.errors import StoreError
from ollalog.core.layout import StoreLayout
from ollalog.core.series import KEPT, MOST_SERIES, Key, Series, added, overflow, total
from ollalog.core.tables import as_text
from ollalog.recorder.families import OTHER
from ollalog.store import catalog as catalogs
from ollalog.store import inventory, queueing, uncounted
from ollalog.store.catalog import Catalog
from ollalog.store.counting import amounts
from ollalog.store.parts import read_part
from ollalog.store.queueing import Queue
from ollalog.store.records import PartRecord
from ollalog.store.snapshot import as_us
from ollalog.store.uncounted import Waiting

_PUT = """INSERT INTO series (family, labels, value, buckets, least, greatest, at_us) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (family, labels) DO UPDATE SET value = excluded.value, buckets = excluded.buckets, least = excluded.least,
    greatest = excluded.greatest, at_us = excluded.at_us"""


@dataclass(frozen=True)
class Change:
    """What a commit changes: series as they will be, what waits to be counted, and the queues of hosts."""

    series: Sequence[Series]
    waiting: Waiting
    queues: Mapping[str, Queue]


class Counters:
    """All series as of the last commit, in the order in which they came, and what is not counted yet."""

    def __init__(self, series: Iterable[Series], waiting: Waiting | None = None, queues: Mapping[str, Queue] | None = None) -> None:
        self._series = {each.key: each for each in series}
        self._counts = Counter(family for family, _ in self._series)
        self.waiting = waiting or Waiting()
        self._queues = queues or {}

    @classmethod
    def read(cls, catalog: Catalog) -> Counters:
        """As the catalogue has them."""
        return cls(read(catalog), uncounted.read(catalog), queueing.read(catalog))

    @classmethod
    def of(cls, layout: StoreLayout, catalog: Catalog) -> Counters:
        """As the catalogue has them; where rows were stored before anything was counted, they are counted now."""
        counters = cls.read(catalog)
        parts = inventory.live_parts(catalog) if counters.is_empty else []
        if parts:
            counted = counters.unchanged(counters.with_amounts(each for part in parts for each in _of_part(layout, part)))
            with catalog.transaction():
                counters.put(catalog, counted)
            counters.apply(counted)
        return counters

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted yet."""
        return not self._series

    def reload(self, catalog: Catalog) -> None:
        """After a turn that failed only the catalogue says what was counted."""
        vars(self).update(vars(Counters.read(catalog)))

    def changed(self, turn: Turn, now_us: int) -> Change:
        """What a turn changes; nothing is changed yet."""
        due = self.waiting.due(now_us)
        settled, waiting = uncounted.settle(turn.tables, turn.undecided, self.waiting.without(due), now_us)
        counted = pl.concat([uncounted.frame_of(due.values()), as_text(settled)]) if due else settled
        queues, levels = queueing.follow(self._queues, counted, turn)
        new = chain(amounts({**turn.tables, "requests": counted}), levels)
        return Change(self.with_amounts(new), waiting, queues)

    def unchanged(self, series: Sequence[Series]) -> Change:
        """A change of series alone."""
        return Change(series, self.waiting, self._queues)

    def at(self, now_us: int) -> list[Series]:
        """Every series, with the requests that have waited long enough by now."""
        due = self.waiting.due(now_us)
        new = {each.key: each for each in self.with_amounts(amounts({"requests": uncounted.frame_of(due.values())}))}
        return list({**self._series, **new}.values())

    def with_amounts(self, new: Iterable[Series]) -> list[Series]:
        """The series that amounts are added to, as they will be; what a family has no room for goes to one series."""
        counts = Counter(self._counts)
        sums: dict[Key, Series] = {}
        for each in total(new).values():
            taken = each
            if each.key not in self._series and each.key not in sums:
                if each.labels and counts[each.family] >= MOST_SERIES:
                    taken = overflow(each)
                else:
                    counts[each.family] += 1
            sums[taken.key] = added(sums.get(taken.key), taken)
        return [added(self._series.get(key), each) for key, each in sums.items()]

    def put(self, catalog: Catalog, change: Change) -> None:
        """Write what changed; within a transaction."""
        catalog.run_many(_PUT, map(_row, change.series))
        uncounted.put(catalog, self.waiting, change.waiting)
        queueing.put(catalog, self._queues, change.queues)

    def apply(self, change: Change) -> None:
        """Take over what was committed."""
        for each in change.series:
            if each.key not in self._series:
                self._counts[each.family] += 1
            self._series[each.key] = each
        self.waiting = change.waiting
        self._queues = change.queues


def _of_part(layout: StoreLayout, part: PartRecord) -> Iterator[Series]:
    """What the rows of a part were counted as; nothing for one that cannot be read: `verify` tells of it."""
    with suppress(StoreError):
        yield from amounts({part.table: read_part(layout, part)})


def read(catalog: Catalog) -> list[Series]:
    """Every series in the order in which they came; families that this version does not know are left out.

    None at all where nothing was counted yet: a catalogue that an older version wrote.
    """
    if not catalog.has_table("series"):
        return []
    rows = catalog.rows("SELECT family, labels, value, buckets, least, greatest, at_us FROM series ORDER BY id")
    return [
        Series(family, _labels(family, labels), value, tuple(json.loads(buckets)), least, greatest, at_us)
        for family, labels, value, buckets, least, greatest, at_us in rows
        if family in KEPT
    ]


def _labels(family: str, text: str) -> tuple[str, ...]:
    """The labels of a series; a catalogue that no writer has brought up to date yet lacks the last of some."""
    labels = json.loads(text)
    return (*labels, *("" for _ in KEPT[family].labels[len(labels) :]))


def read_series(root: Path, now: datetime | None = None) -> list[Series]:
    """Every series of a store, in the order in which they came; none where there is no store.

    Args:
        root: The store's folder.
        now: Requests that have waited for their run long enough by then are in it; None: as of the last commit.

    Raises:
        StoreError: the catalogue is damaged.
    """
    layout = StoreLayout(root)
    counters = catalogs.read(layout.catalog, Counters.read) if layout.catalog.exists() else None
    if counters is None:
        return []
    return counters.at(0 if now is None else as_us(now))


def lacking(counted: Iterable[Series], known: Iterable[Series], waiting: Waiting) -> list[str]:
    """What was counted less of than there are rows: sums and observations only; a sentence each.

    More than there are rows is what retention and reprocessing leave. Nothing is said of a store in which nothing was counted yet.
    The model of a request is no part of it: it was counted as of the one that was known at the time.
    """
    counted, known = (
        [_without_model(each) for each in series]
        for series in (counted, chain(known, amounts({"requests": uncounted.frame_of(waiting.requests.values())})))
    )
    there = total(known)
    if not there:
        return []
    full = {family for family, labels in there if labels and set(labels) == {OTHER}}
    sums = _by_family(there.values(), full)
    problems = []
    for each in _by_family(counted, full).values():
        kept = KEPT[each.family]
        if kept.adding not in {"sum", "histogram"} or kept.signed:
            continue
        found = sums.get(each.key)
        for what, rows, counts in (("", each.value, found.value if found else 0), (" (count)", each.count, found.count if found else 0)):
            if counts < rows:
                problems.append(f"counter {each.family}{list(each.labels)}{what} is {counts}, the rows add up to {rows}")
    return problems


def _without_model(series: Series) -> Series:
    """A series of requests as if no model were known; others as they are."""
    if series.family != "requests" or set(series.labels) == {OTHER}:
        return series
    return replace(series, labels=(*series.labels[:-1], ""))


def _by_family(series: Iterable[Series], full: AbstractSet[str]) -> dict[Key, Series]:
    """Series by key, all those of a family that has no room for more as one: which of them came first is not told by the rows."""
    return total(overflow(each) if each.family in full else each for each in series)


def _row(series: Series) -> tuple[object, ...]:
    labels, buckets = json.dumps(series.labels), json.dumps(series.buckets)
    return (series.family, labels, series.value, buckets, series.least, series.greatest, series.at_us)
