"""Giving committed parts the names under which they are read. Every step may be repeated after a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ollalog.core.errors import StoreError
from ollalog.core.layout import StoreLayout
from ollalog.store.files import link_over, make_folder, sync_folders
from ollalog.store.records import PartRecord, Retired

Fault = Callable[[str], None]


def publish(layout: StoreLayout, parts: Iterable[PartRecord], fault: Fault) -> None:
    """Move staged parts of a committed batch to where readers find them: heads to `versions/`, all others to `data/`."""
    touched: set[Path] = set()
    for part in parts:
        target = part.version_path(layout) if part.version else part.data_path(layout)
        make_folder(target.parent)
        part.staging_path(layout).replace(target)
        touched |= {target.parent, layout.staging}
        fault("part_published")
    sync_folders(touched)


def link_heads(layout: StoreLayout, heads: Iterable[PartRecord], fault: Fault) -> None:
    """Put the present version of heads under the heads' names in `data/`, where it replaces the one before."""
    touched: set[Path] = set()
    for head in heads:
        target = head.data_path(layout)
        make_folder(target.parent)
        link_over(head.version_path(layout), layout.staging / f"{head.staging_path(layout).name}.link", target)
        touched.add(target.parent)
        fault("head_linked")
    sync_folders(touched)


def withdraw(layout: StoreLayout, superseded: Iterable[Retired], fault: Fault) -> None:
    """Take superseded parts out of `data/` and keep them below `versions/` for readers of older snapshots."""
    touched: set[Path] = set()
    for file in superseded:
        published, kept = layout.root / (file.published or ""), layout.root / file.path
        if file.published and published.exists():
            make_folder(kept.parent)
            if kept.exists():
                published.unlink()
            else:
                published.replace(kept)
            touched |= {published.parent, kept.parent}
            fault("part_withdrawn")
    sync_folders(touched)


def remove(layout: StoreLayout, retired: Iterable[Retired]) -> None:
    """Delete files whose grace is over."""
    for file in retired:
        (layout.root / file.path).unlink(missing_ok=True)


@contextmanager
def publishing(layout: StoreLayout) -> Iterator[None]:
    """Name what the system refuses while committed parts are given their names.

    Raises:
        StoreError: a folder or file could not be made; the catalogue is right, and the next writer finishes the work.
    """
    try:
        yield
    except OSError as failure:
        raise StoreError(
            "a batch is stored, but not yet visible to programs that read the Parquet files",
            at=str(failure.filename or layout.root),
            found=failure.strerror or str(failure),
            want="free space, and folders data and versions that this user may write",
            fix="repair it; the next ollalog that writes to the store publishes the batch",
        ) from failure
