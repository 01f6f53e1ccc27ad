"""What a rebuild changed: rows before and after, by where their lines begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ollalog.core.errors import StoreError
from ollalog.core.layout import StoreLayout
from ollalog.core.tables import TABLES, polars_schema
from ollalog.store.records import PartRecord

# Rows are compared for so much of a log at a time, so that memory does not grow with its length.
WINDOW_BYTES = 64 * 1024 * 1024
# Written anew by every reading, whatever the line says.
INCIDENTAL = frozenset({"batch", "source", "byte_offset", "read_at"})


@dataclass(frozen=True)
class TableChange:
    """Rows of one table before and after; added, removed and changed by source and byte offset."""

    before: int = 0
    after: int = 0
    added: int = 0
    removed: int = 0
    changed: int = 0

    def __add__(self, other: TableChange) -> TableChange:
        """The changes of two stretches together."""
        pairs = zip(asdict(self).values(), asdict(other).values(), strict=True)
        return TableChange(*(left + right for left, right in pairs))


@dataclass(frozen=True)
class RebuildReport:
    """What `reprocess` prints: the number of its batch and the change of each table."""

    batch: int
    tables: Mapping[str, TableChange]

    def as_dict(self) -> dict[str, Any]:
        """As JSON: {"batch": n, "tables": {table: {"before", "after", "added", "removed", "changed"}}}."""
        return {"batch": self.batch, "tables": {name: asdict(change) for name, change in self.tables.items()}}


def compared(batch: int, layout: StoreLayout, ids: frozenset[int], old: Sequence[PartRecord], new: Sequence[PartRecord]) -> RebuildReport:
    """Compare the rows of sources in the parts that go with those in the parts that come. Parts that are gone have no rows.

    Raises:
        StoreError: a part that is there cannot be read.
    """
    changes = {}
    for table in TABLES:
        change = TableChange()
        for source in sorted(ids):
            change += _of_source(table, source, _files(layout, table, source, old), _files(layout, table, source, new))
        changes[table] = change
    return RebuildReport(batch, changes)


def _files(layout: StoreLayout, table: str, source: int, parts: Sequence[PartRecord]) -> dict[Path, tuple[int, int]]:
    """The files that hold rows of a table and source, each with its first and last offset of that source."""
    ranges = {}
    for part in parts:
        path = next((path for path in part.reader_paths(layout) if path.exists()), None)
        if path and part.table == table and source in part.sources:
            offset = pl.col("byte_offset").filter(pl.col("source") == source)
            bounds = _collect(_scan([path], table).select(offset.min().alias("first"), offset.max().alias("last")), [path]).row(0)
            if bounds[0] is not None:
                ranges[path] = bounds
    return ranges


def _of_source(table: str, source: int, old: Mapping[Path, tuple[int, int]], new: Mapping[Path, tuple[int, int]]) -> TableChange:
    bounds = [*old.values(), *new.values()]
    change = TableChange()
    if bounds:
        first, last = min(bound[0] for bound in bounds), max(bound[1] for bound in bounds)
        for start in range(first, last + 1, WINDOW_BYTES):
            change += _difference(_marks(table, source, start, old), _marks(table, source, start, new))
    return change


def _marks(table: str, source: int, start: int, files: Mapping[Path, tuple[int, int]]) -> pl.DataFrame:
    """One row per row of a source in a window: `byte_offset` and a hash of what the row says."""
    paths = [path for path, (first, last) in files.items() if first < start + WINDOW_BYTES and last >= start]
    if not paths:
        return pl.DataFrame(schema={"byte_offset": pl.Int64, "mark": pl.UInt64})
    said = [name for name in TABLES[table].column_names if name not in INCIDENTAL]
    within = (pl.col("source") == source) & pl.col("byte_offset").is_between(start, start + WINDOW_BYTES, closed="left")
    marked = _scan(paths, table).filter(within).select("byte_offset", pl.struct(said).hash().alias("mark"))
    return _collect(marked, paths)


def _difference(old: pl.DataFrame, new: pl.DataFrame) -> TableChange:
    both = old.join(new, on="byte_offset", how="inner")
    changed = both.select((pl.col("mark") != pl.col("mark_right")).sum()).item()
    return TableChange(old.height, new.height, new.height - both.height, old.height - both.height, changed)


def _scan(paths: Sequence[Path], table: str) -> pl.LazyFrame:
    schema = polars_schema(TABLES[table])
    return pl.scan_parquet(list(paths), schema=schema, missing_columns="insert", hive_partitioning=False, glob=False)


def _collect(frame: pl.LazyFrame, paths: Sequence[Path]) -> pl.DataFrame:
    try:
        return frame.collect()
    except (OSError, pl.exceptions.PolarsError) as failure:
        raise StoreError(
            "a part cannot be read; nothing was changed",
            at=", ".join(map(str, paths)),
            found=str(failure),
            want="an intact Parquet file",
            fix="restore it from a backup, or delete it and reprocess every source",
        ) from failure
