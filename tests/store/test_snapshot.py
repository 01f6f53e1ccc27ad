"""Readers see whole batches, need no lock, and write nothing (R4)."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ollalog.core.errors import StoreError
from ollalog.store import open_store, read_snapshot, read_status
from ollalog.store.parts import SEAL_ROWS
from tests.store.building import CLOCK, files, opened, stored_lines, turn


def test_a_missing_store_is_an_empty_snapshot_and_is_not_made(tmp_path: Path) -> None:
    """U4: an empty store is no error."""
    snapshot = read_snapshot(tmp_path / "none")
    assert (snapshot.batch, snapshot.parts, snapshot.sources) == (0, (), ())
    assert read_status(tmp_path / "none").size_bytes == 0
    assert not (tmp_path / "none").exists()


def test_a_store_before_its_first_commit_is_an_empty_snapshot(tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").touch()
    assert read_snapshot(tmp_path).batch == 0
    with opened(tmp_path):
        assert read_snapshot(tmp_path).batch == 0


def test_a_store_without_a_writer_is_read_without_writing_a_byte(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(turn(0, 5))
    before = files(tmp_path, ".")
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        assert stored_lines(tmp_path) == list(range(5))
    finally:
        for path in (tmp_path, *tmp_path.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)
    assert files(tmp_path, ".") == before


def test_between_commit_and_publish_a_part_is_found_in_staging(tmp_path: Path) -> None:
    seen: list[list[int]] = []

    def look(point: str) -> None:
        if point in {"before_commit", "committed", "part_published", "published"}:
            seen.append(stored_lines(tmp_path))

    with open_store(tmp_path, command="test", clock=CLOCK, fault=look) as store:
        store.commit(turn(0, 3))
        store.commit(turn(3, 3 + SEAL_ROWS, step_s=0.1))
    assert [len(lines) for lines in seen] == [0, 3, 3, 3, 3, SEAL_ROWS + 3, SEAL_ROWS + 3, SEAL_ROWS + 3]


def test_an_old_snapshot_can_be_read_while_the_store_goes_on(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(turn(0, 3))
        store.commit(turn(3, 3 + SEAL_ROWS, step_s=0.1))
        old = read_snapshot(tmp_path)
        store.commit(turn(3 + SEAL_ROWS, 9 + SEAL_ROWS, step_s=0.1))
        with store.rebuild([1]) as rebuild:
            rebuild.add(turn(0, 1))
            rebuild.commit()
        assert stored_lines(tmp_path) == [0]
        for part in old.parts:
            path = next(path for path in part.paths if path.exists())
            assert pl.read_parquet(path).height == part.rows


def test_a_reader_beside_a_dead_writers_log_sees_its_last_commit(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.commit(turn(0, 5))
    assert (tmp_path / "catalog.sqlite-wal").exists()
    assert stored_lines(tmp_path) == list(range(5))
    store.close()
    assert not (tmp_path / "catalog.sqlite-wal").exists()


def test_a_reader_starts_again_when_a_writer_came_meanwhile(tmp_path: Path) -> None:
    from ollalog.store import catalog as catalogs

    with opened(tmp_path) as store:
        store.commit(turn(0, 5))
    visits: list[int] = []

    def count(catalog: catalogs.Catalog) -> int:
        visits.append(len(visits))
        if len(visits) < 3:
            with opened(tmp_path) as store:
                store.commit(turn(4 + len(visits), 5 + len(visits)))
        return int(catalog.value("SELECT count(*) FROM batches"))

    assert catalogs.read(tmp_path / "catalog.sqlite", count) == 3
    assert len(visits) == 3


def test_a_reader_that_met_torn_pages_starts_again(tmp_path: Path) -> None:
    from ollalog.store import catalog as catalogs

    with opened(tmp_path) as store:
        store.commit(turn(0, 1))
    visits: list[int] = []

    def torn(catalog: catalogs.Catalog) -> int:
        visits.append(len(visits))
        if len(visits) == 1:
            with opened(tmp_path) as store:
                store.commit(turn(1, 2))
            catalog.rows("SELECT nonsense")
        return int(catalog.value("SELECT count(*) FROM batches"))

    assert catalogs.read(tmp_path / "catalog.sqlite", torn) == 2


def test_a_reader_that_is_never_left_alone_gives_up_with_a_message(tmp_path: Path) -> None:
    from ollalog.store import catalog as catalogs

    with opened(tmp_path) as store:
        store.commit(turn(0, 1))

    def disturbed(_catalog: catalogs.Catalog) -> None:
        path = tmp_path / "catalog.sqlite"
        import os

        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1000))

    with pytest.raises(StoreError, match="changed again and again"):
        catalogs.read(tmp_path / "catalog.sqlite", disturbed)


def test_a_snapshot_has_the_parsers_state_of_every_family_as_of_its_commit(tmp_path: Path) -> None:
    """F1: the pairs that are not settled yet live in that state."""
    with opened(tmp_path) as store:
        store.commit(turn(0, 3))
        store.commit(turn(0, 4, source=2, family="other"))
        before = read_snapshot(tmp_path)
        store.commit(turn(3, 5))
    assert before.states == {"server": '{"lines": 3}', "other": '{"lines": 4}'}
    assert read_snapshot(tmp_path).states == {"server": '{"lines": 5}', "other": '{"lines": 4}'}
