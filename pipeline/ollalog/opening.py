"""Opening the warehouse: a snapshot, the pairs that are not settled yet, and the closed dates that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from ollalog import closing, parsing, store
from ollalog.core.batch import Snapshot
from ollalog.core.closed_dates import ClosedDate
from ollalog.core.zones import sql_name

if TYPE_CHECKING:
    from ollalog.warehouse import Warehouse


def warehouse(  # noqa: PLR0913 - as open_warehouse
    root: Path,
    *,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    timezone: str | None = None,
    host: str | None = None,
) -> Warehouse:
    """A warehouse over the last commit of a store; takes a new snapshot once if a part was removed meanwhile."""
    from ollalog.warehouse import PartGoneError

    zone = sql_name(timezone) if timezone and timezone != "UTC" else None

    def opened() -> Warehouse:
        snapshot = store.read_snapshot(root)
        closed = store.read_closed_dates(root, snapshot)
        return opened_warehouse(snapshot, now=now, since=since, until=until, timezone=zone, host=host, closed=closed)

    try:
        return opened()
    except PartGoneError:
        return opened()


def opened_warehouse(  # noqa: PLR0913 - as open_warehouse
    snapshot: Snapshot,
    *,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    timezone: str | None = None,
    host: str | None = None,
    closed: Sequence[ClosedDate] = (),
) -> Warehouse:
    """A warehouse over a snapshot, with the pairs that are not settled yet, and the closed dates that follow from it."""
    from ollalog.warehouse import open_warehouse

    pairs = unsettled_pairs(snapshot.states)
    return open_warehouse(snapshot, now=now, since=since, until=until, timezone=timezone, host=host, provisional_pairs=pairs, closed=closed)


def unsettled_instants(snapshot: Snapshot) -> list[datetime]:
    """When requests were whose run is not settled yet."""
    pairs = unsettled_pairs(snapshot.states)
    return [] if pairs is None else pairs["happened_at"].drop_nulls().to_list()


def close_dates(root: Path, now: datetime, told: Callable[[int], object] = int, *, thorough: bool = False) -> int:
    """Keep the joined requests of dates that are over, so that views of millions of requests are quick; see `closing.close_dates`."""
    return closing.close_dates(closing.Place(root, opened_warehouse, unsettled_instants, told), now, thorough=thorough)


def unsettled_pairs(states: Mapping[str, str]) -> pl.DataFrame | None:
    """The pairs that requests at the end of what was read get if nothing more comes."""
    return _unsettled_pairs_of(tuple(states.values()))


@lru_cache(maxsize=4)
def _unsettled_pairs_of(texts: tuple[str, ...]) -> pl.DataFrame | None:
    """Those of all families at once; to work them out costs more than most questions, and a server is asked much between two commits."""
    waiting = parsing.all_waiting(texts)
    return None if waiting.is_empty else parsing.provisional_pairs(waiting)
