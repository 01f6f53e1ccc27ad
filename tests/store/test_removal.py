"""Days that are taken away: the books still add up, whenever the writer dies (C8, R1, F8)."""

from __future__ import annotations

import re
import sqlite3
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from ollalog.core.tables import DAY_ROLLUPS
from ollalog.store import open_store, read_snapshot, schema, verify
from tests.store.building import CLOCK, START, foreign_count, opened, rows, stored_lines, turn, turn_of
from tests.store.dying import DeathError, Fate

STEP_S = 3600.0
LINES = 60
FIRST = START.date().isoformat()
OF_FIRST_DAY = list(range(12))  # from noon on


def fill(root: Path) -> None:
    """An hour between two lines; small turns, so that the first day's part is one with versions."""
    with opened(root) as store:
        for first in range(0, LINES, 5):
            store.commit(turn(first, first + 5, step_s=STEP_S))
        store.commit(
            turn_of({"server_events": rows(range(24), source=2, table="server_events", step_s=STEP_S)}, 0, 24, source=2, family="b")
        )


def rollup(requests: int) -> pl.DataFrame:
    return rows(range(1), source=0, table=DAY_ROLLUPS.name).with_columns(pl.lit(requests, pl.Int64).alias("requests"))


def remove(root: Path, fault: object = None) -> dict[str, int]:
    with open_store(root, command="test", clock=CLOCK, **({"fault": fault} if fault else {})) as store:  # type: ignore[arg-type]
        return store.remove_days({("requests", FIRST)}, stay={}, added={DAY_ROLLUPS.name: rollup(12)})


def test_a_day_is_gone_and_all_others_stay(tmp_path: Path) -> None:
    fill(tmp_path)
    assert remove(tmp_path) == {"requests": 12}
    assert stored_lines(tmp_path) == list(range(12, LINES))
    assert foreign_count(tmp_path) == LINES - 12
    assert foreign_count(tmp_path, DAY_ROLLUPS.name) == 1
    report = verify(tmp_path, lambda *_: [])
    assert report.problems == ()
    assert report.rows["requests"] == LINES - 12


@pytest.mark.parametrize("point", ["part_staged", "removal_before_commit", "removal_committed", "part_withdrawn", "removal_published"])
def test_whenever_the_writer_dies_the_day_is_there_or_its_sums(tmp_path: Path, point: str) -> None:
    fill(tmp_path)
    with pytest.raises(DeathError):
        remove(tmp_path, Fate(point, 1))
    assert (stored_lines(tmp_path)[0], sums(tmp_path)) in {(0, 0), (12, 1)}
    assert verify(tmp_path, lambda *_: []).problems == ()
    remove(tmp_path)
    assert stored_lines(tmp_path) == list(range(12, LINES))
    assert (foreign_count(tmp_path), foreign_count(tmp_path, DAY_ROLLUPS.name)) == (LINES - 12, 1)
    assert verify(tmp_path, lambda *_: []).problems == ()


def test_rows_that_are_to_stay_do(tmp_path: Path) -> None:
    fill(tmp_path)
    with opened(tmp_path) as store:
        stay = {"server_events": pl.col("byte_offset") < 300}
        assert store.remove_days({("server_events", FIRST)}, stay=stay, added={}) == {"server_events": 9}
        assert store.remove_days({("server_events", FIRST)}, stay=stay, added={}) == {}
    assert verify(tmp_path, lambda *_: []).problems == ()
    assert foreign_count(tmp_path, "server_events") == 15


def test_rows_that_were_removed_do_not_come_back_when_their_log_is_parsed_again(tmp_path: Path) -> None:
    fill(tmp_path)
    remove(tmp_path)
    with opened(tmp_path) as store, store.rebuild([1]) as rebuild:
        rebuild.add(turn(0, LINES, step_s=STEP_S, status=500))
        rebuild.commit()
    assert stored_lines(tmp_path) == list(range(12, LINES))
    assert verify(tmp_path, lambda *_: []).problems == ()


def test_rows_lost_beside_a_removed_day_are_found(tmp_path: Path) -> None:
    fill(tmp_path)
    remove(tmp_path)
    part = next(part for part in read_snapshot(tmp_path).parts if part.table == "requests")
    path = next(path for path in part.paths if path.exists())
    pl.read_parquet(path).head(3).write_parquet(path)
    assert verify(tmp_path, lambda *_: []).problems


def test_a_removed_file_is_deleted_when_its_grace_is_over(tmp_path: Path) -> None:
    fill(tmp_path)
    remove(tmp_path)
    kept = list((tmp_path / "versions" / "requests" / f"date={FIRST}").glob("*"))
    assert kept
    late = type(CLOCK)(CLOCK.at + timedelta(minutes=11))
    with open_store(tmp_path, command="test", clock=late) as store:
        store.commit(turn(LINES, LINES + 1, step_s=STEP_S))
    assert not any(path.exists() for path in kept)


def test_a_catalogue_of_the_first_version_is_read_and_brought_up_to_date(tmp_path: Path) -> None:
    fill(tmp_path)
    with sqlite3.connect(tmp_path / "catalog.sqlite") as connection:
        for table in re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", str(schema.UPGRADES)):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("ALTER TABLE ledger DROP COLUMN first_batch")
        connection.execute("PRAGMA user_version=1")
    connection.close()
    assert verify(tmp_path, lambda *_: []).problems == ()
    assert remove(tmp_path) == {"requests": 12}
    assert verify(tmp_path, lambda *_: []).problems == ()


def sums(root: Path) -> int:
    return sum(part.rows for part in read_snapshot(root).parts if part.table == DAY_ROLLUPS.name)
