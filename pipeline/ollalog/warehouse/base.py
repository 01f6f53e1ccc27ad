"""The parts of a snapshot -> base relations: one view per table, one small table per kind of thing the ledger says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from ollalog.core.batch import Part, Snapshot, SourceSummary
from ollalog.core.tables import LATER_COLUMNS, PAIRS, TABLES, Table
from ollalog.warehouse.errors import PartGoneError

# Tables whose rows are cut to --since/--until; rejects are dated by when they were read, which is no range to ask for.
CUT_TABLES = ("requests", "inferences", "pairs", "server_events", "alerts")

LEDGER_TABLES: Mapping[str, str] = {
    "sources": "source BIGINT, family VARCHAR, path VARCHAR, kind VARCHAR, generation BIGINT, offset_bytes BIGINT, "
    "host VARCHAR, lines BIGINT, gap_bytes BIGINT",
    "source_fates": "source BIGINT, fate VARCHAR, lines BIGINT",
    "source_noise": "source BIGINT, kind VARCHAR, lines BIGINT",
    "source_rows": "source BIGINT, table_name VARCHAR, lines BIGINT",
}
BASE_RELATIONS = (*TABLES, *LEDGER_TABLES)
PROVISIONAL = "provisional_pairs"
# Values of one statement; DuckDB takes 65,535.
PARAMETERS = 10_000


def create_base_relations(
    connection: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    *,
    since: datetime | None,
    until: datetime | None,
    provisional_pairs: pl.DataFrame | None = None,
) -> list[Path]:
    """Create every base relation of a snapshot.

    Args:
        connection: In memory, without relations.
        snapshot: The store as of one commit.
        since: Rows before it are left out; None: no bound.
        until: Rows from it on are left out; None: no bound.
        provisional_pairs: Pairs that are not settled yet, columns of PAIRS; those that it lacks are null.

    Returns:
        The files that the relations read.

    Raises:
        PartGoneError: none of a part's names exists.
    """
    connection.execute("SET VARIABLE since_utc = $1::TIMESTAMPTZ", [since])
    connection.execute("SET VARIABLE until_utc = $1::TIMESTAMPTZ", [until])
    files: list[Path] = []
    for table in TABLES.values():
        parts = [part for part in snapshot.parts if part.table == table.name and _overlaps(part, table, since, until)]
        paths = [existing_path(part) for part in parts]
        more = provisional_pairs if table is PAIRS else None
        _create_table_view(connection, table, paths, more, cut=table.name in CUT_TABLES and (since or until) is not None)
        files += paths
    _create_ledger_tables(connection, snapshot.sources)
    return files


def _overlaps(part: Part, table: Table, since: datetime | None, until: datetime | None) -> bool:
    """Whether a part can hold rows of the range."""
    if table.name not in CUT_TABLES:
        return True
    too_old = since is not None and part.max_time is not None and part.max_time < since
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


def _create_table_view(
    connection: duckdb.DuckDBPyConnection, table: Table, paths: Sequence[Path], more: pl.DataFrame | None, *, cut: bool
) -> None:
    """A view over the table's files and what there is more of it, or an empty relation of the right types.

    The columns are listed and cast: parts of a schema that nobody knows fail loudly instead of shifting columns.
    """
    selects = [_select(table, files, absent) for absent, files in _files_by_absent_columns(connection, table, paths)]
    if more is not None and more.height:
        _create_provisional(connection, table, more)
        selects.append(_select(table, PROVISIONAL, frozenset()))
    bounds = (
        f" WHERE (getvariable('since_utc') IS NULL OR {table.time} >= getvariable('since_utc'))"
        f" AND (getvariable('until_utc') IS NULL OR {table.time} < getvariable('until_utc'))"
    )
    rows = " UNION ALL ".join(select + (bounds if cut else "") for select in selects)
    empty = _select(table, "(SELECT 1) WHERE FALSE", frozenset(table.column_names))
    connection.execute(f"CREATE VIEW {table.name} AS {rows or empty}")


def _select(table: Table, rows: str, absent: AbstractSet[str]) -> str:
    """All columns of a table from rows that may lack some."""
    values = ((column, "NULL" if column.name in absent else f'"{column.name}"') for column in table.columns)
    columns = ",\n  ".join(f'CAST({value} AS {column.type}) AS "{column.name}"' for column, value in values)
    return f"SELECT {columns} FROM {rows}"  # noqa: S608 - names of the data dictionary


def _files_by_absent_columns(
    connection: duckdb.DuckDBPyConnection, table: Table, paths: Sequence[Path]
) -> Iterator[tuple[AbstractSet[str], str]]:
    """How to read a table's files: those that lack the same later columns together."""
    groups: dict[frozenset[str], list[str]] = {}
    for path, absent in zip(map(str, paths), _absent_columns(connection, table, paths), strict=True):
        groups.setdefault(absent, []).append(path)
    for number, (absent, files) in enumerate(groups.items()):
        # A variable and not a literal: paths are values, and they may hold quotes.
        variable = f"parts_{table.name}_{number}"
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
    given = [rows[name].to_list() if name in rows.columns else [None] * rows.height for name in table.column_names]
    _insert(connection, PROVISIONAL, zip(*given, strict=True))


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
    """Append rows to a table in memory: few statements, since each costs a fraction of a millisecond."""
    values = list(rows)
    step = PARAMETERS // len(values[0]) if values else 1
    for first in range(0, len(values), step):
        some = values[first : first + step]
        places = "(" + ", ".join("?" * len(some[0])) + ")"
        flat = [value for row in some for value in row]
        connection.execute(f"INSERT INTO {table} VALUES {', '.join([places] * len(some))}", flat)  # noqa: S608
