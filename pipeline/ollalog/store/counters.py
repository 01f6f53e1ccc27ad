"""The series that are kept beside the rows: in the catalogue, changed in the transaction of the commit that adds the rows.

So what is counted is what is committed, each once, whatever stops the program; retention takes nothing away.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path

import polars as pl

from ollalog.core.errors import StoreError
from ollalog.core.layout import StoreLayout
from ollalog.core.series import KEPT, MOST_SERIES, Key, Series, added, overflow, total
from ollalog.recorder.families import OTHER
from ollalog.store import catalog as catalogs
from ollalog.store import inventory
from ollalog.store.catalog import Catalog
from ollalog.store.counting import amounts
from ollalog.store.parts import read_part
from ollalog.store.records import PartRecord

_PUT = """INSERT INTO series (family, labels, value, buckets, least, greatest, at_us) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (family, labels) DO UPDATE SET value = excluded.value, buckets = excluded.buckets, least = excluded.least,
    greatest = excluded.greatest, at_us = excluded.at_us"""


class Counters:
    """All series as of the last commit, in the order in which they came."""

    def __init__(self, series: Iterable[Series]) -> None:
        self._take(series)

    def _take(self, series: Iterable[Series]) -> None:
        """Begin with these."""
        self._series = {each.key: each for each in series}
        self._counts = Counter(family for family, _ in self._series)

    @classmethod
    def of(cls, layout: StoreLayout, catalog: Catalog) -> Counters:
        """As the catalogue has them; where rows were stored before anything was counted, they are counted now."""
        counters = cls(read(catalog))
        parts = [] if counters._series else inventory.live_parts(catalog)
        if parts:
            counted = counters.with_amounts(each for part in parts for each in _of_part(layout, part))
            with catalog.transaction():
                counters.put(catalog, counted)
            counters.apply(counted)
        return counters

    def reload(self, catalog: Catalog) -> None:
        """After a turn that failed only the catalogue says what was counted."""
        self._take(read(catalog))

    def changed(self, tables: Mapping[str, pl.DataFrame]) -> list[Series]:
        """The series that rows add to, as they will be; nothing is changed yet."""
        return self.with_amounts(amounts(tables))

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

    def put(self, catalog: Catalog, changed: Sequence[Series]) -> None:
        """Write changed series; within a transaction."""
        catalog.run_many(_PUT, map(_row, changed))

    def apply(self, changed: Sequence[Series]) -> None:
        """Take over what was committed."""
        for each in changed:
            if each.key not in self._series:
                self._counts[each.family] += 1
            self._series[each.key] = each


def _of_part(layout: StoreLayout, part: PartRecord) -> Iterator[Series]:
    """What the rows of a part were counted as; nothing for one that cannot be read: `verify` tells of it."""
    with suppress(StoreError):
        yield from amounts({part.table: read_part(layout, part)})


def read(catalog: Catalog) -> list[Series]:
    """Every series in the order in which they came; families that this version does not know are left out.

    None at all where nothing was counted yet: a catalogue that an older version wrote.
    """
    if catalog.value("SELECT 1 FROM sqlite_master WHERE name = 'series'") is None:
        return []
    rows = catalog.rows("SELECT family, labels, value, buckets, least, greatest, at_us FROM series ORDER BY id")
    return [
        Series(family, tuple(json.loads(labels)), value, tuple(json.loads(buckets)), least, greatest, at_us)
        for family, labels, value, buckets, least, greatest, at_us in rows
        if family in KEPT
    ]


def read_series(root: Path) -> list[Series]:
    """Every series of a store as of its last commit, in the order in which they came; none where there is no store.

    Raises:
        StoreError: the catalogue is damaged.
    """
    layout = StoreLayout(root)
    return (catalogs.read(layout.catalog, read) if layout.catalog.exists() else None) or []


def lacking(counted: Iterable[Series], known: Iterable[Series]) -> list[str]:
    """What was counted less of than there are rows: sums and observations only; a sentence each.

    More than there are rows is what retention and reprocessing leave. Nothing is said of a store in which nothing was counted yet.
    """
    there = {each.key: each for each in known}
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


def _by_family(series: Iterable[Series], full: AbstractSet[str]) -> dict[Key, Series]:
    """Series by key, all those of a family that has no room for more as one: which of them came first is not told by the rows."""
    return total(overflow(each) if each.family in full else each for each in series)


def _row(series: Series) -> tuple[object, ...]:
    labels, buckets = json.dumps(series.labels), json.dumps(series.buckets)
    return (series.family, labels, series.value, buckets, series.least, series.greatest, series.at_us)
