"""The catalogue's list of parts, and of files that only older snapshots list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ollalog.store.catalog import Catalog
from ollalog.store.records import PartRecord, Retired


def reserve(catalog: Catalog, count: int = 1) -> int:
    """Take batch numbers out of circulation for good, in a transaction of their own; the first of them."""
    with catalog.transaction():
        first = int(catalog.value("SELECT value FROM meta WHERE key = 'next_batch'"))
        catalog.run("UPDATE meta SET value = ? WHERE key = 'next_batch'", (first + count,))
    return first


def record_batch(catalog: Catalog, batch: int, kind: str, now_us: int) -> None:
    """Say that a batch was committed."""
    catalog.run("INSERT INTO batches VALUES (?, ?, ?)", (batch, kind, now_us))


def last_batch(catalog: Catalog) -> int:
    """The number of the last commit; 0 before the first."""
    return int(catalog.value("SELECT max(batch) FROM batches") or 0)


def open_head(catalog: Catalog, table: str, date: str) -> PartRecord | None:
    """The open head of a table and date."""
    found = catalog.rows("SELECT * FROM parts WHERE tbl = ? AND date = ? AND open = 1", (table, date))
    return _record(found[0]) if found else None


def newest_date(catalog: Catalog, table: str) -> str | None:
    """The newest date that a table has a part of."""
    found = catalog.value("SELECT max(date) FROM parts WHERE tbl = ?", (table,))
    return None if found is None else str(found)


def live_parts(catalog: Catalog) -> list[PartRecord]:
    """All parts of the present snapshot, without their counts by source."""
    return [_record(row) for row in catalog.rows("SELECT * FROM parts ORDER BY tbl, date, batch")]


def parts_with_sources(catalog: Catalog) -> list[PartRecord]:
    """All parts of the present snapshot with their counts by source."""
    counts: dict[int, dict[int, int]] = {}
    for part, source, rows in catalog.rows("SELECT part, source, rows FROM part_sources"):
        counts.setdefault(part, {})[source] = rows
    return [_record(row, counts.get(row[0], {})) for row in catalog.rows("SELECT * FROM parts ORDER BY tbl, date, batch")]


def parts_of_sources(catalog: Catalog, sources: Iterable[int]) -> list[PartRecord]:
    """The parts that hold rows of any of these sources, with their counts by source."""
    parts: dict[int, None] = {}
    for source in sorted(sources):
        parts.update((row[0], None) for row in catalog.rows("SELECT part FROM part_sources WHERE source = ?", (source,)))
    records = []
    for part in parts:
        counts = dict(catalog.rows("SELECT source, rows FROM part_sources WHERE part = ?", (part,)))
        records.append(_record(catalog.rows("SELECT * FROM parts WHERE id = ?", (part,))[0], counts))
    return sorted(records, key=lambda record: record.key)


def put_part(catalog: Catalog, record: PartRecord) -> None:
    """Record a part, or the new version of one."""
    catalog.run(
        """INSERT INTO parts (tbl, date, batch, version, open, rows, size_bytes, min_us, max_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (tbl, date, batch) DO UPDATE SET version = excluded.version, open = excluded.open, rows = excluded.rows,
        size_bytes = excluded.size_bytes, min_us = excluded.min_us, max_us = excluded.max_us""",
        (*record.key, record.version, record.open, record.rows, record.size_bytes, record.min_us, record.max_us),
    )
    part = _id(catalog, record)
    catalog.run_many(
        "INSERT INTO part_sources VALUES (?, ?, ?) ON CONFLICT (part, source) DO UPDATE SET rows = excluded.rows",
        [(part, source, rows) for source, rows in record.sources.items()],
    )


def drop_part(catalog: Catalog, record: PartRecord) -> None:
    """Take a part off the list."""
    part = _id(catalog, record)
    catalog.run("DELETE FROM part_sources WHERE part = ?", (part,))
    catalog.run("DELETE FROM parts WHERE id = ?", (part,))


def retire(catalog: Catalog, retired: Retired) -> None:
    """Keep a file for readers of older snapshots until its grace is over."""
    catalog.run("INSERT OR REPLACE INTO retired VALUES (?, ?, ?)", (retired.path, retired.published, retired.retired_us))


def retired_before(catalog: Catalog, before_us: int) -> list[Retired]:
    """Files whose grace is over."""
    return [Retired(*row) for row in catalog.rows("SELECT * FROM retired WHERE retired_us < ?", (before_us,))]


def superseded(catalog: Catalog) -> list[Retired]:
    """Retired files that had a name of their own below `data/`, which they may still have after a crash."""
    return [Retired(*row) for row in catalog.rows("SELECT * FROM retired WHERE published IS NOT NULL")]


def forget(catalog: Catalog, retired: Iterable[Retired]) -> None:
    """Take files that are gone off the list of retired ones."""
    catalog.run_many("DELETE FROM retired WHERE path = ?", [(file.path,) for file in retired])


def _id(catalog: Catalog, record: PartRecord) -> int:
    return int(catalog.value("SELECT id FROM parts WHERE tbl = ? AND date = ? AND batch = ?", record.key))


def _record(row: tuple[Any, ...], sources: dict[int, int] | None = None) -> PartRecord:
    _, table, date, batch, version, is_open, rows, size_bytes, min_us, max_us = row
    return PartRecord(table, date, batch, version, bool(is_open), rows, size_bytes, min_us, max_us, sources or {})
