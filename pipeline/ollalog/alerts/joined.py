"""The rows of the last moments with all their columns, for views that join them.

A row of such a view is computed again and again while it is younger than HOT, for what follows can still tell its model;
then it stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from ollalog.alerts.ticks import EPOCH
from ollalog.core.tables import LASTING_EVENTS, TABLES

if TYPE_CHECKING:
    from ollalog.warehouse import Warehouse

UnsettledPairs = Callable[[Mapping[str, str]], "pl.DataFrame | None"]
HOT, CONTEXT = timedelta(seconds=30), timedelta(seconds=30)
HOT_ROWS = 40_000
"""No more rows of a view are computed again and again, and no more older rows are looked at with them."""
LASTING_ROWS = 2_000
"""So many of the newest rows that tell of loads of models and starts of servers are known, however old."""
JOINED = ("requests", "inferences", "pairs", "server_events")
NOT_SETTLED = -1
US = timedelta(microseconds=1)


class Joined:
    """What came lately, and the views over it: `small` ones are held as tables, which only news of loads changes."""

    def __init__(self, small: Iterable[str], warehouse: Warehouse, unsettled_pairs: UnsettledPairs, states: Mapping[str, str]) -> None:
        self._small = sorted(small)
        self._warehouse = warehouse
        self._unsettled_pairs = unsettled_pairs
        self._states = dict(states)
        self._came: dict[str, list[pl.DataFrame]] = {}
        self._rows = dict.fromkeys(JOINED, 0)
        self.has_loads_news = True

    @property
    def is_full(self) -> bool:
        """Whether there are far more rows than can be looked at, as at high rates."""
        return max(self._rows.values()) > 4 * HOT_ROWS

    def feed(self, came: Mapping[str, pl.DataFrame], states: Mapping[str, str], since: datetime) -> None:
        """Remember rows of tables after an instant, and what parsing remembers, until a view is asked for."""
        for name in came.keys() & set(JOINED):
            wanted = pl.col(TABLES[name].time) > since
            if name == "server_events":
                wanted |= pl.col("event").is_in(LASTING_EVENTS)
                self.has_loads_news |= bool(came[name]["event"].is_in(LASTING_EVENTS).any())
            self._came.setdefault(name, []).append(came[name].filter(wanted))
        self._states.update(states)

    def types(self, name: str) -> dict[str, str]:
        """The columns of a relation and their types."""
        described = self._warehouse.query(f'DESCRIBE "{name}"')
        return dict(described.select("column_name", "column_type").iter_rows())

    def small_rows(self, name: str) -> pl.DataFrame:
        """All rows of a view that is held as a table. Raises WarehouseError."""
        self._renew()
        return self._warehouse.view(name)

    def hot_rows(self, name: str, columns: Iterable[str], time: str, frozen_us: int) -> pl.DataFrame:
        """The rows of a joining view after an instant, as they now are. Raises WarehouseError.

        Args:
            name: The view.
            columns: Those that are wanted.
            time: What dates its rows.
            frozen_us: The instant; µs since 1970.

        Returns:
            These columns, and `row_us`.
        """
        self._renew()
        self._warehouse.prepare(f"DELETE FROM pairs WHERE batch = {NOT_SETTLED}")  # noqa: S608 - a number of ours
        pairs = self._unsettled_pairs(self._states)
        if pairs is not None and pairs.height:
            self._warehouse.insert("pairs", pairs.with_columns(pl.lit(NOT_SETTLED, pl.Int64).alias("batch")))
        chosen = ", ".join(f'"{column}"' for column in columns)
        return self._warehouse.query(
            f'SELECT {chosen}, epoch_us({time}) AS row_us FROM "{name}" WHERE {time} > make_timestamptz({frozen_us})'  # noqa: S608 - names of relations
        )

    def prune(self, now: datetime, frozen_us: int) -> None:
        """Let go of rows that no row after an instant can be joined with. Raises WarehouseError."""
        self._put()
        self._warehouse.prepare("SET VARIABLE now_utc = $1::TIMESTAMPTZ", [now.astimezone(UTC)])
        for name in JOINED:
            time, since_us = TABLES[name].time, frozen_us - CONTEXT // US
            if self._rows[name] > HOT_ROWS:
                newest = f"SELECT epoch_us({time}) AS us FROM {name} WHERE {time} <= make_timestamptz({frozen_us}) ORDER BY us DESC"  # noqa: S608
                since_us = max(since_us, self._warehouse.query(f"SELECT min(us) AS us FROM ({newest} LIMIT {HOT_ROWS})").item() or 0)  # noqa: S608
            kept = f"{time} >= make_timestamptz({since_us})"
            if name == "server_events":
                lasting = (
                    f"SELECT happened_at FROM server_events WHERE event IN {LASTING_EVENTS} ORDER BY happened_at DESC LIMIT {LASTING_ROWS}"  # noqa: S608
                )
                kept += f" OR (event IN {LASTING_EVENTS} AND happened_at >= (SELECT min(happened_at) FROM ({lasting})))"  # noqa: S608
            self._warehouse.prepare(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM {name} WHERE {kept}")  # noqa: S608 - names of tables
            self._rows[name] = int(self._warehouse.query(f"SELECT count(*) AS n FROM {name}").item())  # noqa: S608 - names of tables

    def close(self) -> None:
        """Give the memory back."""
        self._warehouse.__exit__(None, None, None)

    def _put(self) -> None:
        for name, frames in self._came.items():
            rows = pl.concat(frames, how="diagonal")
            self._warehouse.insert(name, rows)
            self._rows[name] += rows.height
        self._came.clear()

    def _renew(self) -> None:
        """Bring what came to where the views see it; small views are computed again where it changes them."""
        self._put()
        if self.has_loads_news:
            self.has_loads_news = False
            self._warehouse.renew(self._small)


def lasting(past: Warehouse, until: datetime) -> pl.DataFrame:
    """What the server said before an instant and holds until it says otherwise: the newest of it."""
    return past.query(
        f"SELECT * FROM server_events WHERE event IN {LASTING_EVENTS} AND happened_at <= make_timestamptz({(until - EPOCH) // US}) "  # noqa: S608
        f"ORDER BY happened_at DESC LIMIT {LASTING_ROWS}"
    )
