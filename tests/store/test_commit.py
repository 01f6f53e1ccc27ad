"""A commit: what is written where, and what is refused."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from ollalog.core.batch import Checkpoint, LedgerEntry, Source, Turn
from ollalog.core.clock import FrozenClock
from ollalog.core.errors import StoreError
from ollalog.core.tables import TABLES, polars_schema
from ollalog.store import open_store, read_series, read_snapshot, verify
from ollalog.store.ledger import CHECKPOINT_DENSITY
from ollalog.store.parts import SEAL_ROWS
from tests.store.building import CLOCK, START, SteppingClock, files, foreign_count, opened, rows, stored_lines, turn, turn_of


def test_a_commit_is_there_for_our_readers_for_strangers_and_for_the_next_run(tmp_path: Path) -> None:
    """F8: positions, state and rows are durable together."""
    with opened(tmp_path) as store:
        assert (store.sources(), store.next_source_id(), store.state("server")) == ([], 1, None)
        assert store.commit(turn(0, 10)) == 1
    assert stored_lines(tmp_path) == list(range(10))
    assert foreign_count(tmp_path) == 10
    with opened(tmp_path) as store:
        [source] = store.sources()
        assert source == turn(0, 10).sources[0]
        assert (store.next_source_id(), store.state("server")) == (2, '{"lines": 10}')
        assert store.commit(turn(10, 12)) == 2
    assert stored_lines(tmp_path) == list(range(12))


def test_parts_have_the_columns_of_their_table_in_order_and_the_number_of_the_batch(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(turn(0, 3))
        store.commit(turn(3, 5))
    frame = pl.read_parquet(tmp_path / "data/requests/date=2026-03-01/1.parquet", hive_partitioning=False)
    assert dict(frame.schema) == polars_schema(TABLES["requests"])
    assert frame["batch"].to_list() == [1, 1, 1, 2, 2]


def test_rows_whose_texts_are_categories_are_stored_and_counted_as_those_whose_texts_are_texts(tmp_path: Path) -> None:
    def coded(given: Turn) -> Turn:
        return replace(given, tables={name: frame.cast({pl.String: pl.Categorical}) for name, frame in given.tables.items()})

    for name, change in (("texts", lambda given: given), ("categories", coded)):
        with opened(tmp_path / name) as store:
            store.commit(turn(0, SEAL_ROWS, step_s=0.01))
            store.commit(change(turn(SEAL_ROWS, 2 * SEAL_ROWS, step_s=0.01)))
            store.commit(change(turn(2 * SEAL_ROWS, 2 * SEAL_ROWS + 3, step_s=0.01)))
            store.commit(change(turn(2 * SEAL_ROWS + 3, 2 * SEAL_ROWS + 5, step_s=0.01)))
    texts, categories = (sorted((tmp_path / name / "data").rglob("*.parquet")) for name in ("texts", "categories"))
    assert [pl.read_parquet_schema(file) for file in categories] == [polars_schema(TABLES["requests"])] * 3
    for one, other in zip(texts, categories, strict=True):
        assert pl.read_parquet(one, hive_partitioning=False).equals(pl.read_parquet(other, hive_partitioning=False))
    known, found = ({each.key: each for each in read_series(tmp_path / name)} for name in ("texts", "categories"))
    assert found == known


def test_small_batches_share_the_head_of_their_date_until_it_is_sealed(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(turn(0, 10, step_s=0.01))
        store.commit(turn(10, SEAL_ROWS - 1, step_s=0.01))
        assert files(tmp_path, "data") == ["requests/date=2026-03-01/1.parquet"]
        store.commit(turn(SEAL_ROWS - 1, SEAL_ROWS, step_s=0.01))
        store.commit(turn(SEAL_ROWS, SEAL_ROWS + 5, step_s=0.01))
    assert files(tmp_path, "data") == ["requests/date=2026-03-01/1.parquet", "requests/date=2026-03-01/4.parquet"]
    assert [part.rows for part in read_snapshot(tmp_path).parts] == [SEAL_ROWS, 5]
    assert stored_lines(tmp_path) == list(range(SEAL_ROWS + 5))
    assert foreign_count(tmp_path) == SEAL_ROWS + 5


def test_a_large_batch_is_a_sealed_part_beside_the_open_head(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(turn(0, 10, step_s=0.01))
        store.commit(turn(10, 10 + SEAL_ROWS, step_s=0.01))
        store.commit(turn(10 + SEAL_ROWS, 20 + SEAL_ROWS, step_s=0.01))
    assert [(part.batch, part.rows) for part in read_snapshot(tmp_path).parts] == [(1, 20), (2, SEAL_ROWS)]
    assert files(tmp_path, "versions") == ["requests/date=2026-03-01/1.1.parquet", "requests/date=2026-03-01/1.3.parquet"]


def test_a_batch_of_many_dates_opens_a_head_for_the_newest_only(tmp_path: Path) -> None:
    day = timedelta(days=1).total_seconds()
    with opened(tmp_path) as store:
        store.commit(turn(0, 8, step_s=day))
        store.commit(turn(8, 9, step_s=day))
    snapshot = read_snapshot(tmp_path)
    assert [part.date for part in snapshot.parts] == [f"2026-03-0{number}" for number in range(1, 10)]
    assert files(tmp_path, "versions") == ["requests/date=2026-03-08/1.1.parquet", "requests/date=2026-03-09/2.2.parquet"]
    assert snapshot.parts[0].min_time == snapshot.parts[0].max_time == START


def test_a_late_row_goes_to_its_own_date(tmp_path: Path) -> None:
    late = rows([12]).with_columns(pl.lit(START - timedelta(days=2)).dt.cast_time_unit("us").alias("ended_at"))
    with opened(tmp_path) as store:
        store.commit(turn(0, 12))
        store.commit(turn_of({"requests": late}, 12, 13))
    assert [(part.date, part.rows) for part in read_snapshot(tmp_path).parts] == [("2026-02-27", 1), ("2026-03-01", 12)]


@pytest.mark.parametrize("us", [None, 2**63 - 1, -(2**63) + 1], ids=["no time", "after year 9999", "before year 1"])
def test_rows_without_a_usable_time_are_kept_under_1970(tmp_path: Path, us: int | None) -> None:
    """R3: a number out of range is no exception."""
    odd = rows(range(4)).with_columns(
        pl.when(pl.col("byte_offset") == 100)
        .then(pl.lit(us, pl.Int64).cast(pl.Datetime("us", "UTC")))
        .otherwise("ended_at")
        .alias("ended_at")
    )
    with opened(tmp_path) as store:
        store.commit(turn_of({"requests": odd}, 0, 4))
    undated, dated = read_snapshot(tmp_path).parts
    assert (undated.date, undated.rows, undated.min_time, undated.max_time) == ("1970-01-01", 1, None, None)
    assert (dated.date, dated.rows) == ("2026-03-01", 3)
    assert verify(tmp_path, lambda *_: []).problems == ()


def test_several_tables_and_sources_go_into_one_batch(tmp_path: Path) -> None:
    mixed = {
        "requests": rows(range(3)),
        "inferences": rows(range(3, 7), table="inferences"),
        "rejects": rows([7], table="rejects"),
        "server_events": rows([], table="server_events"),
    }
    with opened(tmp_path) as store:
        store.commit(turn_of(mixed, 0, 10))
    assert {part.table: part.rows for part in read_snapshot(tmp_path).parts} == {"requests": 3, "inferences": 4, "rejects": 1}
    [summary] = read_snapshot(tmp_path).sources
    assert (summary.lines, summary.fates["row"], summary.fates["rejected"], summary.noise) == (10, 7, 1, {"blank": 2})
    assert verify(tmp_path, lambda *_: []).ok


def test_totals_add_up_over_batches_and_held_is_the_latest(tmp_path: Path) -> None:
    def entry(start: int, held: int, gap: int | None) -> LedgerEntry:
        fates = {"row": 0, "folded": 1, "noise": 1, "rejected": 0, "held": held}
        return LedgerEntry(1, start, start + 10, 2, fates, {"blank": 1}, {}, gap)

    with opened(tmp_path) as store:
        for start, held, gap in ((0, 1, 0), (15, 1, 5), (25, 0, 0)):
            store.commit(Turn({}, (entry(start, held, gap),), (Source(1, "f", "/a", "file", offset=start + 10),), {}))
        [summary] = read_snapshot(tmp_path).sources
        assert (summary.lines, summary.gap_bytes, summary.noise) == (6, 5, {"blank": 3})
        assert summary.fates == {"row": 0, "folded": 3, "noise": 3, "rejected": 0, "held": 0}
        store.commit(Turn({}, (entry(35, 0, None),), (Source(1, "f", "/a", "file", offset=45),), {}))
    assert read_snapshot(tmp_path).sources[0].gap_bytes is None
    assert verify(tmp_path, lambda *_: []).problems == ()


def test_an_empty_turn_makes_no_batch(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        assert store.commit(Turn({}, (), (), {})) == 0
        assert store.commit(turn(0, 1)) == 1
        assert store.commit(Turn({"requests": rows([])}, (), (), {})) == 1


def test_strangers_see_a_head_at_once_then_once_a_second_and_at_the_end(tmp_path: Path) -> None:
    with open_store(tmp_path, command="test", clock=SteppingClock(step_s=0.2)) as store:
        store.commit(turn(0, 1))
        assert foreign_count(tmp_path) == 1
        store.commit(turn(1, 2))
        assert foreign_count(tmp_path) == 1
        for _ in range(6):
            store.commit(Turn({}, (), (), {}))
        assert foreign_count(tmp_path) == 2
        store.commit(turn(2, 3))
        assert stored_lines(tmp_path) == [0, 1, 2]
    assert foreign_count(tmp_path) == 3


def test_a_clock_that_is_set_back_stops_nothing(tmp_path: Path) -> None:
    """R1: clock steps."""
    with open_store(tmp_path, command="test", clock=SteppingClock(step_s=-3600)) as store:
        for line in range(4):
            store.commit(turn(line, line + 1))
            assert foreign_count(tmp_path) == line + 1


def test_old_versions_stay_for_ten_minutes(tmp_path: Path) -> None:
    clock = SteppingClock(step_s=0)
    with open_store(tmp_path, command="test", clock=clock) as store:
        store.commit(turn(0, 1))
        store.commit(turn(1, 2))
        clock.at += timedelta(minutes=10)
        store.commit(turn(2, 3))
        assert len(files(tmp_path, "versions")) == 3
        clock.at += timedelta(seconds=1)
        store.commit(turn(3, 4))
    assert files(tmp_path, "versions") == [f"requests/date=2026-03-01/1.{version}.parquet" for version in (2, 3, 4)]
    assert stored_lines(tmp_path) == [0, 1, 2, 3]


def test_where_there_are_no_hard_links_heads_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refused)
    with opened(tmp_path) as store:
        store.commit(turn(0, 2))
        store.commit(turn(2, 4))
    assert foreign_count(tmp_path) == 4
    assert files(tmp_path, "staging") == []
    assert verify(tmp_path, lambda *_: []).problems == ()
    with opened(tmp_path):
        pass
    assert foreign_count(tmp_path) == 4


@pytest.mark.parametrize(
    ("frame", "found"),
    [
        (rows(range(2)).drop("path"), "path: missing"),
        (rows(range(2)).with_columns(pl.lit(1).alias("surprise")), "surprise"),
        (rows(range(2)).with_columns(pl.col("status").cast(pl.Int32)), "status: Int32"),
    ],
    ids=["missing", "unknown", "other type"],
)
def test_rows_that_do_not_fit_their_table_stop_the_turn(tmp_path: Path, frame: pl.DataFrame, found: str) -> None:
    with opened(tmp_path) as store:
        with pytest.raises(StoreError, match="columns of their table") as raised:
            store.commit(turn_of({"requests": frame}, 0, 2))
        assert found in str(raised.value)
        assert store.commit(turn(0, 2)) == 2
    assert stored_lines(tmp_path) == [0, 1]


def test_an_unknown_table_stops_the_turn(tmp_path: Path) -> None:
    with opened(tmp_path) as store, pytest.raises(StoreError, match="no table 'visits'"):
        store.commit(turn_of({"visits": rows([0])}, 0, 1))


@pytest.mark.parametrize(("first", "last"), [(4, 8), (6, 8), (0, 2)], ids=["overlap", "hole", "again"])
def test_a_turn_that_does_not_go_on_where_the_last_ended_is_refused(tmp_path: Path, first: int, last: int) -> None:
    """R1: nothing twice, nothing lost, even if a caller is wrong."""
    with opened(tmp_path) as store:
        store.commit(turn(0, 5))
        with pytest.raises(StoreError, match="does not go on where the last one ended"):
            store.commit(turn(first, last))
        assert files(tmp_path, "staging") == []
        store.commit(turn(5, 7))
    assert stored_lines(tmp_path) == list(range(7))


@contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    """The system refuses to let any file of this process grow further, as a full disk would."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_disk_that_takes_no_more_bytes_is_one_message_and_loses_nothing(tmp_path: Path) -> None:
    """R1, R7: a full disk."""
    with opened(tmp_path) as store:
        store.commit(turn(0, 5))
        with files_of_at_most(400_000), pytest.raises(StoreError, match="nothing of it is stored") as raised:
            store.commit(turn(5, 200_000, step_s=0.1))
        assert "File too large" in str(raised.value)
        assert files(tmp_path, "staging") == []
        assert stored_lines(tmp_path) == list(range(5))
        store.commit(turn(5, 7))
    assert stored_lines(tmp_path) == list(range(7))
    assert verify(tmp_path, lambda *_: []).problems == ()


