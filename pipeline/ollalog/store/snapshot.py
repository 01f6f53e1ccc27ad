"""What readers are given: the store as of its last commit, without a lock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from ollalog.core.batch import Part, Snapshot
from ollalog.core.errors import StoreError
from ollalog.core.layout import StoreLayout
from ollalog.store import catalog as catalogs
from ollalog.store import inventory, ledger
from ollalog.store.catalog import Catalog
from ollalog.store.files import files_below
from ollalog.store.records import PartRecord

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EMPTY = Snapshot(batch=0, parts=())


def read_snapshot(root: Path) -> Snapshot:
    """Read the list of parts, the totals of sources and the parser's state of families as of one commit.

    Returns:
        The snapshot; an empty one with batch 0 where there is no store yet.

    Raises:
        StoreError: the catalogue is damaged, or missing while data is there.
    """
    layout = StoreLayout(root)
    snapshot = _read(layout)
    if not snapshot.batch:
        try:
            refuse_data_without_catalog(layout)
        except StoreError:
            # The first batch may have been committed and published since the catalogue was read.
            snapshot = _read(layout)
            if not snapshot.batch:
                raise
    return snapshot


def last_batch(root: Path) -> int:
    """Number of the last commit; 0 where there is none. A fraction of what a snapshot costs."""
    layout = StoreLayout(root)
    return catalogs.read(layout.catalog, inventory.last_batch) or 0 if layout.catalog.exists() else 0


def _read(layout: StoreLayout) -> Snapshot:
    """The snapshot as the catalogue has it now; an empty one where there is no catalogue, or nothing in it."""
    return (catalogs.read(layout.catalog, partial(_snapshot_of, layout)) if layout.catalog.exists() else None) or EMPTY


def refuse_data_without_catalog(layout: StoreLayout) -> None:
    """A catalogue that is empty or gone beside data is a mishap, never the start of a new store.

    Raises:
        StoreError: there are files below `data/`.
    """
    stray = next(iter(files_below(layout.data)), None)
    if stray is not None:
        raise StoreError(
            "the store has data that its catalogue does not know",
            at=str(layout.catalog),
            found=f"no committed batch, yet {stray.relative_to(layout.root)}",
            want="the catalogue that belongs to the data",
            fix="restore catalog.sqlite from a backup, or move the folder data away and ingest again",
        )


def as_instant(us: int | None) -> datetime | None:
    """A time of the catalogue as an instant; None where there is none or no calendar has it."""
    try:
        return None if us is None else EPOCH + timedelta(microseconds=us)
    except OverflowError:
        return None


def as_us(instant: datetime) -> int:
    """An instant as the catalogue keeps it: µs since 1970 UTC."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def _snapshot_of(layout: StoreLayout, catalog: Catalog) -> Snapshot:
    parts = tuple(_part(record, layout) for record in inventory.live_parts(catalog))
    return Snapshot(inventory.last_batch(catalog), parts, tuple(ledger.summaries(catalog)), ledger.states(catalog))


def _part(record: PartRecord, layout: StoreLayout) -> Part:
    return Part(
        table=record.table,
        date=record.date,
        batch=record.batch,
        rows=record.rows,
        size_bytes=record.size_bytes,
        paths=record.reader_paths(layout),
        min_time=as_instant(record.min_us),
        max_time=as_instant(record.max_us),
    )
