"""Requests that are not counted yet, because lines to come may tell whose run is theirs, and so of which model they are.

A request is counted once: at the commit that settles its run, or that leaves no run which could be its own; or, where no such line
comes, 60 s after the commit that brought it, with the run that it would get by then. Waiting for 60 s needs no writer: whoever
reads the series counts what is over the time as the next commit will.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from ollalog.core.batch import Place, Undecided
from ollalog.store.catalog import Catalog

LONGEST_WAIT_US = 60 * 1_000_000
KEY_SOURCE = 1 << 40
KEY = {"key": pl.Int64()}
SAID = {
    "host": pl.String(), "method": pl.String(), "route": pl.String(), "operation": pl.String(), "status": pl.Int64(),
    "latency_ns": pl.Int64(), "ended_us": pl.Int64(),
}  # fmt: skip
PAIR = {**KEY, "run": pl.Int64()}
RUN = {"model": pl.String(), "total_ns": pl.Int64()}
COUNTED = {**SAID, "model": pl.String(), "wait_ns": pl.Int64()}
"""What is counted of a request: `model` of its run, and how much longer than the run it took; null without a run."""


@dataclass(frozen=True)
class Uncounted:
    """A request that waits: its values by SAID, model and wait by the run that it would get now, and when it was committed."""

    family: str
    said: tuple[object, ...]
    model: str | None
    wait_ns: int | None
    since_us: int


@dataclass(frozen=True)
class FreeRun:
    """A run that may become a request's."""

    family: str
    model: str | None
    total_ns: int | None


@dataclass(frozen=True)
class Waiting:
    """All that waits, by place."""

    requests: Mapping[Place, Uncounted] = field(default_factory=dict)
    runs: Mapping[Place, FreeRun] = field(default_factory=dict)

    def due(self, now_us: int) -> dict[Place, Uncounted]:
        """Requests that have waited long enough."""
        return {place: each for place, each in self.requests.items() if each.since_us <= now_us - LONGEST_WAIT_US}

    def less_sources(self, ids: Collection[int]) -> Waiting:
        """The same less all of some sources."""
        requests = {place: each for place, each in self.requests.items() if place[0] not in ids}
        return Waiting(requests, {place: run for place, run in self.runs.items() if place[0] not in ids})

    def without(self, places: Iterable[Place]) -> Waiting:
        """The same less some requests."""
        gone = set(places)
        return replace(self, requests={place: each for place, each in self.requests.items() if place not in gone}) if gone else self


def frame_of(requests: Iterable[Uncounted]) -> pl.DataFrame:
    """Requests as they are counted, COUNTED."""
    return pl.DataFrame([(*each.said, each.model, each.wait_ns) for each in requests], schema=COUNTED, orient="row")


def settle(
    tables: Mapping[str, pl.DataFrame], undecided: Mapping[str, Undecided], before: Waiting, now_us: int
) -> tuple[pl.DataFrame, Waiting]:
    """Tell requests that can be counted from those that wait.

    Args:
        tables: new rows.
        undecided: by family, of those that were read; requests of other families wait on.
        before: what waits.
        now_us: when new requests begin to wait.

    Returns:
        The requests to count, COUNTED; and what waits now.
    """
    new = _said(tables["requests"]) if "requests" in tables else pl.DataFrame(schema={**KEY, **SAID})
    older = {place: each for place, each in before.requests.items() if each.family in undecided}
    if not (older or any(each.requests or each.runs for each in undecided.values())) and "pairs" not in tables:
        return _told(new, paired()).select(*COUNTED), _less_runs(before, undecided)
    rows = [(key_of(place), *each.said) for place, each in older.items()]
    every = pl.concat([pl.DataFrame(rows, schema={**KEY, **SAID}, orient="row").cast(new.schema), new]) if rows else new
    families = {key_of(place): family for family, each in undecided.items() for place in each.requests}
    guesses = [(key_of(place), key_of(run)) for each in undecided.values() for place, run in each.requests.items() if run]
    pairs = [pl.DataFrame(guesses, schema=PAIR, orient="row")]
    if "pairs" in tables:
        pairs.append(pairs_of(tables["pairs"]))
    runs = _runs(tables, before)
    known = _told(every, paired(pl.concat(pairs), runs))
    is_open = known["key"].is_in(list(families))
    waiting = {place: each for place, each in before.requests.items() if each.family not in undecided}
    for key, *said, model, wait_ns in known.filter(is_open).iter_rows():
        place = place_of(key)
        since_us = older[place].since_us if place in older else now_us
        waiting[place] = Uncounted(families[key], tuple(said), model, wait_ns, since_us)
    return known.filter(~is_open).select(*COUNTED), Waiting(waiting, {**_less_runs(before, undecided).runs, **_free(runs, undecided)})


def key_of(place: Place) -> int:
    """A place as one number: frames are joined by one column much faster than by two."""
    return place[0] * KEY_SOURCE + place[1]


def place_of(key: int) -> Place:
    """The place that `key_of` made a number of."""
    return divmod(key, KEY_SOURCE)


def _key(source: str, byte_offset: str, name: str) -> pl.Expr:
    return (pl.col(source) * KEY_SOURCE + pl.col(byte_offset)).alias(name)


