"""Rows as data -> a snapshot over real Parquet files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from ollalog.core.batch import Part, Snapshot, Source, SourceSummary
from ollalog.core.tables import TABLES, Table, polars_schema

Row = Mapping[str, Any]


def snapshot_of(folder: Path, tables: Mapping[str, Iterable[Row]], sources: Iterable[Row] = ()) -> Snapshot:
    """One part per table that has rows.

    Args:
        folder: Where the parts are written.
        tables: Table -> rows. A column that a row omits is null, but for `source` and `byte_offset`, which no row lacks:
            they are the table's place in the dictionary and the row's number times 100.
        sources: Rows with the fields of Source and SourceSummary that matter.
    """
    parts = (part_of(folder, TABLES[name], list(rows)) for name, rows in tables.items() if rows)
    return Snapshot(1, tuple(parts), tuple(summary_of(row) for row in sources))


def part_of(folder: Path, table: Table, rows: list[Row], name: str = "1") -> Part:
    """Write rows as one part."""
    place = list(TABLES).index(table.name) + 1
    complete = [{"source": place, "byte_offset": 100 * number, **row} for number, row in enumerate(rows)]
    unknown = {column for row in complete for column in row} - set(table.column_names)
    assert not unknown, f"{table.name} has no columns {sorted(unknown)}"
    frame = pl.DataFrame(complete, schema=polars_schema(table), orient="row")
    path = folder / f"{table.name}-{name}.parquet"
    frame.write_parquet(path)
    times = [moment for moment in frame[table.time] if moment is not None]
    return Part(table.name, "", 1, frame.height, path.stat().st_size, (path,), min(times, default=None), max(times, default=None))


def summary_of(row: Row) -> SourceSummary:
    """What the ledger says of one source."""
    source = Source(id=row["source"], family=row.get("family", row["path"]), path=row["path"], kind=row.get("kind", "file"))
    return SourceSummary(source, row.get("lines", 0), row.get("fates", {}), row.get("noise", {}), row.get("rows", {}), row.get("gap_bytes"))


def instant(text: str) -> datetime:
    """An instant from ISO 8601 text with its offset."""
    return datetime.fromisoformat(text)
