"""Parts that an older version wrote lack columns that came later: they are read, gone on from, proven and replaced all the same."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest

from ollalog.core.tables import INFERENCES, LATER_COLUMNS, TABLES, polars_schema
from ollalog.store import open_store, read_snapshot, verify
from tests.store.building import CLOCK, opened, rows, turn_of

KEPT = [name for name in INFERENCES.column_names if name not in LATER_COLUMNS["inferences"]]


def inferences(first: int, last: int, *, source: int = 1) -> dict[str, pl.DataFrame]:
    return {"inferences": rows(range(first, last), table="inferences", source=source)}


@pytest.fixture
def old_store(tmp_path: Path) -> Path:
    """Two sources in one part, as written before the columns came."""
    with opened(tmp_path) as store:
        store.commit(turn_of(inferences(0, 5), 0, 5))
        store.commit(turn_of(inferences(0, 5, source=2), 0, 5, source=2, family="other"))
    # A head is one file under two names; written in place, both names show what is written.
    for path in {path for part in read_snapshot(tmp_path).parts for path in part.paths if path.exists()}:
        aged = io.BytesIO()
        pl.read_parquet(path, hive_partitioning=False, columns=KEPT).write_parquet(aged)
        path.write_bytes(aged.getvalue())
    return tmp_path


def stored(root: Path) -> pl.DataFrame:
    return pl.concat(pl.read_parquet(next(path for path in part.paths if path.exists())) for part in read_snapshot(root).parts)


def test_every_later_column_is_one_of_its_table() -> None:
    assert all(set(names) <= set(TABLES[table].column_names) for table, names in LATER_COLUMNS.items())


def test_new_rows_go_on_from_an_old_head(old_store: Path) -> None:
    with opened(old_store) as store:
        store.commit(turn_of(inferences(5, 7), 5, 7))
    found = stored(old_store).sort("source", "byte_offset")
    assert found.schema == pl.Schema(polars_schema(INFERENCES))
    assert found["slot"].null_count() == found.height == 12


def test_an_old_store_is_proven(old_store: Path) -> None:
    problems = verify(old_store, lambda *_: []).as_dict()["problems"]
    assert all("catalogue says" in problem for problem in problems), "but for its size, which is the ageing of this test"


def test_a_rebuild_keeps_the_rows_of_other_sources(old_store: Path) -> None:
    with open_store(old_store, command="test", clock=CLOCK) as store:
        rebuild = store.rebuild([1])
        rebuild.add(turn_of(inferences(0, 5), 0, 5))
        report = rebuild.commit()
    assert report.tables["inferences"].after == 5
    assert sorted(stored(old_store)["source"].to_list()) == [1] * 5 + [2] * 5
