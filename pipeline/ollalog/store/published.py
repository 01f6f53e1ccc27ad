"""What other programs see below `data/`, against what the catalogue says they should."""

from __future__ import annotations

import filecmp
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from ollalog.core.layout import StoreLayout
from ollalog.store import lock
from ollalog.store.files import files_below
from ollalog.store.records import PartRecord, Retired


def published_problems(layout: StoreLayout, parts: Sequence[PartRecord], superseded: Sequence[Retired]) -> Iterator[str]:
    """Say what a foreign reader would miss, see twice or see without reason.

    What a crash left for the next writer to publish is late, not wrong; and beside a writer at work `data/` is always a
    moment behind the catalogue, so nothing is said of it then.
    """
    if lock.holder(layout.lock) is not None:
        return
    late = [part for part in parts if _is_late(layout, part)] if lock.died(layout.lock) else []
    for part in parts:
        if part not in late:
            yield from _misplaced(layout, part)
    present = set(files_below(layout.data))
    leaving = present & {layout.root / (file.published or "") for file in superseded if lock.died(layout.lock)}
    for file in sorted(present - leaving - {part.data_path(layout) for part in parts}):
        yield f"{file.relative_to(layout.root)}: nobody committed this file; programs that read data/ count its rows"
    if not (late or leaving):
        yield from _wrong_counts(layout, parts)


def _is_late(layout: StoreLayout, part: PartRecord) -> bool:
    """Whether a committed part is not where foreign readers look for it because a writer was stopped on the way."""
    published, version = part.data_path(layout), part.version_path(layout)
    if part.staging_path(layout).exists():
        return True
    return bool(part.version) and version.exists() and (not published.exists() or _is_older_version(layout, part))


def _is_older_version(layout: StoreLayout, part: PartRecord) -> bool:
    """Whether the name in `data/` still holds a version of this head from before the last commit."""
    published, version = part.data_path(layout), part.version_path(layout)
    older = [file for file in version.parent.glob(f"{part.batch}.*.parquet") if file != version]
    return any(_is_same(published, file) for file in older) and not _is_same(published, version)


def _misplaced(layout: StoreLayout, part: PartRecord) -> Iterator[str]:
    published, version = part.data_path(layout), part.version_path(layout)
    place = published.relative_to(layout.root)
    if not published.exists():
        yield f"{place}: the file is missing; other programs lack its {part.rows} rows"
    elif published.stat().st_size != part.size_bytes:
        yield f"{place}: the file has {published.stat().st_size} bytes, the catalogue says {part.size_bytes}"
    elif part.version and version.exists() and not _is_same(published, version):
        yield f"{place}: the file differs from its version {version.relative_to(layout.root)}"


def _wrong_counts(layout: StoreLayout, parts: Sequence[PartRecord]) -> Iterator[str]:
    """Count as a stranger would: everything below the folder of a table."""
    for table in sorted({part.table for part in parts}):
        known = sum(part.rows for part in parts if part.table == table)
        try:
            found = pl.scan_parquet(layout.data / table / "**/*.parquet", hive_partitioning=False).select(pl.len()).collect().item()
        except (OSError, pl.exceptions.PolarsError) as failure:
            yield f"data/{table}: other programs cannot read it: {str(failure).splitlines()[0]}"
            continue
        if found != known:
            yield f"data/{table}: other programs count {found} rows, the catalogue says {known}"


def _is_same(left: Path, right: Path) -> bool:
    return left.samefile(right) or filecmp.cmp(left, right, shallow=False)
