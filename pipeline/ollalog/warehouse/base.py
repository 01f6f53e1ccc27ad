"""The parts of a snapshot -> base relations: one per table of the dictionary, one small table per kind of thing the ledger says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from ollalog.core.batch import Part, Snapshot, SourceSummary
from ollalog.core.tables import LASTING_EVENTS, LATER_COLUMNS, PAIRS, TABLES, Table
from ollalog.warehouse.errors import PartGoneError

# Tables whose rows are cut to --since/--until; rejects are dated by when they were read, which is no range to ask for.
CUT_TABLES = ("requests", "inferences", "pairs", "server_events", "executions", "signals", "resource_samples", "alerts", "day_rollups")
# Tables whose newest row is the newest of the store.
TELLING = ("requests", "inferences", "server_events")
# Rows that tell of no machine: they stay when one is asked for. (Sums of removed days tell of all machines: they do not.)
OF_NO_MACHINE = ("alerts",)
# Events that hold until others end them are not cut at --since: in_range() tells them apart.
LASTING = {"server_events": LASTING_EVENTS}

LEDGER_TABLES: Mapping[str, str] = {
    "sources": "source BIGINT, family VARCHAR, path VARCHAR, kind VARCHAR, generation BIGINT, offset_bytes BIGINT, "
    "host VARCHAR, lines BIGINT, gap_bytes BIGINT",
    "source_fates": "source BIGINT, fate VARCHAR, lines BIGINT",
    "source_noise": "source BIGINT, kind VARCHAR, lines BIGINT",
    "source_rows": "source BIGINT, table_name VARCHAR, lines BIGINT",
}
BASE_RELATIONS = (*TABLES, *LEDGER_TABLES)
# So few rows are read into memory when many queries are to come: to open all parts again for each takes longer than all else.
FEW_ROWS = 20_000
PROVISIONAL = "provisional_pairs"


@dataclass(frozen=True)
class BaseTable:
    """A table of the data dictionary as a snapshot holds it: the files of its parts, and how many rows these have.

    `bounds` is the condition that rows have to meet ("": none), `has_more` says whether there are rows that no part holds yet.
    """

    table: Table
    paths: tuple[Path, ...]
    rows: int
    bounds: str
    has_more: bool

    @classmethod
    def of(cls, table: Table, parts: Iterable[Part], bounds: str = "", *, has_more: bool = False) -> BaseTable:
        """A table of some parts."""
        files = [(existing_path(part), part.rows) for part in parts]
        return cls(table, tuple(path for path, _ in files), sum(rows for _, rows in files), bounds, has_more)


def base_tables(  # noqa: PLR0913 - independent choices of the caller, all named
    connection: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    *,
    since: datetime | None,
    until: datetime | None,
    host: str | None = None,
    provisional_pairs: pl.DataFrame | None = None,
) -> dict[str, BaseTable]:
    """Tell a connection the range and what no part holds, and find the files of every table; `create_base_table` reads them.

    Args:
        connection: In memory, without relations.
        snapshot: The store as of one commit.
        since: Rows before it are left out; None: no bound.
        until: Rows from it on are left out; None: no bound.
        host: Rows of other machines are left out; None: none are.
        provisional_pairs: Pairs that are not settled yet, columns of PAIRS; those that it lacks are null.

    Raises:
        PartGoneError: none of a part's names exists.
    """
    connection.execute("SET VARIABLE since_utc = $1::TIMESTAMPTZ", [since])
    connection.execute("SET VARIABLE until_utc = $1::TIMESTAMPTZ", [until])
    connection.execute("SET VARIABLE host = $1::VARCHAR", [host])
    newest = max((part.max_time for part in snapshot.parts if part.table in TELLING and part.max_time), default=None)
    connection.execute("SET VARIABLE newest_utc = $1::TIMESTAMPTZ", [min((each for each in (newest, until) if each), default=None)])
    has_more = provisional_pairs is not None and provisional_pairs.height > 0
    if provisional_pairs is not None and has_more:
        _create_provisional(connection, PAIRS, provisional_pairs)
    _create_ledger_tables(connection, [summary for summary in snapshot.sources if host in (None, summary.source.host)])
    tables: dict[str, BaseTable] = {}
    for table in TABLES.values():
        parts = [part for part in snapshot.parts if part.table == table.name and _overlaps(part, table, since, until)]
        in_range = table.name in CUT_TABLES and (since or until) is not None
        is_cut = in_range or (table.name not in OF_NO_MACHINE and host is not None)
        tables[table.name] = BaseTable.of(table, parts, _bounds(table) if is_cut else "", has_more=has_more and table is PAIRS)
    return tables


def _bounds(table: Table) -> str:
    """The condition of the range and the machine that are asked for."""
    conditions = []
    if table.name not in OF_NO_MACHINE:
        conditions.append("(getvariable('host') IS NULL OR host = getvariable('host'))")
    if table.name in CUT_TABLES:
        lasting = f" OR event IN {LASTING[table.name]}" if table.name in LASTING else ""
        conditions += [
            f"(getvariable('since_utc') IS NULL OR {table.time} >= getvariable('since_utc'){lasting})",
            f"(getvariable('until_utc') IS NULL OR {table.time} < getvariable('until_utc'))",
        ]
    return " AND ".join(conditions)


def _overlaps(part: Part, table: Table, since: datetime | None, until: datetime | None) -> bool:
    """Whether a part can hold rows of the range."""
    if table.name not in CUT_TABLES:
        return True
    too_old = table.name not in LASTING and since is not None and part.max_time is not None and part.max_time < since
    too_new = until is not None and part.min_time is not None and part.min_time >= until
    return not (too_old or too_new)


def existing_path(part: Part) -> Path:
    """The first of a part's names that exists.

    Raises:
        PartGoneError: there is none: the part was merged or removed after the snapshot was taken.
    """
    for path in part.paths:
        if path.exists():
            return path
    raise PartGoneError(
        "a part of the store is gone",
        at=str(part.paths[0]) if part.paths else f"{part.table} {part.date}",
        want=f"{part.rows} rows of table {part.table}",
        fix="run the command again; if it stays, run: ollalog verify",
    )


def create_base_table(connection: duckdb.DuckDBPyConnection, base: BaseTable, *, in_memory: bool, schema: str = "main") -> str:
    """Make a relation of a table's files and what there is more of it; without any, an empty one of the right types.

    The columns are listed and cast: parts of a schema that nobody knows fail loudly instead of shifting columns.

    Args:
        connection: That of `base_tables`.
        base: The table.
        in_memory: Whether to read the files now, when they have few rows, and not for every query.
        schema: Where to make it.

    Returns:
        What it was made as: TABLE or VIEW.

    Raises:
        duckdb.Error: a part is gone, or cannot be read.
    """
    table = base.table
    selects = [_select(table, files, absent) for absent, files in _files_by_absent_columns(connection, base, schema)]
    if base.has_more:
        selects.append(_select(table, f"main.{PROVISIONAL}", frozenset()))
    bounds = f" WHERE {base.bounds}" if base.bounds else ""
    rows = " UNION ALL ".join(select + bounds for select in selects)
    empty = _select(table, "(SELECT 1) WHERE FALSE", frozenset(table.column_names))
    kind = "TABLE" if in_memory and base.rows <= FEW_ROWS else "VIEW"
    connection.execute(f"CREATE {kind} {schema}.{table.name} AS {rows or empty}")
    return kind


def _select(table: Table, rows: str, absent: AbstractSet[str]) -> str:
    """All columns of a table from rows that may lack some."""
    values = ((column, "NULL" if column.name in absent else f'"{column.name}"') for column in table.columns)
    columns = ",\n  ".join(f'CAST({value} AS {column.type}) AS "{column.name}"' for column, value in values)
    return f"SELECT {columns} FROM {rows}"  # noqa: S608 - names of the data dictionary


def _files_by_absent_columns(connection: duckdb.DuckDBPyConnection, base: BaseTable, schema: str) -> Iterator[tuple[AbstractSet[str], str]]:
    """How to read a table's files: those that lack the same later columns together."""
    groups: dict[frozenset[str], list[str]] = {}
    for path, absent in zip(map(str, base.paths), _absent_columns(connection, base.table, base.paths), strict=True):
        groups.setdefault(absent, []).append(path)
    for number, (absent, files) in enumerate(groups.items()):
        # A variable and not a literal: paths are values, and they may hold quotes.
        variable = f"parts_{schema}_{base.table.name}_{number}"
        connection.execute(f"SET VARIABLE {variable} = $1", [files])
        yield absent, f"read_parquet(getvariable('{variable}'), hive_partitioning = FALSE, union_by_name = FALSE)"


