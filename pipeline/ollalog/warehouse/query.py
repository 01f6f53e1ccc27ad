"""Open a snapshot in DuckDB, run views and queries at one "now", hand back frames."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import polars as pl

from ollalog.core.batch import Snapshot
from ollalog.core.closed_dates import SEEN, ClosedDate
from ollalog.core.errors import UsageError, did_you_mean
from ollalog.core.sqlfile import SqlFile
from ollalog.warehouse.answering import explained, limited
from ollalog.warehouse.base import BASE_RELATIONS, BaseTable, base_tables, create_base_table
from ollalog.warehouse.frames import frame_of
from ollalog.warehouse.joining import JOINED, MOST_HELD, Asked, Joining, joined_often, settled
from ollalog.warehouse.kept import note_of, write_requests, write_sums
from ollalog.warehouse.safety import check_statement, lock_down
from ollalog.warehouse.views import create_view, in_order, load_views

CATALOGUE = r"information_schema|duckdb_\w|pg_\w|sqlite_master|\b(show|describe|summarize|query_table)\b"
NOW_UTC = """CREATE MACRO now_utc() AS CASE
    WHEN getvariable('now_utc') IS NULL THEN error('now_utc is not set')
    ELSE CAST(getvariable('now_utc') AS TIMESTAMPTZ)
END"""
# A calendar is asked only where there is a zone: it costs fifteen times what an instant taken as it is does.
LOCAL_TIME = """CREATE MACRO local_time(instant) AS CASE
    WHEN getvariable('timezone') IS NULL THEN make_timestamp(epoch_us(instant))
    ELSE timezone(CAST(getvariable('timezone') AS VARCHAR), instant)
END"""
IN_RANGE = "CREATE MACRO in_range(instant) AS getvariable('since_utc') IS NULL OR instant >= getvariable('since_utc')"
NEWS = "rows_that_come"
LEAST_HELD = 20_000
"""Fewer requests and runs are joined again sooner than they are held."""
MACROS = (NOW_UTC, LOCAL_TIME, IN_RANGE)


class _ArrowStream:
    """Rows as DuckDB takes them without pyarrow."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self._rows = rows

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._rows.__arrow_c_stream__(requested_schema)


