"""The parts of a snapshot -> base relations: one view per table, one small table per kind of thing the ledger says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from ollalog.core.batch import Part, Snapshot, SourceSummary
from ollalog.core.tables import TABLES, Table
from ollalog.warehouse.errors import PartGoneError

# Tables whose rows are cut to --since/--until; rejects are dated by when they were read, which is no range to ask for.
CUT_TABLES = ("requests", "inferences", "server_events")

LEDGER_TABLES: Mapping[str, str] = {
    "sources": "source BIGINT, family VARCHAR, path VARCHAR, kind VARCHAR, generation BIGINT, offset_bytes BIGINT, "
    "host VARCHAR, lines BIGINT, gap_bytes BIGINT",
    "source_fates": "source BIGINT, fate VARCHAR, lines BIGINT",
    "source_noise": "source BIGINT, kind VARCHAR, lines BIGINT",
    "source_rows": "source BIGINT, table_name VARCHAR, lines BIGINT",
}
BASE_RELATIONS = (*TABLES, *LEDGER_TABLES)


def create_base_relations(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, *, since: datetime | None, until: datetime | None
) -> list[Path]:
    """Create every base relation of a snapshot.

    Args:
        connection: In memory, without relations.
        snapshot: The store as of one commit.
        since: Rows before it are left out; None: no bound.
        until: Rows from it on are left out; None: no bound.

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
        _create_table_view(connection, table, paths, cut=table.name in CUT_TABLES and (since or until) is not None)
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


def _create_table_view(connection: duckdb.DuckDBPyConnection, table: Table, paths: Sequence[Path], *, cut: bool) -> None:
    """A view over the table's files, or an empty relation of the right types when there are none.

    The columns are listed and cast: parts written by an older schema fail loudly instead of shifting columns.
    """
    columns = ",\n  ".join(f'CAST("{column.name}" AS {column.type}) AS "{column.name}"' for column in table.columns)
    if not paths:
        nulls = ", ".join(f'NULL AS "{column.name}"' for column in table.columns)
        connection.execute(f"CREATE VIEW {table.name} AS SELECT {columns} FROM (SELECT {nulls}) WHERE FALSE")  # noqa: S608
        return
    # A variable and not a literal: paths are values, and they may hold quotes.
    variable = f"parts_{table.name}"
    connection.execute(f"SET VARIABLE {variable} = $1", [[str(path) for path in paths]])
    bounds = (
        f" WHERE (getvariable('since_utc') IS NULL OR {table.time} >= getvariable('since_utc'))"
        f" AND (getvariable('until_utc') IS NULL OR {table.time} < getvariable('until_utc'))"
    )
    files = f"read_parquet(getvariable('{variable}'), hive_partitioning = FALSE, union_by_name = FALSE)"
    connection.execute(f"CREATE VIEW {table.name} AS SELECT {columns} FROM {files}{bounds if cut else ''}")  # noqa: S608


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
    """Append rows to a table in memory: one statement, since each statement costs a fraction of a millisecond."""
    values = list(rows)
    if values:
        places = "(" + ", ".join("?" * len(values[0])) + ")"
        flat = [value for row in values for value in row]
        connection.execute(f"INSERT INTO {table} VALUES {', '.join([places] * len(values))}", flat)  # noqa: S608