def paired(pairs: pl.DataFrame | None = None, runs: pl.DataFrame | None = None) -> pl.DataFrame:
    """What is known of the runs of requests, KEY of the request and RUN; nothing without pairs (PAIR) and runs (KEY and RUN)."""
    if pairs is None or runs is None:
        return pl.DataFrame(schema={**KEY, **RUN})
    return pairs.join(runs, left_on="run", right_on="key").select(*KEY, *RUN)


def pairs_of(pairs: pl.DataFrame) -> pl.DataFrame:
    """Rows of `pairs`, PAIR."""
    return pairs.select(_key("source", "byte_offset", "key"), _key("run_source", "run_offset", "run"))


def runs_of(inferences: pl.DataFrame) -> pl.DataFrame:
    """The runs that the server's log tells of, KEY and RUN."""
    return inferences.filter(pl.col("origin") == "server_log").select(_key("source", "byte_offset", "key"), *RUN)


def told(requests: pl.DataFrame, run_of: pl.DataFrame) -> pl.DataFrame:
    """Rows of `requests` as they are counted, COUNTED."""
    return _told(_said(requests), run_of).select(*COUNTED)


def _said(requests: pl.DataFrame) -> pl.DataFrame:
    return requests.select(_key("source", "byte_offset", "key"), *list(SAID)[:-1], pl.col("ended_at").dt.epoch("us").alias("ended_us"))


def _told(requests: pl.DataFrame, run_of: pl.DataFrame) -> pl.DataFrame:
    """Requests (KEY and SAID) with the model of their run, and how much longer they took."""
    if run_of.height:
        known = requests.join(run_of, on="key", how="left", maintain_order="left")
    else:
        known = requests.with_columns(pl.lit(None, kind).alias(name) for name, kind in RUN.items())
    wait = (pl.col("latency_ns") - pl.col("total_ns")).clip(lower_bound=0).alias("wait_ns")
    return known.select(*KEY, *SAID, "model", wait)


def _runs(tables: Mapping[str, pl.DataFrame], before: Waiting) -> pl.DataFrame:
    """All runs that a request can have, KEY and RUN: those that waited, and new ones."""
    rows = [(key_of(place), run.model, run.total_ns) for place, run in before.runs.items()]
    known = pl.DataFrame(rows, schema={**KEY, **RUN}, orient="row")
    return pl.concat([known, runs_of(tables["inferences"])]) if "inferences" in tables else known


def _less_runs(before: Waiting, undecided: Mapping[str, Undecided]) -> Waiting:
    """What waits less the runs of families that were read."""
    return replace(before, runs={place: run for place, run in before.runs.items() if run.family not in undecided})


def _free(runs: pl.DataFrame, undecided: Mapping[str, Undecided]) -> dict[Place, FreeRun]:
    """Runs that are nobody's yet; of those that the log has not told to the end yet there is no row."""
    families = {key_of(place): family for family, each in undecided.items() for place in each.runs}
    if not families:
        return {}
    free = runs.filter(runs["key"].is_in(list(families)))
    return {place_of(key): FreeRun(families[key], model, total_ns) for key, model, total_ns in free.iter_rows()}


def put(catalog: Catalog, before: Waiting, after: Waiting) -> None:
    """Write what has changed; within a transaction."""
    _put(catalog, before.requests, after.requests, _DROP_REQUEST, _PUT_REQUEST)
    _put(catalog, before.runs, after.runs, _DROP_RUN, _PUT_RUN)


_DROP_REQUEST = "DELETE FROM uncounted WHERE source = ? AND byte_offset = ?"
_PUT_REQUEST = """INSERT OR REPLACE INTO uncounted (source, byte_offset, family, said, model, wait_ns, since_us)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
_DROP_RUN = "DELETE FROM free_runs WHERE source = ? AND byte_offset = ?"
_PUT_RUN = "INSERT OR REPLACE INTO free_runs (source, byte_offset, family, model, total_ns) VALUES (?, ?, ?, ?, ?)"
_Waits = Mapping[Place, Uncounted] | Mapping[Place, FreeRun]


def _put(catalog: Catalog, before: _Waits, after: _Waits, drop: str, add: str) -> None:
    gone = [place for place in before if place not in after]
    changed = [(*place, *_row(each)) for place, each in after.items() if before.get(place) != each]
    if gone:
        catalog.run_many(drop, gone)
    if changed:
        catalog.run_many(add, changed)


def _row(each: Uncounted | FreeRun) -> tuple[object, ...]:
    if isinstance(each, FreeRun):
        return each.family, each.model, each.total_ns
    return each.family, json.dumps(each.said), each.model, each.wait_ns, each.since_us


def read(catalog: Catalog) -> Waiting:
    """All that waits; nothing in a catalogue that an older version wrote."""
    if not catalog.has_table("uncounted"):
        return Waiting()
    return Waiting(
        {
            (source, byte_offset): Uncounted(family, tuple(json.loads(said)), *rest)
            for source, byte_offset, family, said, *rest in catalog.rows(
                "SELECT source, byte_offset, family, said, model, wait_ns, since_us FROM uncounted ORDER BY source, byte_offset"
            )
        },
        {
            (source, byte_offset): FreeRun(*rest)
            for source, byte_offset, *rest in catalog.rows("SELECT source, byte_offset, family, model, total_ns FROM free_runs")
        },
    )
