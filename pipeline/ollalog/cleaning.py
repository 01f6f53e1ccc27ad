"""Retention: which days go, what is kept of them, and their removal in one commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from ollalog import store
from ollalog.core.batch import Snapshot
from ollalog.core.retention import Day, Retention, days_over
from ollalog.core.tables import DAY_ROLLUPS, LASTING_EVENTS, polars_schema

if TYPE_CHECKING:
    from ollalog.warehouse import Warehouse

OpenWarehouse = Callable[..., "Warehouse"]
ALIVE = "SELECT session FROM requests WHERE session IS NOT NULL UNION SELECT session FROM server_events WHERE session IS NOT NULL"


@dataclass(frozen=True)
class Cleanup:
    """What a cleanup removed, or would remove: days, oldest first; rows by table, which are known only once it is done."""

    days: tuple[Day, ...] = ()
    rows: dict[str, int] = field(default_factory=dict)
    dry_run: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As JSON: {"dry_run", "days", "first_date", "last_date", "tables": {name: {"days", "rows", "bytes"}}}."""
        tables: dict[str, dict[str, int]] = {}
        days, size_bytes = Counter(day.table for day in self.days), Counter[str]()
        would_go = Counter[str]()
        for day in self.days:
            size_bytes[day.table] += day.size_bytes
            would_go[day.table] += day.rows
        for name in days:
            rows = would_go[name] if self.dry_run else self.rows.get(name, 0)
            tables[name] = {"days": days[name], "rows": rows, "bytes": size_bytes[name]}
        return {
            "dry_run": self.dry_run,
            "days": len({day.date for day in self.days}),
            "first_date": self.days[0].date if self.days else None,
            "last_date": self.days[-1].date if self.days else None,
            "tables": tables,
        }


def clean_up(root: Path, opened: store.Store | None, retention: Retention, open_warehouse: OpenWarehouse, now: datetime) -> Cleanup:
    """Remove the days that are over a limit; of requests their sums by day and model stay.

    Args:
        root: The store's folder.
        opened: The store, locked for writing; None: only say what would be removed.
        retention: The limits.
        open_warehouse: Makes a snapshot ready to be asked: (snapshot, *, now).
        now: Its UTC date is today's.

    Raises:
        StoreError: a part cannot be read or written; nothing has changed.
        WarehouseError: the sums cannot be computed; nothing has changed.
    """
    snapshot = store.read_snapshot(root)
    over = days_over(_days(snapshot), retention, now.date())
    if not over or opened is None:
        return Cleanup(tuple(over), dry_run=opened is None)
    dates = {day.date for day in over if day.group == "requests"}
    rollups = {DAY_ROLLUPS.name: _rollups(snapshot, dates, open_warehouse, now)} if dates else {}
    rows = opened.remove_days({(day.table, day.date) for day in over}, stay=_staying(snapshot, over, open_warehouse, now), added=rollups)
    store.sweep_closed_dates(root, store.read_snapshot(root), now)
    return Cleanup(tuple(day for day in over if day.table in rows), rows)


def _days(snapshot: Snapshot) -> Sequence[Day]:
    rows, size_bytes = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for part in snapshot.parts:
        rows[part.table, part.date] += part.rows
        size_bytes[part.table, part.date] += part.size_bytes
    return [Day(*key, count, size_bytes[key]) for key, count in rows.items()]


def _staying(snapshot: Snapshot, over: Sequence[Day], open_warehouse: OpenWarehouse, now: datetime) -> dict[str, pl.Expr]:
    """What servers that still run said and that still holds is kept: which model they loaded, how they are set."""
    last = max((day.date for day in over if day.table == "server_events"), default=None)
    if last is None:
        return {}
    begin = datetime.combine(date.fromisoformat(last) + timedelta(days=1), datetime.min.time(), UTC)
    parts = tuple(part for part in snapshot.parts if part.max_time is None or part.max_time >= begin)
    with open_warehouse(Snapshot(snapshot.batch, parts), now=now) as warehouse:
        sessions = warehouse.query(ALIVE)["session"].to_list()
    return {"server_events": pl.col("event").is_in(LASTING_EVENTS) & pl.col("session").is_in(sessions)}


def _rollups(snapshot: Snapshot, dates: Collection[str], open_warehouse: OpenWarehouse, now: datetime) -> pl.DataFrame:
    """Sums by UTC day and model of days that go: TABLES.day_rollups without `batch`."""
    # Over the whole store: what other days say of a model's name counts for these days too.
    with open_warehouse(snapshot, now=now) as warehouse:
        sums = warehouse.query("SELECT * FROM day_sums ORDER BY day_local, model")
    of_days = sums.filter(pl.col("day_local").is_in([date.fromisoformat(day) for day in dates])).with_row_index("row")
    first = int(now.timestamp() * 1e6)  # numbers that no other row of the table has
    said = of_days.with_columns(
        pl.lit(0, pl.Int64).alias("source"),
        (pl.lit(first, pl.Int64) + pl.col("row")).alias("byte_offset"),
        pl.col("day_local").cast(pl.Datetime("us", "UTC")).alias("happened_at"),
    )
    schema = {name: kind for name, kind in polars_schema(DAY_ROLLUPS).items() if name != "batch"}
    return said.select(
        pl.col(name) if name in said.columns else pl.lit("" if name == "host" else None, kind).alias(name) for name, kind in schema.items()
    )
