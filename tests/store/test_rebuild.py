"""A rebuild replaces all rows of its sources at once, and says what changed (F11)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from ollalog.core.errors import StoreError
from ollalog.core.layout import StoreLayout
from ollalog.store import Store, open_store, read_snapshot, verify
from ollalog.store.comparison import TableChange
from ollalog.store.parts import SEAL_ROWS, read_part
from ollalog.store.records import PartRecord
from tests.store.building import SteppingClock, files, foreign_count, opened, rows, stored_lines, stored_offsets, turn, turn_of


def filled(root: Path, *, lines: int = 30) -> Store:
    """A store where sources 1 and 2 share the head of one date."""
    store = opened(root)
    store.commit(turn(0, lines // 2))
    store.commit(turn(0, 5, source=2, family="other"))
    store.commit(turn(lines // 2, lines))
    return store


def test_rows_of_the_source_are_replaced_and_those_of_others_stay(tmp_path: Path) -> None:
    with filled(tmp_path) as store, store.rebuild([1]) as rebuild:
        changed = rows(range(30)).with_columns(status=pl.when(pl.col("byte_offset") < 300).then(500).otherwise("status").cast(pl.Int64))
        rebuild.add(turn_of({"requests": changed.tail(28), "rejects": rows([0], table="rejects")}, 0, 30))
        report = rebuild.commit()
    assert report.tables["requests"] == TableChange(before=30, after=28, added=0, removed=2, changed=1)
    assert report.tables["rejects"] == TableChange(before=0, after=1, added=1, removed=0, changed=0)
    assert report.as_dict()["tables"]["inferences"] == {"before": 0, "after": 0, "added": 0, "removed": 0, "changed": 0}
    assert stored_lines(tmp_path) == list(range(2, 30))
    assert stored_lines(tmp_path, source=2) == list(range(5))
    assert foreign_count(tmp_path) == 33
    assert verify(tmp_path, lambda *_: []).problems == ()


def test_the_same_rows_read_again_are_no_change(tmp_path: Path) -> None:
    """Neither the batch nor the moment of reading counts as one."""
    rejects = rows([30], table="rejects")
    with filled(tmp_path) as store:
        store.commit(turn_of({"rejects": rejects}, 30, 31))
        with store.rebuild([1, 2]) as rebuild:
            rebuild.add(turn(0, 30))
            rebuild.add(turn_of({"rejects": rejects.with_columns(pl.col("read_at") + timedelta(days=3))}, 30, 31))
            rebuild.add(turn(0, 5, source=2, family="other"))
            report = rebuild.commit()
    assert report.tables["requests"] == TableChange(35, 35, 0, 0, 0)
    assert report.tables["rejects"] == TableChange(1, 1, 0, 0, 0)


def test_positions_totals_checkpoints_and_state_are_those_of_the_rebuild(tmp_path: Path) -> None:
    with filled(tmp_path) as store, store.rebuild([1]) as rebuild:
        rebuild.add(turn(0, 10))
        rebuild.add(turn(10, 20))
        rebuild.commit()
        first, second = store.sources()
        assert (first.offset, [proof.offset for proof in first.checkpoints]) == (2000, [1000, 2000])
        assert (second.offset, store.state("server"), store.state("other")) == (500, '{"lines": 20}', '{"lines": 5}')
        store.commit(turn(20, 21))
    assert [summary.lines for summary in read_snapshot(tmp_path).sources] == [21, 5]
    assert verify(tmp_path, lambda *_: []).problems == ()


def test_a_source_that_has_nothing_any_more_is_read_from_the_start_next_time(tmp_path: Path) -> None:
    with filled(tmp_path) as store, store.rebuild([1]) as rebuild:
        report = rebuild.commit()
        assert (store.sources()[0].offset, store.state("server"), store.state("other")) == (0, None, '{"lines": 5}')
        store.commit(turn(0, 3))
    assert report.tables["requests"] == TableChange(30, 0, 0, 30, 0)
    assert stored_lines(tmp_path) == [0, 1, 2]


def test_a_rebuild_that_is_not_committed_changes_nothing(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        with store.rebuild([1]) as rebuild:
            rebuild.add(turn(0, SEAL_ROWS, step_s=0.1))
            assert len(files(tmp_path, "staging")) == 1
        assert files(tmp_path, "staging") == []
    assert stored_lines(tmp_path) == list(range(30))


def test_readers_keep_replaced_files_for_ten_minutes(tmp_path: Path) -> None:
    clock = SteppingClock(step_s=0)
    with open_store(tmp_path, command="test", clock=clock) as store:
        store.commit(turn(0, SEAL_ROWS, step_s=0.1))
        with store.rebuild([1]) as rebuild:
            rebuild.add(turn(0, 5))
            rebuild.commit()
        assert files(tmp_path, "versions") == ["requests/date=2026-03-01/1.0.parquet"]
        assert files(tmp_path, "data") == ["requests/date=2026-03-01/3.parquet"]
        clock.at += timedelta(seconds=601)
        store.commit(turn(5, 6))
        assert files(tmp_path, "versions") == ["requests/date=2026-03-01/4.4.parquet"]


def test_small_lots_of_a_date_become_one_part(tmp_path: Path) -> None:
    with opened(tmp_path) as store, store.rebuild([1]) as rebuild:
        for first in range(0, 1000, 10):
            rebuild.add(turn(first, first + 10))
        rebuild.commit()
    assert [part.rows for part in read_snapshot(tmp_path).parts] == [1000]
    assert verify(tmp_path, lambda *_: []).problems == ()


def test_lots_of_many_dates_do_not_pile_up_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ollalog.store.rebuild.WAITING_ROWS", 25)
    with opened(tmp_path) as store, store.rebuild([1]) as rebuild:
        for first in range(0, 60, 10):
            rebuild.add(turn(first, first + 10, step_s=40_000))
        assert len(files(tmp_path, "staging")) > 20
        rebuild.commit()
    assert stored_lines(tmp_path) == list(range(60))
    assert verify(tmp_path, lambda *_: []).problems == ()


def test_rows_are_compared_in_windows_of_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ollalog.store.comparison.WINDOW_BYTES", 700)
    with filled(tmp_path) as store, store.rebuild([1]) as rebuild:
        rebuild.add(turn(0, 12, status=404))
        rebuild.add(turn(12, 40))
        report = rebuild.commit()
    assert report.tables["requests"] == TableChange(30, 40, 10, 0, 12)


@pytest.mark.parametrize("ids", [[1], [1, 2]])
def test_a_lost_part_is_healed_when_all_its_sources_are_rebuilt(tmp_path: Path, ids: list[int]) -> None:
    filled(tmp_path).close()
    for path in tmp_path.glob("*/requests/*/*.parquet"):
        path.unlink()
    with opened(tmp_path) as store, store.rebuild(ids) as rebuild:
        rebuild.add(turn(0, 30))
        if ids == [1]:
            with pytest.raises(StoreError, match=r"rows of several sources cannot be read; nothing was changed") as raised:
                rebuild.commit()
            assert "reprocess all of these sources" in str(raised.value)
            return
        rebuild.add(turn(0, 5, source=2, family="other"))
        assert rebuild.commit().tables["requests"] == TableChange(0, 35, 35, 0, 0)
    assert foreign_count(tmp_path) == 35
    assert verify(tmp_path, lambda *_: []).problems == ()


def test_a_damaged_part_stops_the_rebuild_and_changes_nothing(tmp_path: Path) -> None:
    with filled(tmp_path) as store, store.rebuild([1]) as rebuild:
        for path in tmp_path.glob("*/requests/*/*.parquet"):
            path.write_bytes(b"PAR1 no more")
        rebuild.add(turn(0, 30))
        with pytest.raises(StoreError, match="cannot be read; nothing was changed"):
            rebuild.commit()
        assert [source.offset for source in store.sources()] == [3000, 500]
        assert files(tmp_path, "staging") == []


def test_a_part_that_is_damaged_where_nobody_looked_before_is_named(tmp_path: Path) -> None:
    path = tmp_path / "data/requests/date=2026-03-01/1.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError, match="cannot be read; nothing was changed"):
        read_part(StoreLayout(tmp_path), PartRecord("requests", "2026-03-01", 1, rows=3))


def test_a_turn_of_another_source_is_refused(tmp_path: Path) -> None:
    with filled(tmp_path) as store, store.rebuild([1]) as rebuild, pytest.raises(StoreError, match="source that is not being rebuilt"):
        rebuild.add(turn(5, 6, source=2, family="other"))


def test_a_rebuild_that_skips_lines_is_refused(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        with store.rebuild([1]) as rebuild:
            rebuild.add(turn(3, 30))
            with pytest.raises(StoreError, match="does not go on"):
                rebuild.commit()
        assert stored_lines(tmp_path) == list(range(30))
        with store.rebuild([1]) as rebuild:
            rebuild.add(replace(turn(0, 30), states={}))
            rebuild.commit()
    assert len(stored_offsets(tmp_path)) == 35
