"""What replacing the rows of some sources does to what is counted: more is added, nothing is taken back, nothing is told twice."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain

import polars as pl

from ollalog.core.batch import Place, Undecided
from ollalog.core.errors import StoreError
from ollalog.core.layout import StoreLayout
from ollalog.core.series import Series, grown, total
from ollalog.store import uncounted
from ollalog.store.counters import Change, Counters
from ollalog.store.counting import amounts
from ollalog.store.parts import read_part
from ollalog.store.records import PartRecord
from ollalog.store.uncounted import Uncounted, Waiting

PLACE = {"source": pl.Int64(), "byte_offset": pl.Int64()}


@dataclass(frozen=True)
class Replaced:
    """Rows of sources that go and rows that come, in parts that may hold rows of others, too."""

    layout: StoreLayout
    ids: frozenset[int]
    old: Sequence[PartRecord]
    new: Sequence[PartRecord]


def recounted(counters: Counters, replaced: Replaced, undecided: Mapping[str, Undecided], now_us: int) -> Change:
    """By how much the rows that come count more than those that go; nothing where a part is lost: what it counted as is not known."""
    due = counters.waiting.due(now_us)
    waiting = counters.waiting.without(due)
    others = waiting.less_sources(replaced.ids)
    open_before = {place: each for place, each in waiting.requests.items() if place[0] in replaced.ids}
    growth: Sequence[Series] = ()
    with suppress(StoreError):
        growth, others = _growth(replaced, undecided, open_before, others, now_us)
    new = chain(amounts({"requests": uncounted.frame_of(due.values())}), growth)
    return replace(counters.unchanged(counters.with_amounts(new)), waiting=others)


def _growth(
    replaced: Replaced, undecided: Mapping[str, Undecided], open_before: Mapping[Place, Uncounted], others: Waiting, now_us: int
) -> tuple[list[Series], Waiting]:
    """What is more, and what waits to be counted: of the requests that are open now those that were not counted before."""
    places = [place for each in undecided.values() for place in each.requests]
    there = {place for rows in _frames(replaced, replaced.old, "requests", places) for place in rows.select(*PLACE).iter_rows()}
    counted_before = there - set(open_before)
    still = {
        family: replace(each, requests={place: run for place, run in each.requests.items() if place not in counted_before})
        for family, each in undecided.items()
    }
    open_now = {place for each in still.values() for place in each.requests}
    known = {place: open_before[place] for place in open_now if place in open_before}
    runs = [run for each in still.values() for run in (*each.runs, *filter(None, each.requests.values()))]
    tables = {
        name: pl.concat(found)
        for name, wanted in (("requests", open_now - set(known)), ("inferences", runs))
        if (found := list(_frames(replaced, replaced.new, name, wanted)))
    }
    _, waiting = uncounted.settle(tables, still, replace(others, requests={**others.requests, **known}), now_us)
    now, before = (
        total(_counted(replaced, parts, exclude)) for parts, exclude in ((replaced.new, open_now), (replaced.old, open_before.keys()))
    )
    return list(grown(now, before)), waiting


def _frames(replaced: Replaced, parts: Sequence[PartRecord], table: str, places: Collection[Place] | None = None) -> Iterator[pl.DataFrame]:
    """The rows of the sources in each part of a table; only those of some places."""
    if places is not None and not places:
        return
    wanted = None if places is None else pl.DataFrame(list(places), schema=PLACE, orient="row")
    for part in parts:
        if part.table == table:
            rows = read_part(replaced.layout, part).filter(pl.col("source").is_in(sorted(replaced.ids)))
            rows = rows if wanted is None else rows.join(wanted, on=list(PLACE), how="semi")
            if rows.height:
                yield rows


def _counted(replaced: Replaced, parts: Sequence[PartRecord], exclude: Collection[Place]) -> Iterator[Series]:
    """What the rows of the sources in some parts count as, less some requests."""
    runs = [uncounted.runs_of(rows) for rows in _frames(replaced, parts, "inferences")]
    pairs = [uncounted.pairs_of(rows) for rows in _frames(replaced, parts, "pairs")]
    run_of = uncounted.paired(pl.concat(pairs), pl.concat(runs)) if pairs and runs else uncounted.paired()
    left_out = pl.DataFrame(list(exclude), schema=PLACE, orient="row")
    for table in dict.fromkeys(part.table for part in parts):
        for rows in _frames(replaced, parts, table):
            if table == "requests":
                yield from amounts({table: uncounted.told(rows.join(left_out, on=list(PLACE), how="anti"), run_of)})
            else:
                yield from amounts({table: rows})
