"""From a frame to a staged part: rows by UTC date, which part takes them, and the file, written and synced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from io import BytesIO

import polars as pl

from ollalog.core.errors import StoreError
from ollalog.core.layout import StoreLayout
from ollalog.core.tables import LATER_COLUMNS, TABLES, Table, as_text, polars_schema
from ollalog.store.files import sync_file
from ollalog.store.records import PartRecord

# A version of 8,000 rows takes 4 ms to write and one of 50,000 takes 15; parts of 16,000 keep both commits and queries quick.
SEAL_ROWS = 16_384
# A batch of more dates than this is history, not the present: it opens no heads but that of the newest date.
MANY_DATES = 4
UNDATED = date(1970, 1, 1)
DAY_US = 86_400_000_000
FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999


@dataclass(frozen=True)
class Draft:
    """A part that is about to be written: what the catalogue will know of it, its new rows, and the head it goes on from."""

    record: PartRecord
    rows: pl.DataFrame
    head: PartRecord | None = None


def conformed(table: Table, frame: pl.DataFrame, batch: int) -> pl.DataFrame:
    """The frame with its `batch` filled in and its columns in the order of the table; texts may be categories.

    Raises:
        StoreError: a column is missing, unknown or of another type: a fault of this program.
    """
    wanted = polars_schema(table)
    filled = frame if "batch" in frame.columns else frame.with_columns(pl.lit(batch, pl.Int64).alias("batch"))
    kinds = {name: pl.String() if isinstance(kind, pl.Categorical | pl.Enum) else kind for name, kind in filled.schema.items()}
    if kinds != wanted:
        odd = sorted(name for name in {*wanted, *kinds} if kinds.get(name) != wanted.get(name))
        raise StoreError(
            f"rows of {table.name} do not have the columns of their table",
            found=", ".join(f"{name}: {kinds.get(name, 'missing')}" for name in odd),
            want=", ".join(f"{name}: {wanted.get(name, 'no such column')}" for name in odd),
            fix="this is a fault of ollalog; nothing was stored, so a corrected version reads the same lines again",
        )
    return filled.select(list(wanted))


def rows_of_none(table: Table) -> pl.DataFrame:
    """No rows, with the columns of a table."""
    return pl.DataFrame(schema=polars_schema(table))


def completed(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a part with the columns that its table got since it was written, as null; all in the order of the table."""
    wanted = polars_schema(table)
    later = [pl.lit(None, wanted[name]).alias(name) for name in LATER_COLUMNS.get(table.name, ()) if name not in rows.columns]
    return rows.with_columns(later).select(list(wanted)) if later else rows


