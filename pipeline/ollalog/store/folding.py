"""Old entries of the ledger, many small ones into few: a tail of months commits millions of batches."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ollalog.store.catalog import Catalog

KEPT_BATCHES = 1_000
"""So many of the newest batches stay as they are; older ones are folded when as many again have come."""


def fold(catalog: Catalog) -> None:
    """Put each source's entries of old batches together, those between two gaps into one, and count the batches instead of listing them.

    A folded entry tells of all batches from `first_batch` to `batch`; nothing that `verify` adds up changes. Is a transaction.
    """
    with catalog.transaction():
        limit = catalog.value("SELECT batch FROM batches WHERE kind = 'turn' ORDER BY batch DESC LIMIT 1 OFFSET ?", (KEPT_BATCHES,))
        if limit is None:
            return
        for run in _runs(catalog, limit):
            if len(run) > 1:
                _replace(catalog, run)
        folded = int(catalog.value("SELECT count(*) FROM batches WHERE batch <= ?", (limit,)))
        catalog.run("DELETE FROM batches WHERE batch <= ?", (limit,))
        catalog.run("INSERT OR REPLACE INTO meta VALUES ('folded_batches', ?)", (folded_batches(catalog) + folded,))


def folded_batches(catalog: Catalog) -> int:
    """How many batches are no longer listed."""
    return int(catalog.value("SELECT value FROM meta WHERE key = 'folded_batches'") or 0)


def _runs(catalog: Catalog, limit: int) -> Iterator[list[Any]]:
    """Rows of the ledger that go on from one another without a gap, of one source each, none of them folded before."""
    rows = catalog.rows(
        "SELECT id, batch, source, start, stop, lines, fates, noise, rows, gap_bytes FROM ledger "
        "WHERE batch <= ? AND first_batch IS NULL ORDER BY source, id",
        (limit,),
    )
    run: list[Any] = []
    for row in rows:
        if run and (row[2] != run[-1][2] or row[3] != run[-1][4] or row[9] != 0):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _replace(catalog: Catalog, run: list[Any]) -> None:
    """One entry in the place of the last of a run; the others go."""
    last = run[-1]
    fates, noise, rows = (_summed(run, column) for column in (6, 7, 8))
    if "held" in fates:
        fates["held"] = json.loads(last[6]).get("held", 0)
    texts = (json.dumps(counts) for counts in (fates, noise, rows))
    catalog.run(
        "UPDATE ledger SET first_batch = ?, start = ?, lines = ?, fates = ?, noise = ?, rows = ?, gap_bytes = ? WHERE id = ?",
        (run[0][1], run[0][3], sum(row[5] for row in run), *texts, run[0][9], last[0]),
    )
    catalog.run_many("DELETE FROM ledger WHERE id = ?", [(row[0],) for row in run[:-1]])


def _summed(run: list[Any], column: int) -> dict[str, int]:
    total: Counter[str] = Counter()
    for row in run:
        total.update(json.loads(row[column]))
    return dict(total)
