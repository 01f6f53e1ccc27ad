"""The requests of models: those of closed dates from files, the others joined now, each by what lies within an hour of it.

A request belongs to a range, a machine and a date by its own end and host, after the join. So what a range shows of it does not
depend on where the range ends, a closed date's file holds the same rows that the join gives, and both can be put together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

import duckdb
import polars as pl

from ollalog.core.batch import Part, Snapshot
from ollalog.core.closed_dates import AROUND, SEEN, STEP, ClosedDate, bounds_of, rows_of_dates, sums_name, touches, whole_days
from ollalog.core.sqlfile import SqlFile
from ollalog.core.tables import TABLES
from ollalog.warehouse.base import BaseTable, create_base_table
from ollalog.warehouse.views import create_view, in_order

JOINED = ("model_requests", "requests_without_loads")
"""Views of joined requests; the first has all columns of the second, and is what files hold."""
NAMES = ("model_names", "model_files", "model_aliases")
"""What models are called follows from the whole store, whatever part of it is asked for."""
NEAR = ("requests", "inferences", "pairs")
AREAS = ("around", "unclosed", "rest")
OFTEN = 3
"""So many relations of a query rest on joined requests: to hold these costs as much as to join them twice."""
MOST_HELD = 2_000_000
"""More requests and runs of live dates are held only when that is asked for: it takes memory."""
MATCHES = "SELECT source, byte_offset, record_source, record_offset FROM around.asked_requests_without_loads WHERE origin = 'both'"
"""What record_matches finds, taken from where it was found before."""
TYPES_OF_NAMES = "(model_blob VARCHAR, name VARCHAR, first_seen TIMESTAMPTZ)"


@dataclass(frozen=True)
class Asked:
    """What is asked for: a range and a machine; None: all."""

    since: datetime | None = None
    until: datetime | None = None
    host: str | None = None

    def has(self, day: date) -> bool:
        """Whether a date can have something of it."""
        start, end = bounds_of(day)
        return (self.since is None or self.since < end) and (self.until is None or self.until > start)


class Joining:
    """Makes the relations of joined requests in a connection, when the first of them is asked for.

    Three schemas beside `main`: `around` has the rows that live dates need, of all machines, and the same views; `unclosed` the runs
    of all dates without a file, for the names in them; `rest` the views by date of dates whose rows of them no file has.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        snapshot: Snapshot,
        closed: Sequence[ClosedDate],
        asked: Asked,
        tables: Mapping[str, BaseTable],
    ) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self._closed = closed
        self._asked = asked
        self._tables = tables
        self._views: Mapping[str, SqlFile] = {}
        self._is_ready = False
        self._is_held = False
        self._live_rows = 0
        self._made: set[str] = set()
        self._by_date: tuple[str, ...] = ()
        self._model: str | None = None
        self._summed: Sequence[ClosedDate] = ()
        self._stems: dict[date, str] = {}
        self.used: tuple[ClosedDate, ...] = ()
        """The closed dates whose files are read, once something was asked for."""
        self.paths: list[Path] = []
        """All files that are read."""

    def adapted(self, views: Mapping[str, SqlFile]) -> dict[str, SqlFile]:
        """The views of `main`, those that this makes replaced by what puts them together."""
        self._views = views
        shared = [*NAMES, *(["model_loads"] if self._asked.host is None and self._asked.until is None else [])]
        self._by_date = tuple(name for name, file in views.items() if file.by_date)
        asked = (*JOINED, *self._by_date)
        columns = {name: ", ".join(views[name].columns) for name in (*asked, *shared)}
        made = {name: f"SELECT {columns[name]} FROM around.{name}" for name in shared}  # noqa: S608 - names of views
        made |= {name: f"SELECT {columns[name]} FROM around.asked_{name}" for name in asked}  # noqa: S608 - names of views
        made["record_matches"] = MATCHES
        adapted = dict(views)
        for name, select in made.items():
            needs = [need for need in views[name].needs if name in self._by_date and need not in JOINED]
            adapted[name] = replace(views[name], select=select, settings={**views[name].settings, "needs": needs, "keep": False})
        return adapted

    def hold_for(self, files: Iterable[SqlFile]) -> None:
        """Join the requests of live dates once and hold them, where there are not too many and these views would join them often.

        Raises:
            duckdb.Error: a file is gone or cannot be read.
        """
        if not self._is_held and joined_often(files, self._views):
            self.prepare(JOINED)
            if self._live_rows <= MOST_HELD:
                self.keep(None)

    def prepare(self, names: Iterable[str]) -> None:
        """Make what some views of `main` stand on.

        Raises:
            duckdb.Error: a file is gone or cannot be read.
        """
        wanted = [name for name in names if name in (*JOINED, *NAMES, "model_loads", "record_matches", *self._by_date)]
        if wanted and not self._is_ready:
            self._is_ready = True
            self._begin()
        for name in wanted:
            if name in (*JOINED, "record_matches"):
                self._make_asked()
            elif name in self._by_date:
                self._make_asked()
                self._make_by_date(name)
            else:
                self._make([name])

    def closed_dates(self) -> tuple[ClosedDate, ...]:
        """The closed dates that hold, of those that are asked for."""
        self.prepare(NAMES)
        return self.used

    def keep(self, model: str | None) -> None:
        """Join the requests of live dates now, and hold them; from now on only requests of one model are there, unless None."""
        self.prepare(JOINED)
        self._is_held = True
        self._connection.execute("SET VARIABLE model = $1::VARCHAR", [model])
        held = f"CREATE OR REPLACE TABLE around.held AS SELECT * FROM around.model_requests WHERE {self._conditions(is_live=True)}"  # noqa: S608 - our own names
        self._run("around", lambda: self._connection.execute(held))
        self._model = model
        self._create_asked("around.held")
        for name in self._by_date:
            if f"asked_{name}" in self._made:
                for need in SEEN:
                    if need in self._views[name].needs:
                        self._create_rest_table(need)
                self._create_by_date(name)

    def _begin(self) -> None:
        """The schemas, names, and which closed dates hold: their files are used, the other dates are live."""
        for area in AREAS:
            self._connection.execute(f"CREATE SCHEMA {area}")
        told = [part for part in self._snapshot.parts if part.table == "server_events"]
        self._add_table("around", "server_events", told)
        closed_days = {each.date.isoformat() for each in self._closed}
        runs = [part for part in self._snapshot.parts if part.table == "inferences" and part.date not in closed_days]
        self._add_table("unclosed", "inferences", runs)
        self._run("unclosed", lambda: create_view(self._connection, self._views["run_names"]))
        said = {entry for each in self._closed for entry in each.run_names}
        self._connection.execute(f"CREATE TABLE around.closed_names {TYPES_OF_NAMES}")
        if said:
            columns = [list(values) for values in zip(*said, strict=True)]
            self._connection.execute("INSERT INTO around.closed_names SELECT unnest($1), unnest($2), make_timestamptz(unnest($3))", columns)
        self._connection.execute(
            "CREATE VIEW around.run_names AS SELECT model_blob, name, min(first_seen) AS first_seen"
            " FROM (SELECT * FROM around.closed_names UNION ALL SELECT * FROM unclosed.run_names) GROUP BY ALL"
        )
        self._made.add("run_names")
        self._make(NAMES)
        self.used = tuple(self._that_hold())
        self._stems = {each.date: each.stem for each in self.used}
        self._add_live_tables()

    def _that_hold(self) -> Iterable[ClosedDate]:
        """For each closed date that is asked for, the file whose names are those of now."""
        shown, aliases = (dict(self._connection.execute(f"FROM around.{name}").fetchall()) for name in ("model_files", "model_aliases"))
        found: dict[date, ClosedDate] = {}
        for each in self._closed:
            is_named = all(shown.get(blob) == name for blob, name in each.shown.items())
            if is_named and self._asked.has(each.date) and all(aliases.get(name) == model for name, model in each.aliases.items()):
                found[each.date] = each
        return found.values()

    def _add_live_tables(self) -> None:
        """Rows of the dates that are asked for and have no file, and of the hours around them."""
        used = {each.date for each in self.used}
        live = sorted(day for day in rows_of_dates(self._snapshot) if day not in used and self._asked.has(day))
        spans = [(start - AROUND, end + AROUND) for start, end in map(bounds_of, live)]
        undated = [part for part in self._snapshot.parts if not part.date]
        parts = [
            part for part in self._snapshot.parts if part.table in NEAR and (part in undated or any(touches(part, *span) for span in spans))
        ]
        self._live_rows = sum(part.rows for part in parts if part.table in SEEN)
        first, last = (spans[0][0], spans[-1][1]) if spans and not undated else (None, None)
        first = max((each for each in (first, self._asked.since and self._asked.since - AROUND) if each), default=None)
        last = min((each for each in (last, self._asked.until and self._asked.until + AROUND) if each), default=None)
        self._connection.execute("SET VARIABLE around_since = $1::TIMESTAMPTZ", [first])
        self._connection.execute("SET VARIABLE around_until = $1::TIMESTAMPTZ", [last])
        for name in NEAR:
            self._add_table("around", name, [part for part in parts if part.table == name], _bounds(TABLES[name].time, first, last))

    def _add_table(self, area: str, name: str, parts: Sequence[Part], bounds: str = "") -> None:
        table = BaseTable.of(TABLES[name], parts, bounds, has_more=self._tables[name].has_more)
        create_base_table(self._connection, table, in_memory=False, schema=area)
        self._made.add(name)
        self.paths += table.paths

    def _make(self, names: Iterable[str]) -> None:
        """Views of `around`, each after what it needs."""
        for file in in_order(self._views, set(names)):
            if file.name not in self._made:
                self._run("around", partial(create_view, self._connection, file))
                self._made.add(file.name)

    def _run(self, area: str, make: Callable[[], object]) -> None:
        """Do something where names mean the relations of a schema."""
        self._connection.execute(f"SET search_path = '{area}'")
        try:
            make()
        finally:
            self._connection.execute("SET search_path = 'main'")

    def _make_asked(self) -> None:
        """The joined requests that are asked for: from the files of closed dates, and of the dates that are live."""
        if "asked" in self._made:
            return
        self._made.add("asked")
        self._make(JOINED)
        files = [str(each.path) for each in self.used]
        self.paths += [each.path for each in self.used]
        self._connection.execute("SET VARIABLE closed_files = $1", [files])
        self._create_asked()

    def _create_asked(self, held: str | None = None) -> None:
        """The views that put files and live dates together: all that is asked for, and what views by date need of it."""
        self._summed = self._that_are_summed()
        inner = self._amid_summed()
        rest = [each for each in self.used if each.date not in inner]
        self._connection.execute("SET VARIABLE rest_files = $1", [[str(each.path) for each in rest]])
        for name in JOINED:
            for view, closed in (
                (f"around.asked_{name}", "closed_files" if self.used else None),
                (f"rest.{name}", "rest_files" if rest else None),
            ):
                columns = ", ".join(self._views[name].columns)
                selects = [f"SELECT {columns} FROM {held or f'around.{name}'} WHERE {self._conditions(is_live=True)}"]  # noqa: S608 - names of views and columns
                if closed:
                    files = f"read_parquet(getvariable('{closed}'), hive_partitioning = FALSE, union_by_name = FALSE)"
                    selects.append(f"SELECT {columns} FROM {files} WHERE {self._conditions(is_live=False)}")  # noqa: S608 - as above
                self._connection.execute(f"CREATE OR REPLACE VIEW {view} AS {' UNION ALL '.join(selects)}")

    def _make_by_date(self, name: str) -> None:
        """A view by date: from files where there are, of the other dates from their requests and those of the days beside them."""
        if f"asked_{name}" in self._made:
            return
        self._made.add(f"asked_{name}")
        for need in self._views[name].needs:
            if need in SEEN:
                self._create_rest_table(need)
            elif need in self._by_date:
                self._make_by_date(need)
            elif need not in JOINED and f"rest.{need}" not in self._made:
                self._made.add(f"rest.{need}")
                self._connection.execute(f"CREATE VIEW rest.{need} AS SELECT * FROM main.{need}")  # noqa: S608 - names of relations
        self._run("rest", lambda: create_view(self._connection, self._views[name]))
        self._create_by_date(name)

    def _create_rest_table(self, name: str) -> None:
        """Rows of a table that are asked for, of dates of which no file tells, and of the days beside them."""
        inner = {day.isoformat() for day in self._amid_summed()}
        parts = [part for part in self._snapshot.parts if part.table == name and part.date not in inner]
        base = self._tables[name]
        table = BaseTable.of(base.table, parts, base.bounds, has_more=base.has_more)
        self._connection.execute(f"DROP VIEW IF EXISTS rest.{name}")
        create_base_table(self._connection, table, in_memory=False, schema="rest")
        self.paths += table.paths

    def _create_by_date(self, name: str) -> None:
        columns = ", ".join(self._views[name].columns)
        days = [each.date for each in self._summed]
        selects = [f"SELECT {columns} FROM rest.{name} WHERE {_outside('date_utc', days)}"]  # noqa: S608 - names of views and columns
        if days:
            paths = [self._sums_path(name, each) for each in self._summed]
            self.paths += paths
            self._connection.execute(f"SET VARIABLE sums_{name} = $1", [[str(path) for path in paths]])
            files = f"read_parquet(getvariable('sums_{name}'), hive_partitioning = FALSE, union_by_name = FALSE)"
            selects.append(f"SELECT {columns} FROM {files}")  # noqa: S608 - as above
        self._connection.execute(f"CREATE OR REPLACE VIEW around.asked_{name} AS {' UNION ALL '.join(selects)}")

    def _sums_path(self, name: str, each: ClosedDate) -> Path:
        return each.path.with_name(sums_name(each.date, self._stems, name))

    def _that_are_summed(self) -> list[ClosedDate]:
        """The dates whose rows of all views by date are in files, asked for in full, and the days beside them too."""
        asked = self._asked
        if self._model is not None or asked.host is not None:
            return []
        found = []
        kept = _files_of(self.used[0].path.parent) if self.used else set()
        for each in whole_days(self.used, self._snapshot):
            start, end = bounds_of(each.date)
            is_whole = (asked.since is None or asked.since <= start - STEP) and (asked.until is None or asked.until >= end + STEP)
            if is_whole and all(sums_name(each.date, self._stems, name) in kept for name in self._by_date):
                found.append(each)
        return found

    def _amid_summed(self) -> set[date]:
        """The dates that no view by date needs the requests of any more: their rows are in files, and those of the days beside them."""
        summed = {each.date for each in self._summed}
        others = rows_of_dates(self._snapshot).keys() - summed
        return {day for day in summed if not {day - STEP, day + STEP} & others}

    def _conditions(self, *, is_live: bool) -> str:
        """What a request has to meet to be asked for; of a live date: and to be in no file."""
        conditions = ["(getvariable('model') IS NULL OR shown = getvariable('model'))"]
        if self._asked.since is not None:
            conditions.append("happened_at >= getvariable('since_utc')")
        if self._asked.until is not None:
            conditions.append("happened_at < getvariable('until_utc')")
        if self._asked.host is not None:
            conditions.append("host = getvariable('host')")
        if is_live and self.used:
            conditions.append(_outside("CAST(make_timestamp(epoch_us(happened_at)) AS DATE)", [each.date for each in self.used]))
        return " AND ".join(conditions)