def by_date(table: Table, frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Rows by the UTC date of the table's time, in their order; rows without a usable time under 1970-01-01."""
    times = frame.get_column(table.time).to_physical()
    first, last = times.min(), times.max()
    if isinstance(first, int) and isinstance(last, int) and not times.null_count() and first // DAY_US == last // DAY_US:
        return {_date_of(first).isoformat(): frame}
    moment = pl.col(table.time)
    usable = moment.to_physical().is_between(FIRST_US, LAST_US)
    day = pl.when(usable).then(moment.dt.date()).otherwise(pl.lit(UNDATED)).alias("day of the part")
    days = frame.select(day).to_series()
    if days.is_sorted():  # logs mostly are in order: a stretch of rows for each day, and nothing is copied
        return {known.isoformat(): rows for known, rows in _stretches(frame, days)}
    groups = frame.with_columns(day).partition_by("day of the part", maintain_order=True, include_key=False, as_dict=True)
    return {key[0].isoformat(): rows for key, rows in groups.items()}


def _stretches(frame: pl.DataFrame, days: pl.Series) -> Iterator[tuple[date, pl.DataFrame]]:
    """The rows of each day of sorted ones, with the day."""
    start = 0
    for length, day in days.rle().struct.unnest().iter_rows():
        yield day, frame.slice(start, length)
        start += length


def drafts_of(
    batch: int,
    tables: Mapping[str, pl.DataFrame],
    *,
    open_head: Callable[[str, str], PartRecord | None],
    newest_date: Callable[[str], str | None],
) -> list[Draft]:
    """Say for the rows of a batch which parts they go to.

    Args:
        batch: The number of the batch.
        tables: Rows by table, columns as in `core.tables`; `batch` may be missing.
        open_head: The open head of a table and date, if there is one.
        newest_date: The newest date of a table in the store, if it has any.

    Raises:
        StoreError: rows that do not fit their table, or of an unknown one.
    """
    drafts: list[Draft] = []
    for name, frame in tables.items():
        if frame.is_empty():
            continue
        days = by_date(_table(name), conformed(_table(name), frame, batch))
        newest = max(*days, newest_date(name) or "")
        for day, rows in days.items():
            opens = day == newest or len(days) <= MANY_DATES
            drafts.append(_draft(PartRecord(name, day, batch), rows, open_head(name, day), opens=opens))
    return drafts


def stage(layout: StoreLayout, draft: Draft) -> PartRecord:
    """Write and sync one part in the staging folder; runs in a thread of its own.

    Returns:
        The record with rows, bytes, times and sources filled in.

    Raises:
        OSError, polars.exceptions.PolarsError: the file cannot be written.
        StoreError: the head cannot be read.
    """
    rows = draft.rows
    if draft.head:
        rows = pl.concat([_rows_of(draft.head, layout), as_text(rows)])
    path = draft.record.staging_path(layout)
    rows.write_parquet(path, compression="zstd", compression_level=1, statistics=True, metadata=_metadata(draft.record.table))
    sync_file(path)
    return described(draft.record, rows, path.stat().st_size)


@cache
def _metadata(table: str) -> dict[str, str]:
    """What a file of the table says of its columns to those who know Arrow: texts, also where they are written from categories."""
    empty = BytesIO()
    rows_of_none(TABLES[table]).write_parquet(empty)
    empty.seek(0)
    return pl.read_parquet_metadata(empty)


def described(record: PartRecord, rows: pl.DataFrame, size_bytes: int) -> PartRecord:
    """The record of a part with what its rows say: count, times, sources."""
    times, sources = rows.get_column(TABLES[record.table].time).to_physical(), rows.get_column("source")
    first, last = (None, None) if times.null_count() else (times.min(), times.max())
    is_of_one = sources.min() == sources.max()
    return replace(
        record,
        rows=rows.height,
        size_bytes=size_bytes,
        min_us=first if isinstance(first, int) else None,
        max_us=last if isinstance(last, int) else None,
        sources={sources[0]: rows.height} if is_of_one else dict(sources.value_counts().iter_rows()),
    )


def _draft(record: PartRecord, rows: pl.DataFrame, head: PartRecord | None, *, opens: bool) -> Draft:
    """A large lot is a sealed part of its own; a small one goes on from the open head, or opens one, or is sealed too."""
    if rows.height >= SEAL_ROWS or not (head or opens):
        return Draft(record, rows)
    if head is None:
        return Draft(replace(record, version=record.batch, open=True), rows)
    still_open = head.rows + rows.height < SEAL_ROWS
    return Draft(replace(head, version=record.batch, open=still_open), rows, head)


def _rows_of(head: PartRecord, layout: StoreLayout) -> pl.DataFrame:
    path = head.version_path(layout)
    try:
        return completed(TABLES[head.table], pl.read_parquet(path, hive_partitioning=False, glob=False))
    except (OSError, pl.exceptions.PolarsError) as failure:
        raise StoreError(
            "the part that new rows belong to cannot be read; nothing of the batch is stored",
            at=str(path),
            found=str(failure),
            want=f"{head.rows} rows that were committed",
            fix="restore the file from a backup, or run `ollalog reprocess`, which writes it anew from the logs",
        ) from failure


def _table(name: str) -> Table:
    if name not in TABLES:
        raise StoreError(f"there is no table {name!r}", want=", ".join(TABLES), fix="this is a fault of ollalog; nothing was stored")
    return TABLES[name]


def _date_of(us: int) -> date:
    return date.fromordinal(UNDATED.toordinal() + us // DAY_US) if FIRST_US <= us <= LAST_US else UNDATED


def read_part(layout: StoreLayout, part: PartRecord) -> pl.DataFrame:
    """All rows of one part.

    Raises:
        StoreError: it is gone or damaged.
    """
    for path in part.reader_paths(layout):
        if path.exists():
            try:
                return completed(TABLES[part.table], pl.read_parquet(path, hive_partitioning=False, glob=False))
            except (OSError, pl.exceptions.PolarsError) as failure:
                raise _unreadable(part, layout, str(failure)) from failure
    raise _unreadable(part, layout, "no such file")


def _unreadable(part: PartRecord, layout: StoreLayout, found: str) -> StoreError:
    return StoreError(
        "a part that holds rows of several sources cannot be read; nothing was changed",
        at=str(part.reader_paths(layout)[0]),
        found=found,
        want=f"{part.rows} rows of the sources {', '.join(map(str, sorted(part.sources)))}",
        fix="restore the file from a backup, or reprocess all of these sources together",
    )