def _absent_columns(connection: duckdb.DuckDBPyConnection, table: Table, paths: Sequence[Path]) -> list[frozenset[str]]:
    """The later columns that each file lacks; none for a file that cannot be read: whoever asks for its rows is told why."""
    later = LATER_COLUMNS.get(table.name, ())
    if not (later and paths):
        return [frozenset()] * len(paths)
    query = "SELECT file_name, list(name) FROM parquet_schema($1) GROUP BY file_name"
    try:
        present = dict(connection.execute(query, [[str(path) for path in paths]]).fetchall())
    except duckdb.Error:
        return [frozenset()] * len(paths)
    return [frozenset(later) - set(present.get(str(path), later)) for path in paths]


def _create_provisional(connection: duckdb.DuckDBPyConnection, table: Table, rows: pl.DataFrame) -> None:
    """Rows that no part holds yet, as a table in memory."""
    columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
    connection.execute(f"CREATE TABLE {PROVISIONAL} ({columns})")
    _insert(
        connection,
        PROVISIONAL,
        rows.select(pl.col(name) if name in rows.columns else pl.lit(None).alias(name) for name in table.column_names).rows(),
    )


def _create_ledger_tables(connection: duckdb.DuckDBPyConnection, summaries: Sequence[SourceSummary]) -> None:
    """What the ledger says of each source, as small tables in memory."""
    for name, columns in LEDGER_TABLES.items():
        connection.execute(f"CREATE TABLE {name} ({columns})")
    _insert(connection, "sources", (_source_row(summary) for summary in summaries))
    for name, counts in (("source_fates", "fates"), ("source_noise", "noise"), ("source_rows", "rows")):
        rows = ((summary.source.id, key, count) for summary in summaries for key, count in getattr(summary, counts).items())
        _insert(connection, name, rows)


def _source_row(summary: SourceSummary) -> tuple[object, ...]:
    """One row of `sources`."""
    source = summary.source
    return (
        source.id, source.family, source.path, source.kind, source.generation, source.offset, source.host,
        summary.lines, summary.gap_bytes,
    )  # fmt: skip


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Append rows to a table in memory; a list a column, since a parameter for each value takes five times as long."""
    columns = list(map(list, zip(*rows, strict=True)))
    if columns:
        places = ", ".join(f"unnest(${number})" for number in range(1, len(columns) + 1))
        connection.execute(f"INSERT INTO {table} SELECT {places}", columns)
