"""How the store is: what `status` shows, read without a lock."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ollalog.core.batch import SourceSummary
from ollalog.core.layout import StoreLayout
from ollalog.store import catalog as catalogs
from ollalog.store import ledger, lock, snapshot
from ollalog.store.catalog import Catalog
from ollalog.store.closed_dates import Derived, read_derived
from ollalog.store.files import files_below
from ollalog.store.lock import Writer


@dataclass(frozen=True)
class StoreStatus:
    """The last commit, the last error, the size of all files (each counted once, however many names it has), the writer, the sources.

    `derived` is what is kept of closed dates, part of that size.
    """

    batch: int
    committed_at: datetime | None
    last_error: str | None
    size_bytes: int
    writer: Writer | None
    sources: tuple[SourceSummary, ...]
    derived: Derived


def read_status(root: Path) -> StoreStatus:
    """Look at a store; a missing one has batch 0 and no size.

    Raises:
        StoreError: the catalogue is damaged, or missing while data is there.
    """
    layout = StoreLayout(root)
    present = snapshot.read_snapshot(root)
    committed_at = catalogs.read(layout.catalog, _committed_at) if present.batch else None
    last_error = catalogs.read(layout.catalog, ledger.last_error) if present.batch else None
    writer, derived = lock.holder(layout.lock), read_derived(root)
    return StoreStatus(present.batch, committed_at, last_error, size_bytes(root), writer, present.sources, derived)


def writer_of(root: Path) -> Writer | None:
    """Who writes to a store now; None: nobody does."""
    return lock.holder(StoreLayout(root).lock)


def size_bytes(root: Path) -> int:
    """Bytes of all files of a store; a file with two names takes its room once."""
    sizes: dict[tuple[int, int], int] = {}
    for file in files_below(root):
        # A writer may take a file away while its folder is listed.
        with suppress(FileNotFoundError):
            found = file.lstat()
            sizes[found.st_dev, found.st_ino] = found.st_size
    return sum(sizes.values())


def _committed_at(catalog: Catalog) -> datetime | None:
    return snapshot.as_instant(catalog.value("SELECT committed_us FROM batches ORDER BY batch DESC LIMIT 1"))
