"""What opening a store puts right, and what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ollalog.core.errors import StoreError
from ollalog.store import open_store, read_snapshot, verify
from ollalog.store.parts import SEAL_ROWS
from tests.store.building import CLOCK, files, foreign_count, opened, stored_lines, turn


def test_unknown_files_below_data_are_set_aside_without_losing_any(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(turn(0, 5))
    part = tmp_path / "data/requests/date=2026-03-01/1.parquet"
    for _ in range(2):
        shutil.copy(part, part.with_name("stray.parquet"))
        (tmp_path / "data/notes.txt").write_text("mine")
        with opened(tmp_path):
            pass
    assert foreign_count(tmp_path) == 5
    assert files(tmp_path, "orphans") == [
        "notes.txt",
        "notes.txt.1",
        "requests/date=2026-03-01/stray.parquet",
        "requests/date=2026-03-01/stray.parquet.1",
    ]


def test_what_lies_in_staging_unknown_is_deleted(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    (tmp_path / "staging/requests.2026-03-01.9.0.parquet").write_bytes(b"half a part")
    with opened(tmp_path):
        pass
    assert files(tmp_path, "staging") == []


@pytest.mark.parametrize("lost", ["catalog.sqlite gone", "catalog.sqlite emptied"])
def test_data_without_its_catalogue_is_refused(tmp_path: Path, lost: str) -> None:
    with opened(tmp_path) as store:
        store.commit(turn(0, 5))
    (tmp_path / "catalog.sqlite").unlink()
    if lost.endswith("emptied"):
        (tmp_path / "catalog.sqlite").touch()
    for use in (lambda: opened(tmp_path), lambda: read_snapshot(tmp_path), lambda: verify(tmp_path, lambda *_: [])):
        with pytest.raises(StoreError, match="data that its catalogue does not know") as raised:
            use()
        assert raised.value.exit_code == 4
    assert foreign_count(tmp_path) == 5


def test_a_damaged_catalogue_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").write_bytes(b"this is no database, but long enough to look at" * 100)
    for use in (lambda: opened(tmp_path), lambda: read_snapshot(tmp_path)):
        with pytest.raises(StoreError, match="catalogue cannot be used"):
            use()


def test_a_catalogue_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(turn(0, 5))
        store._catalog.run("PRAGMA user_version=99")  # noqa: SLF001 - as a later program would leave it
    for use in (lambda: opened(tmp_path), lambda: read_snapshot(tmp_path)):
        with pytest.raises(StoreError, match="newer ollalog"):
            use()


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a log")
    for root in (tmp_path / "log", tmp_path / "log" / "store"):
        with pytest.raises(StoreError, match="cannot be written"):
            opened(root)


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(StoreError, match="the store cannot be written") as raised:
        opened(tmp_path)
    assert raised.value.at == str(tmp_path / "data")
    (tmp_path / "data").unlink()
    with opened(tmp_path) as store:
        assert store.commit(turn(0, 1)) == 1


def test_a_store_is_made_with_the_folders_above_it(tmp_path: Path) -> None:
    with open_store(tmp_path / "a/b/c", command="test", clock=CLOCK) as store:
        store.commit(turn(0, 1))
    assert stored_lines(tmp_path / "a/b/c") == [0]


def test_versions_that_somebody_removed_come_back_from_data(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(turn(0, 5))
    shutil.rmtree(tmp_path / "versions")
    with opened(tmp_path) as store:
        store.commit(turn(5, 6))
    assert stored_lines(tmp_path) == list(range(6))
    assert foreign_count(tmp_path) == 6


def test_a_head_that_strangers_see_in_an_old_version_is_put_right(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(turn(0, 5))
        store.commit(turn(5, 6))
    head = tmp_path / "data/requests/date=2026-03-01/1.parquet"
    head.unlink()
    shutil.copy(tmp_path / "versions/requests/date=2026-03-01/1.1.parquet", head)
    assert foreign_count(tmp_path) == 5
    assert any("the file has" in problem for problem in verify(tmp_path, lambda *_: []).problems)
    with opened(tmp_path):
        pass
    assert foreign_count(tmp_path) == 6
    assert verify(tmp_path, lambda *_: []).problems == ()


def test_a_part_that_is_gone_does_not_stop_the_next_run(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(turn(0, SEAL_ROWS, step_s=0.1))
    (tmp_path / "data/requests/date=2026-03-01/1.parquet").unlink()
    with opened(tmp_path) as store:
        store.commit(turn(SEAL_ROWS, SEAL_ROWS + 1, step_s=0.1))
    assert not verify(tmp_path, lambda *_: []).ok