def joined_often(files: Iterable[SqlFile], views: Mapping[str, SqlFile]) -> bool:
    """Whether requests would be joined again and again for some views; `views` are those that there are, as they were written."""
    joins = {*JOINED, *(name for name, file in views.items() if file.by_date and set(JOINED) & set(file.needs))}
    return sum(need in joins for file in files for need in file.needs) >= OFTEN


def _files_of(folder: Path) -> set[str]:
    """The names in a folder; none where it is gone."""
    try:
        return {path.name for path in folder.iterdir()}
    except OSError:
        return set()


def _bounds(time: str, first: datetime | None, last: datetime | None) -> str:
    """The condition that cuts rows to what live dates need; rows without a time stay."""
    conditions = [f"{time} >= getvariable('around_since')"] if first is not None else []
    conditions += [f"{time} < getvariable('around_until')"] if last is not None else []
    return f"({time} IS NULL OR ({' AND '.join(conditions)}))" if conditions else ""


def _outside(day: str, days: Sequence[date]) -> str:
    """The condition that a date is none of some; one that is not known is none."""
    listed = ", ".join(f"DATE '{each.isoformat()}'" for each in days)
    return f"({day} IS NULL OR {day} NOT IN ({listed}))" if days else "TRUE"


def settled(closed: Sequence[ClosedDate], provisional_pairs: pl.DataFrame | None) -> Sequence[ClosedDate]:
    """The closed dates without those near which a request has a run for the time being: no part tells of it."""
    if not closed or provisional_pairs is None or "happened_at" not in provisional_pairs.columns:
        return closed
    instants = [each for each in provisional_pairs["happened_at"].to_list() if each is not None]
    open_days = {moment.date() for each in instants for moment in (each - AROUND, each + AROUND)}
    return [each for each in closed if each.date not in open_days]
