"""What start-up and a failed turn put right, under the writer's lock: the folders become what the catalogue says."""

from __future__ import annotations

import filecmp
from pathlib import Path

from ollalog.core.layout import StoreLayout
from ollalog.store import inventory
from ollalog.store.catalog import Catalog
from ollalog.store.files import files_below, link_over, make_folder, sync_folders
from ollalog.store.publish import Fault, link_heads, publish, withdraw
from ollalog.store.records import PartRecord
from ollalog.store.snapshot import refuse_data_without_catalog


def recover(layout: StoreLayout, catalog: Catalog, fault: Fault) -> None:
    """Roll forward what is committed, delete what is not, set aside what nobody knows.

    Raises:
        StoreError: the catalogue is empty and `data/` is not.
        OSError: a file cannot be moved.
    """
    if catalog.value("SELECT 1 FROM batches LIMIT 1") is None:
        refuse_data_without_catalog(layout)
    for folder in (layout.data, layout.versions, layout.staging):
        make_folder(folder)
    fault("recovery_begun")
    parts = inventory.live_parts(catalog)
    withdraw(layout, inventory.superseded(catalog), fault)
    publish(layout, [part for part in parts if part.staging_path(layout).exists()], fault)
    _restore_versions(layout, parts)
    link_heads(layout, [part for part in parts if part.version and _is_stale(part, layout)], fault)
    fault("recovery_published")
    _empty_staging(layout)
    fault("staging_emptied")
    _set_orphans_aside(layout, parts)


def _restore_versions(layout: StoreLayout, parts: list[PartRecord]) -> None:
    """Where somebody removed `versions/`, the names in `data/` still hold the same files."""
    for part in parts:
        published, version = part.data_path(layout), part.version_path(layout)
        if part.version and not version.exists() and published.exists() and published.stat().st_size == part.size_bytes:
            make_folder(version.parent)
            link_over(published, layout.staging / version.name, version)


def _is_stale(head: PartRecord, layout: StoreLayout) -> bool:
    """Whether the name in `data/` has another content than the present version. A part that is gone is left to `verify`."""
    published, version = head.data_path(layout), head.version_path(layout)
    if not version.exists():
        return False
    return not published.exists() or not (published.samefile(version) or filecmp.cmp(published, version, shallow=False))


def _empty_staging(layout: StoreLayout) -> None:
    for file in files_below(layout.staging):
        file.unlink()
    sync_folders([layout.staging])


def _set_orphans_aside(layout: StoreLayout, parts: list[PartRecord]) -> None:
    known = {str(part.data_path(layout)) for part in parts}
    touched: set[Path] = set()
    for stray in [file for file in files_below(layout.data) if str(file) not in known]:
        target = _free_name(layout.orphans / stray.relative_to(layout.data))
        make_folder(target.parent)
        stray.replace(target)
        touched |= {target.parent, stray.parent}
    sync_folders(touched)


def _free_name(wanted: Path) -> Path:
    """The wanted name, or the first of its kind that nothing has."""
    free, number = wanted, 1
    while free.exists() or free.is_symlink():
        free, number = wanted.with_name(f"{wanted.name}.{number}"), number + 1
    return free