class Warehouse:
    """A snapshot that can be asked. A relation is made when it is first asked for, after those that it needs."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        tables: Mapping[str, BaseTable],
        views: Mapping[str, SqlFile],
        joining: Joining | None = None,
    ) -> None:
        self._connection = connection
        self._tables = tables
        self._joining = joining
        self._views = views if joining is None else joining.adapted(views)
        self._made: dict[str, str] = {}  # relation -> TABLE or VIEW
        self._keeps_small_tables = False
        self._holds = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the memory back; it can be asked no more."""
        self._connection.close()

    def interrupt(self) -> None:
        """End the query that another thread waits for; it fails there."""
        self._connection.interrupt()

    def use_threads(self, count: int | None) -> None:
        """Use so many threads: one where others wait for the processor, too; None: as many as there are processors."""
        self._connection.execute("RESET threads" if count is None else f"SET threads = {int(count)}")

    def memory_bytes(self) -> int:
        """How much memory it has between two questions."""
        return int(self.rows("SELECT sum(memory_usage_bytes) FROM duckdb_memory()")[0][0])

    def view(self, name: str) -> pl.DataFrame:
        """All rows of a view, or of a base relation.

        Raises:
            UsageError: there is no view of this name.
            PartGoneError: a part was removed after the snapshot: take a new one.
            WarehouseError: the view failed.
        """
        self._check_name(name)
        return explained(name, self._known, lambda: frame_of(self._connection.sql(self._rows_of(name))))

    def query(self, sql: str) -> pl.DataFrame:
        """The rows of a trusted query; what it reads is made first. Raises as `view` does."""
        return explained(sql, self._known, lambda: frame_of(self._relation(sql)))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a trusted query of few rows without instants, in half the time that a frame takes. Raises as `view` does."""

        def ask() -> list[tuple[Any, ...]]:
            self._make(self._named(sql))
            return self._connection.execute(sql).fetchall()

        return explained(sql, self._known, ask)

    def prepare(self, statement: str, parameters: Sequence[object] = ()) -> None:
        """Run a trusted statement that makes a relation, a macro or a variable; what it reads is made first.

        Raises as `view` does.
        """

        def make() -> None:
            self._make(self._named(statement))
            self._connection.execute(statement, list(parameters))

        explained(statement, self._known, make)

    def checked_query(self, sql: str) -> pl.DataFrame:
        """The rows of a query from a file of the user, which may only read.

        Raises as `view` does, and QueryRefusedError when it would do more than read.
        """

        def ask() -> pl.DataFrame:
            check_statement(self._connection, sql)
            return frame_of(self._relation(sql))

        return explained(sql, self._known, ask)

    def keep(self, name: str, *, model: str | None = None) -> None:
        """Compute a view now and hold its rows in memory, for callers that read many views above it.

        Args:
            name: The view. Once in the life of a warehouse.
            model: Only its rows of this model ("(unknown)": of none), so that the views above tell of nothing else; None: all rows.

        Raises as `view` does.
        """
        self._check_name(name)
        explained(name, self._known, lambda: self._keep(name, model))

    def keep_requests(self, *, model: str | None = None) -> None:
        """Join requests and runs now, as far as no file has them joined, for callers that read many views above them.

        Args:
            model: Only the requests of this model ("(unknown)": of none) are there from now on; None: all.

        Raises as `view` does.
        """
        joining = self._joining
        if joining is not None:
            explained("requests", self._known, lambda: joining.keep(model))
        else:
            self.keep("cold_starts")
            self.keep("requests_without_loads", model=model)

    def closed_dates(self) -> tuple[ClosedDate, ...]:
        """Those of the closed dates that hold: models are called what they were. Raises as `view` does."""
        joining = self._joining
        return () if joining is None else explained("requests", self._known, joining.closed_dates)

    def closing(self, day: date) -> ClosedDate:
        """What is to be noted of a date whose requests are written to a file; its path is empty. Raises as `view` does."""
        return explained(f"{day}", self._known, lambda: note_of(self._connection, day))

    def write_requests(self, day: date, path: Path) -> None:
        """Write the requests of a UTC date, as a closed date has them. Raises as `view` does."""
        explained(f"{day}", self._known, lambda: write_requests(self._connection, day, path))

    def write_sums(self, name: str, day: date, path: Path) -> None:
        """Write the rows of a date of a view by date that is kept. Raises as `view` does."""
        explained(f"{day}", self._known, lambda: write_sums(self._connection, name, day, path))

    def keep_small_tables(self) -> None:
        """Hold tables of few rows in memory from the first query of theirs on, for callers with many queries."""
        self._keeps_small_tables = True

    def provide(self, name: str, definition: str) -> None:
        """Make a view of this name in place of the warehouse's own relation.

        Args:
            name: A base relation or a view.
            definition: A trusted SELECT; what it reads is made first.

        Raises as `view` does.
        """
        self._made.setdefault(name, "")

        def make() -> None:
            self._make(self._named(definition))
            if self._made[name]:
                self._connection.execute(f'DROP {self._made[name]} "{name}"')
            self._connection.execute(f'CREATE VIEW "{name}" AS {definition}')
            self._made[name] = "VIEW"

        explained(definition, self._known, make)

    def insert(self, name: str, rows: pl.DataFrame) -> None:
        """Append rows to a table in memory; columns that they lack are null. Raises as `view` does."""

        def append() -> None:
            self._make({name} & set(self._known))
            self._connection.register(NEWS, _ArrowStream(rows))
            try:
                self._connection.execute(f'INSERT INTO "{name}" BY NAME SELECT * FROM {NEWS}')  # noqa: S608 - names of relations
            finally:
                self._connection.unregister(NEWS)

        explained(name, self._known, append)

    def renew(self, names: Iterable[str]) -> None:
        """Compute views that are held in memory again, and those of the like that they need. Raises as `view` does."""

        def compute() -> None:
            wanted = set(names)
            self._make(wanted)
            for file in in_order(self._views, wanted):
                if file.keep:
                    self._connection.execute(f'DELETE FROM "{file.name}"')  # noqa: S608 - a name that was looked up
                    self._connection.execute(f'INSERT INTO "{file.name}" {file.select}')

        explained("renew", self._known, compute)

    def safe_query(self, sql: str, *, timeout_s: float, max_rows: int | None) -> tuple[pl.DataFrame, bool]:
        """Run a person's query: one statement that reads, with limits. The connection can read nothing else from then on.

        Args:
            sql: The query.
            timeout_s: It is interrupted after so long; seconds.
            max_rows: No more rows than these are handed over; None: all.

        Returns:
            The rows, and whether there were more.

        Raises:
            QueryRefusedError: it would do more than read.
            QueryTimeoutError: it took too long.
            WarehouseError: it failed: the message says where.
        """

        def ask() -> pl.DataFrame:
            check_statement(self._connection, sql)
            # Binding all views takes half a second; only a query of the catalogue can tell that some are not there.
            self._make(self._known if re.search(CATALOGUE, sql, re.IGNORECASE) else self._named(sql))
            lock_down(self._connection, [path for base in self._tables.values() for path in base.paths] + self._joined_paths())
            relation = self._connection.sql(sql)
            return frame_of(relation if max_rows is None else relation.limit(max_rows + 1))

        rows = explained(sql, self._known, lambda: limited(self._connection, timeout_s, ask))
        cut = max_rows is not None and rows.height > max_rows
        return (rows.head(max_rows) if cut and max_rows is not None else rows), cut

    def _joined_paths(self) -> list[Path]:
        return [] if self._joining is None else self._joining.paths

    @property
    def _known(self) -> tuple[str, ...]:
        """Every name that a query can read from."""
        return (*BASE_RELATIONS, *self._views)

    def _check_name(self, name: str) -> None:
        if name not in self._known:
            raise unknown_view(name, self._known)

    def _relation(self, sql: str) -> duckdb.DuckDBPyRelation:
        self._make(self._named(sql))
        return self._connection.sql(sql)

    def _named(self, sql: str) -> set[str]:
        """The relations that a query may read: words and not a parse, since one made for nothing costs some milliseconds only."""
        return set(self._known) & set(re.findall(r"\w+", sql.lower()))

    def _rows_of(self, name: str) -> str:
        """A query of all rows of a relation; what it reads is made first.

        A view that is not there yet is not made for it: to create it takes as long as many a query of a small store.
        """
        file = self._views.get(name)
        if file is None or file.keep or name in self._made:
            self._make([name])
            return f'SELECT * FROM "{name}"'  # noqa: S608 - a name that was looked up
        *needed, file = files = in_order(self._views, {name})
        self._hold_for(files)
        self._create(needed, file.needs)
        self._prepare([name])
        return file.select

    def _make(self, names: Iterable[str]) -> None:
        """Create the relations of these names, and what they need, that are not there yet."""
        wanted = set(names)
        files = in_order(self._views, wanted & self._views.keys())
        self._hold_for(files)
        self._create(files, wanted)

    def _create(self, files: Sequence[SqlFile], names: Iterable[str]) -> None:
        """Create tables of these names, those that some views need, and these views, which come after what they need."""
        for name in {*names, *(need for file in files for need in file.needs)} & self._tables.keys() - self._made.keys():
            self._made[name] = create_base_table(self._connection, self._tables[name], in_memory=self._keeps_small_tables)
        for file in files:
            if file.name not in self._made:
                self._prepare([file.name])
                self._made[file.name] = create_view(self._connection, file)

    def _hold_for(self, files: Sequence[SqlFile]) -> None:
        if self._joining is not None:
            self._joining.hold_for(files)
        elif not self._holds and not self._made.keys() & JOINED and joined_often(files, self._views):
            self._holds = True
            if LEAST_HELD <= sum(self._tables[name].rows for name in SEEN) <= MOST_HELD:
                self.keep_requests()

    def _prepare(self, names: Iterable[str]) -> None:
        if self._joining is not None:
            self._joining.prepare(names)

    def _keep(self, name: str, model: str | None) -> None:
        rows, chosen = ("", []) if model is None else (" WHERE shown = $1", [model])
        self._connection.execute(f'CREATE TABLE "kept_{name}" AS SELECT * FROM ({self._rows_of(name)}){rows}', chosen)  # noqa: S608
        if name in self._made:
            self._connection.execute(f'DROP {self._made[name]} "{name}"')
        self._connection.execute(f'ALTER TABLE "kept_{name}" RENAME TO "{name}"')
        self._made[name] = "TABLE"


def open_warehouse(  # noqa: PLR0913 - independent choices of the caller, all named
    snapshot: Snapshot,
    *,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    timezone: str | None = None,
    host: str | None = None,
    views: Mapping[str, SqlFile] | None = None,
    provisional_pairs: pl.DataFrame | None = None,
    closed: Sequence[ClosedDate] = (),
) -> Warehouse:
    """Make a snapshot ready to be asked.

    Args:
        snapshot: The store as of one commit.
        now: What `now_utc()` says in views; aware.
        since: Rows of requests, inferences and server events before it are left out.
        until: Such rows from it on are left out.
        timezone: Zone of `local_time()`: hours and days of trends; None: UTC.
        host: Only rows of this machine; None: of all.
        views: The views that there are; None: those that ship with the program.
        provisional_pairs: Pairs of requests and runs that are not settled yet, columns of PAIRS; those that it lacks are null.
        closed: Dates whose joined requests are kept, as files made from this snapshot's parts.

    Raises:
        PartGoneError: a part of the snapshot is not there: take a new snapshot.
        SqlFileError: a view's file is wrong.
    """
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("SET TimeZone = 'UTC'")
        spill = Path(tempfile.gettempdir(), f"ollalog-{os.getpid()}")  # DuckDB's own choice is the working folder
        connection.execute("SET temp_directory = '" + str(spill).replace("'", "''") + "'")
        connection.execute("SET parquet_metadata_cache = TRUE")
        for macro in MACROS:
            connection.execute(macro)
        connection.execute("SET VARIABLE now_utc = $1::TIMESTAMPTZ", [now.astimezone(UTC)])
        connection.execute("SET VARIABLE timezone = $1::VARCHAR", [timezone])
        tables = base_tables(connection, snapshot, since=since, until=until, host=host, provisional_pairs=provisional_pairs)
        asked = Asked(since, until, host)
        closed = settled(closed, provisional_pairs)
        joining = Joining(connection, snapshot, closed, asked, tables) if views is None and (closed or asked != Asked()) else None
        return Warehouse(connection, tables, load_views() if views is None else views, joining)
    except BaseException:
        connection.close()
        raise


def unknown_view(name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that no view has."""
    return UsageError(f"no view {name!r}", fix=did_you_mean(name, known) or "list them with: ollalog views")


def column_types(name: str) -> dict[str, str]:
    """DuckDB's type of each column of a view that ships with the program, in order."""
    epoch = datetime.fromtimestamp(0, UTC)
    with open_warehouse(Snapshot(0, ()), now=epoch) as warehouse:
        described = warehouse.query(f'DESCRIBE "{name}"')
    kinds = described.select("column_name", "column_type").iter_rows()
    return {column: str(kind).replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for column, kind in kinds}
