"""The ledger of a tail that commits for months stays short, and still adds up (F8, P7)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from ollalog.core.batch import Turn
from ollalog.store import folding, read_snapshot, verify
from tests.store.building import opened, stored_lines, turn

STEP_S = 600.0
TURNS = 57
FIRST_DATE = "2026-03-01"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two sources whose turns alternate, one with a gap."""
    monkeypatch.setattr(folding, "KEPT_BATCHES", 10)
    with opened(tmp_path) as store:
        for number in range(TURNS):
            store.commit(turn(2 * number, 2 * number + 2, step_s=STEP_S))
            skipped = 3 if number >= 20 else 0
            lines = turn(number + skipped, number + skipped + 1, source=2, family="other", step_s=STEP_S)
            if number == 20:
                lines = gap_before(lines)
            store.commit(lines)
    return tmp_path


def gap_before(lines: Turn) -> Turn:
    return replace(lines, ledger=(replace(lines.ledger[0], gap_bytes=300),))


def entries(root: Path) -> list[tuple[int, int | None, int]]:
    with closing(sqlite3.connect(root / "catalog.sqlite")) as connection:
        return connection.execute("SELECT source, first_batch, batch FROM ledger ORDER BY source, id").fetchall()


def test_old_entries_are_few_and_new_ones_as_they_were(store: Path) -> None:
    found = entries(store)
    assert len(found) <= 2 * 10 + 2 * (2 * TURNS // 10 + 1)
    newest = [row for row in found if row[2] > 2 * TURNS - 10]
    assert all(first is None for _, first, _ in newest)
    assert any(first is not None for _, first, _ in found)


def test_everything_still_adds_up(store: Path) -> None:
    report = verify(store, lambda *_: [])
    assert report.problems == ()
    assert report.batches == 2 * TURNS
    assert stored_lines(store) == list(range(2 * TURNS))
    assert read_snapshot(store).batch == 2 * TURNS
    assert [summary.gap_bytes for summary in read_snapshot(store).sources] == [0, 300]


def test_rows_lost_from_folded_batches_are_found(store: Path) -> None:
    part = next(part for part in read_snapshot(store).parts if part.table == "requests")
    path = next(path for path in part.paths if path.exists())
    frame = pl.read_parquet(path)
    frame.with_columns(pl.when(pl.col("source") == 2).then(1).otherwise(pl.col("source")).alias("source")).write_parquet(path)
    assert any("the ledger tells of" in problem for problem in verify(store, lambda *_: []).problems)


def test_days_that_go_are_counted_by_the_folded_entries(store: Path) -> None:
    with opened(store) as writer:
        writer.remove_days({("requests", FIRST_DATE)}, stay={}, added={})
    assert verify(store, lambda *_: []).problems == ()
    with closing(sqlite3.connect(store / "catalog.sqlite")) as connection:
        cells, batches = connection.execute("SELECT count(*), count(DISTINCT batch) FROM removed").fetchone()
    assert cells < 2 * TURNS
    assert batches < TURNS