def test_a_catalogue_that_cannot_grow_is_one_message_and_loses_nothing(tmp_path: Path) -> None:
    """R1, R7: a disk that is full when the batch is committed."""
    with opened(tmp_path) as store:
        store.commit(turn(0, 5))
        with files_of_at_most(4096), pytest.raises(StoreError, match="catalogue cannot be used"):
            store.commit(turn(5, 6))
        assert stored_lines(tmp_path) == list(range(5))
        store.commit(turn(5, 7))
    assert foreign_count(tmp_path) == 7
    assert verify(tmp_path, lambda *_: []).problems == ()


def test_a_folder_that_cannot_be_published_to_keeps_the_batch_for_later(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        (tmp_path / "data").rmdir()
        (tmp_path / "data").write_text("in the way")
        with pytest.raises(StoreError, match="is stored, but not yet visible"):
            store.commit(turn(0, SEAL_ROWS, step_s=0.1))
        assert len(stored_lines(tmp_path)) == SEAL_ROWS
        (tmp_path / "data").unlink()
        store.commit(turn(SEAL_ROWS, SEAL_ROWS + 1, step_s=0.1))
    assert foreign_count(tmp_path) == SEAL_ROWS + 1


def test_a_head_that_is_gone_is_named_and_nothing_of_the_turn_is_stored(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(turn(0, 5))
        (tmp_path / "versions/requests/date=2026-03-01/1.1.parquet").unlink()
        (tmp_path / "data/requests/date=2026-03-01/1.parquet").unlink()
        with pytest.raises(StoreError, match=r"cannot be read; nothing of the batch is stored"):
            store.commit(turn(5, 7))


def test_checkpoints_are_added_and_thinned_out_far_from_the_end(tmp_path: Path) -> None:
    proofs = [Checkpoint(offset, str(offset)) for offset in range(1000, 400_000, 100)]
    with opened(tmp_path) as store:
        for first in range(0, len(proofs), 400):
            some = tuple(proofs[first : first + 400])
            store.commit(Turn({}, (), (Source(1, "f", "/a", "file", checkpoints=some),), {}))
        [source] = store.sources()
        store.commit(Turn({}, (), (source,), {}))
        assert store.sources() == [source]
    kept = [proof.offset for proof in source.checkpoints]
    assert kept[-1] == proofs[-1].offset
    assert len(kept) < 2000
    assert all(later - earlier <= later / CHECKPOINT_DENSITY + 100 for earlier, later in pairwise(kept))
    assert kept[:100] == [proof.offset for proof in proofs[:100]]


def test_an_error_is_remembered_for_status(tmp_path: Path) -> None:
    from ollalog.store import read_status

    with open_store(tmp_path, command="test", clock=FrozenClock(CLOCK.at)) as store:
        store.commit(turn(0, 1))
        assert read_status(tmp_path).last_error is None
        store.note_error("a log could not be read")
    status = read_status(tmp_path)
    assert (status.last_error, status.batch, status.committed_at) == ("a log could not be read", 1, CLOCK.at)
