"""What the catalogue knows of one part, and the names that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ollalog.core.layout import StoreLayout


@dataclass(frozen=True)
class PartRecord:
    """One part of a table and UTC date: a file of rows that are committed.

    `batch` is the batch that began the part and its name below `data/`. `version` is 0 for a part written once; a part
    that began as a head has the batch that wrote its present version. `open` marks a head. `sources` counts rows by
    source. Times are those of the rows in µs since 1970 UTC, None where not all rows have a usable one.
    """

    table: str
    date: str
    batch: int
    version: int = 0
    open: bool = False
    rows: int = 0
    size_bytes: int = 0
    min_us: int | None = None
    max_us: int | None = None
    sources: Mapping[int, int] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells this part from all others, whatever its version."""
        return self.table, self.date, self.batch

    def data_path(self, layout: StoreLayout) -> Path:
        """The name that other tools find."""
        return layout.folder(layout.data, self.table, self.date) / f"{self.batch}.parquet"

    def version_path(self, layout: StoreLayout) -> Path:
        """The name that never changes its content: of a head's version, or of a part that was superseded."""
        return layout.folder(layout.versions, self.table, self.date) / f"{self.batch}.{self.version}.parquet"

    def staging_path(self, layout: StoreLayout) -> Path:
        """The name from the first byte until the part is published."""
        return layout.staging / f"{self.table}.{self.date}.{self.batch}.{self.version}.parquet"

    def reader_paths(self, layout: StoreLayout) -> tuple[Path, ...]:
        """The names under which a reader of ours may find exactly these rows, the likeliest first."""
        data, version, staging = self.data_path(layout), self.version_path(layout), self.staging_path(layout)
        return (version, staging) if self.version else (data, staging, version)


@dataclass(frozen=True)
class Retired:
    """A file that no snapshot lists any more, kept for readers of older ones.

    `path` is where it is kept until its grace is over, `published` the name below `data/` that it has to leave (None:
    it never had one of its own). Both are relative to the store.
    """

    path: str
    published: str | None
    retired_us: int
