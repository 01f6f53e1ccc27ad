"""Rows that come, added up by the views that merge (`merge` in their header): each view when it is asked for, over what came since."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from ollalog.core.tables import TABLES, polars_schema

if TYPE_CHECKING:
    from ollalog.core.sqlfile import SqlFile
    from ollalog.warehouse import Warehouse

DATED = ("requests", "inferences", "server_events")
MOST_ROWS = 40_000
"""When so many rows wait for a view, it is time to add them up."""


class Sums:
    """What came and is not yet added up, by view; a small database in which it is."""

    def __init__(self, views: Mapping[str, SqlFile], warehouse: Warehouse) -> None:
        self._words = {name: set(re.findall(r"\w+", view.select.lower())) for name, view in views.items()}
        self._views = views
        self._warehouse = warehouse
        self._came: dict[str, dict[str, list[pl.DataFrame]]] = {name: {} for name in views}
        self._carried = {name: _no_events() for name, view in views.items() if "rejects" in view.needs}
        self._rows = 0

    def feed(self, came: Mapping[str, pl.DataFrame]) -> None:
        """Remember rows of tables until the views that read them are asked for."""
        for name, view in self._views.items():
            for table in came.keys() & set(view.needs):
                named = [column for column in came[table].columns if column in self._words[name]]
                self._came[name].setdefault(table, []).append(came[table].select(named))
        self._rows += sum(rows.height for rows in came.values())

    def is_full(self) -> bool:
        """Whether so much waits that all views should be asked for."""
        return self._rows > MOST_ROWS

    def added(self, name: str) -> pl.DataFrame | None:
        """The view's sums of what came since it was last asked for; None: nothing came. Raises WarehouseError."""
        came = {table: pl.concat(frames, how="diagonal") for table, frames in self._came[name].items()}
        self._came[name].clear()
        if not any(any(frames.values()) for frames in self._came.values()):
            self._rows = 0
        if not came:
            return None
        filled = came
        if "rejects" in came:
            filled = {**came, "server_events": pl.concat([self._carried[name], *_of(came, "server_events")], how="diagonal")}
        for table, rows in filled.items():
            self._warehouse.insert(table, rows)
        sums = self._warehouse.view(name)
        for table in filled:
            self._warehouse.prepare(f"TRUNCATE {table}")
        if name in self._carried:
            self._carried[name] = _last_of_each_log(self._carried[name], came)
        return sums

    def close(self) -> None:
        """Give the memory back."""
        self._warehouse.__exit__(None, None, None)


def _of(came: Mapping[str, pl.DataFrame], table: str) -> list[pl.DataFrame]:
    return [came[table]] if table in came else []


def _no_events() -> pl.DataFrame:
    """No rows of server_events that only date what follows them."""
    types = polars_schema(TABLES["server_events"])
    return pl.DataFrame(schema={name: types[name] for name in ("batch", "source", "byte_offset", "happened_at")})


def _last_of_each_log(carried: pl.DataFrame, came: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The last row of each log, of batch 0: a reject that comes next has its time."""
    dated = [came[name].select("source", "byte_offset", pl.col(TABLES[name].time).alias("happened_at")) for name in DATED if name in came]
    last = pl.concat([carried.drop("batch"), *dated]).sort("byte_offset").group_by("source").last()
    return last.with_columns(pl.lit(0, pl.Int64).alias("batch")).select(carried.columns)
