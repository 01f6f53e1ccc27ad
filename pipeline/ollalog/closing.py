"""Close dates: keep the joined requests of each day that is over as a file, so that views of millions of requests need not join them.

What is kept follows from committed rows alone, and is used only as long as it does (see store.closed_dates). Whoever may write to
the store's folder can do it, beside a writer and beside readers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ollalog import store
from ollalog.core.batch import Snapshot
from ollalog.core.closed_dates import AROUND, STEP, ClosedDate, bounds_of, chunks, keys_of_dates, rows_of_dates, whole_days

if TYPE_CHECKING:
    from ollalog.warehouse import Warehouse

OpenWarehouse = Callable[..., "Warehouse"]
LEAST_ROWS = 2_000
"""A day of fewer requests and runs is joined sooner than its file is opened."""
MOST_ROWS = 500_000
"""Days of so many are joined together: more would take more memory."""


@dataclass(frozen=True)
class Place:
    """What dates are closed with: the store's folder, what opens a snapshot, when requests were whose run is not settled, and whom to tell.

    `told` is called with the number of dates before they are closed, when that takes long; `fault` at the crash points.
    """

    root: Path
    open_warehouse: OpenWarehouse
    unsettled: Callable[[Snapshot], Iterable[datetime]]
    told: Callable[[int], object] = int
    fault: Callable[[str], object] = str


def close_dates(place: Place, now: datetime, *, thorough: bool = False) -> int:
    """Close every date that is over and has no file; nothing where another process does so, or the folder is read-only.

    Args:
        place: The store.
        now: Dates that ended an hour before it are over.
        thorough: Look into the files that there are, too: whether models are still called what they were.

    Returns:
        How many dates were closed.

    Raises:
        PipelineError: the store cannot be read.
    """
    snapshot = store.read_snapshot(place.root)
    over = _over(place, snapshot, now)
    closed = store.read_closed_dates(place.root, snapshot) if over else ()
    if not over or not (thorough or set(over) - {each.date for each in closed} or _missing_sums(place, snapshot, closed)):
        return 0
    with suppress(OSError), store.closing(place.root) as is_ours:
        if is_ours:
            return _close(place, snapshot, over, now)
    return 0


def _over(place: Place, snapshot: Snapshot, now: datetime) -> list[date]:
    """Dates worth a file: over, with many rows, and with no request whose run may still be found."""
    unsettled = {moment.date() for each in place.unsettled(snapshot) for moment in (each - AROUND, each + AROUND)}
    rows = rows_of_dates(snapshot)
    return sorted(day for day, count in rows.items() if count >= LEAST_ROWS and bounds_of(day)[1] + AROUND <= now and day not in unsettled)


def _close(place: Place, snapshot: Snapshot, over: Sequence[date], now: datetime) -> int:
    closed = store.read_closed_dates(place.root, snapshot)
    if closed:
        with place.open_warehouse(snapshot, now=now, closed=closed) as warehouse:
            closed = warehouse.closed_dates()
    missing = sorted(set(over) - {each.date for each in closed})
    keys, rows = keys_of_dates(snapshot), rows_of_dates(snapshot)
    if sum(rows[day] for day in missing) > MOST_ROWS:
        place.told(len(missing))
    for chunk in chunks(missing, rows, MOST_ROWS):
        since, until = bounds_of(chunk[0])[0], bounds_of(chunk[-1])[1]
        with place.open_warehouse(snapshot, now=now, since=since, until=until, closed=closed) as warehouse:
            warehouse.keep_requests()
            for day in chunk:
                store.write_closed_date(place.root, warehouse.closing(day), keys[day], partial(warehouse.write_requests, day), place.fault)
        closed = store.read_closed_dates(place.root, snapshot)
    _sum_up(place, snapshot, closed, now)
    store.sweep_closed_dates(place.root, snapshot, now)
    return len(missing)


def _sum_up(place: Place, snapshot: Snapshot, closed: Sequence[ClosedDate], now: datetime) -> None:
    """Keep the rows of views by date, of dates beside which all is closed."""
    if not closed:
        return
    with place.open_warehouse(snapshot, now=now, closed=closed) as warehouse:
        closed = warehouse.closed_dates()
    stems = {each.date: each.stem for each in closed}
    rows, missing = rows_of_dates(snapshot), _missing_sums(place, snapshot, closed)
    for chunk in chunks(sorted(missing), rows, 4 * MOST_ROWS):
        since, until = bounds_of(chunk[0])[0] - STEP, bounds_of(chunk[-1])[1] + STEP
        with place.open_warehouse(snapshot, now=now, since=since, until=until, closed=closed) as warehouse:
            for view in sorted({view for day in chunk for view in missing[day]}):
                warehouse.keep(view)
                for day in chunk:
                    store.write_sums(place.root, day, stems, view, partial(warehouse.write_sums, view, day), place.fault)


def _missing_sums(place: Place, snapshot: Snapshot, closed: Sequence[ClosedDate]) -> dict[date, list[str]]:
    """The views by date whose rows are not kept, of each date that they could be kept of."""
    stems = {each.date: each.stem for each in closed}
    return {each.date: views for each in whole_days(closed, snapshot) if (views := store.missing_sums(place.root, each.date, stems))}
