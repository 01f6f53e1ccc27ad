"""The proof: rows counted again from Parquet against ledger, positions and parts, and a sample against the logs' own bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ollalog.core.batch import LedgerEntry, Source
from ollalog.core.layout import StoreLayout
from ollalog.core.series import Series
from ollalog.core.tables import TABLES
from ollalog.store import catalog as catalogs
from ollalog.store import counters, inventory, ledger, uncounted
from ollalog.store.accounts import account_problems
from ollalog.store.catalog import Catalog
from ollalog.store.closed_dates import derived_problems
from ollalog.store.counters import lacking
from ollalog.store.folding import folded_batches
from ollalog.store.ledger import Batches
from ollalog.store.published import published_problems
from ollalog.store.records import PartRecord, Retired
from ollalog.store.recount import Recount, recount
from ollalog.store.snapshot import refuse_data_without_catalog
from ollalog.store.uncounted import Waiting

# (source, table, rows) -> what the log says otherwise; written by who can read and parse logs.
Reread = Callable[[Source, str, pl.DataFrame], Sequence[str]]


@dataclass(frozen=True)
class VerifyReport:
    """What `verify` prints: batches and rows by table as counted from Parquet, and everything that does not agree.

    `derived` are the problems of files that follow from committed rows: removed, they are made anew.
    """

    batches: int
    rows: Mapping[str, int]
    problems: tuple[str, ...]
    derived: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all agrees."""
        return not self.problems and not self.derived

    def as_dict(self) -> dict[str, Any]:
        """As JSON: {"ok", "batches", "rows": {table: n}, "problems": [text]}."""
        return {"ok": self.ok, "batches": self.batches, "rows": dict(self.rows), "problems": [*self.problems, *self.derived]}


@dataclass(frozen=True)
class _Books:
    """The whole catalogue as of one commit."""

    batches: int
    parts: list[PartRecord]
    superseded: list[Retired]
    sources: list[Source]
    entries: list[tuple[Batches, LedgerEntry]]
    totals: dict[int, Mapping[str, int]]
    removed: dict[tuple[str, int, int], int]
    series: list[Series]
    waiting: Waiting


def verify(root: Path, reread: Reread) -> VerifyReport:
    """Count everything again; changes nothing, needs no lock, and may run beside a writer.

    Args:
        root: The store's folder.
        reread: Parses the lines of a sample of rows again from their source and says what differs.

    Raises:
        StoreError: the catalogue is damaged, or missing while data is there.
    """
    layout = StoreLayout(root)
    books = catalogs.read(layout.catalog, _read) if layout.catalog.exists() else None
    if books is None or not books.batches:
        refuse_data_without_catalog(layout)
        return VerifyReport(0, dict.fromkeys(TABLES, 0), ())
    counted = recount(layout, books.parts)
    problems = [
        *counted.problems,
        *account_problems(books.sources, books.entries, books.totals, Counter(counted.cells) + Counter(books.removed)),
        *published_problems(layout, books.parts, books.superseded),
        *_reread_problems(books.sources, counted, reread),
        *lacking(counted.series.values(), books.series, books.waiting),
    ]
    rows = {table: sum(count for (name, *_), count in counted.cells.items() if name == table) for table in TABLES}
    return VerifyReport(books.batches, rows, tuple(problems), tuple(derived_problems(root)))


def _read(catalog: Catalog) -> _Books:
    return _Books(
        batches=int(catalog.value("SELECT count(*) FROM batches")) + folded_batches(catalog),
        parts=inventory.parts_with_sources(catalog),
        superseded=inventory.superseded(catalog),
        sources=ledger.sources(catalog, checkpoints=False),
        entries=list(ledger.entries(catalog)),
        totals={summary.source.id: {"lines": summary.lines, **summary.fates} for summary in ledger.summaries(catalog)},
        removed=ledger.removed(catalog),
        series=counters.read(catalog),
        waiting=uncounted.read(catalog),
    )


def _reread_problems(sources: Sequence[Source], counted: Recount, reread: Reread) -> Iterator[str]:
    """Lines of sources that still exist, read and parsed again."""
    for source in sources:
        for table, rows in counted.samples.items():
            chosen = rows.filter(pl.col("source") == source.id)
            if chosen.height and Path(source.path).is_file():
                yield from (f"source {source.id} ({source.path}): {problem}" for problem in reread(source, table, chosen))
