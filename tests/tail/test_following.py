"""A log that lives while it is followed: every line is stored once, whatever is done to the file (R2, F8, DESIGN §3)."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
from pathlib import Path

import pytest

from ollalog import store
from ollalog.sources import Places
from ollalog.sources.wake import EventWaker
from tests.tail.following import follow, gaps, numbers_in_order
from tests.test_runtime import access_lines


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_lines_are_stored_as_they_come_without_any_event(tmp_path: Path) -> None:
    """DESIGN §3: with all file events suppressed nothing is missed; the timer looks."""
    root, log = tmp_path / "store", tmp_path / "server.log"
    append(log, access_lines(0, 10))
    summary, _ = follow(root, [log], *(lambda n=n: append(log, access_lines(n, n + 3)) for n in (10, 13, 16)))
    assert numbers_in_order(root) == list(range(1, 20))
    assert summary.fates["row"] == 19
    assert summary.batches == 4


def test_the_next_run_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "server.log"
    append(log, access_lines(0, 10))
    follow(root, [log])
    append(log, access_lines(10, 15))
    assert follow(root, [log])[0].fates["row"] == 5
    assert follow(root, [log])[0].batches == 0
    assert numbers_in_order(root) == list(range(1, 16))


def test_a_half_line_waits_and_is_stored_whole(tmp_path: Path) -> None:
    root, log, data = tmp_path / "store", tmp_path / "server.log", access_lines(0, 3)
    append(log, data[:-30])
    summary, _ = follow(root, [log], lambda: append(log, data[-30:-10]), lambda: append(log, data[-10:] + access_lines(3, 4)[:5]))
    assert numbers_in_order(root) == [1, 2, 3]
    assert summary.fates["held"] == 1
    assert store.read_snapshot(root).sources[0].fates["held"] == 1


@pytest.mark.parametrize("by_folder", [True, False])
@pytest.mark.parametrize("keeps", [True, False])
def test_a_log_renamed_while_it_is_followed_is_read_to_its_end(tmp_path: Path, *, by_folder: bool, keeps: bool) -> None:
    """logrotate with create: the server writes on into the renamed file; it may even be deleted, for it is held open."""
    root, folder = tmp_path / "store", tmp_path / "logs"
    folder.mkdir()
    log, older = folder / "ollama.log", folder / "ollama.log.1"
    append(log, access_lines(0, 5))

    def rotate() -> None:
        with log.open("ab") as writer:
            writer.write(access_lines(5, 8))
            writer.flush()
            log.rename(older)
            if not keeps:
                older.unlink()
            writer.write(access_lines(8, 10))
        append(log, access_lines(10, 12))

    follow(root, [folder if by_folder else log], rotate, lambda: append(log, access_lines(12, 14)))
    assert numbers_in_order(root) == list(range(1, 15))
    assert gaps(root) == []


def test_a_half_line_at_a_rename_is_joined_with_its_end_in_the_renamed_file(tmp_path: Path) -> None:
    root, log, data = tmp_path / "store", tmp_path / "server.log", access_lines(0, 2)
    append(log, data[:-40])

    def rotate() -> None:
        log.rename(tmp_path / "server-1.log")
        append(log, access_lines(2, 4))

    follow(root, [log], rotate, lambda: append(tmp_path / "server-1.log", data[-40:]))
    assert numbers_in_order(root) == [1, 2, 3, 4]


def test_several_rotations_between_two_looks_lose_nothing(tmp_path: Path) -> None:
    """Ollama's own chain, three starts of the server in a row, followed by the log's own name."""
    root, log = tmp_path / "store", tmp_path / "server.log"
    append(log, access_lines(0, 3))

    def rotate(first: int) -> None:
        for number in range(4, 0, -1):
            if (older := tmp_path / f"server-{number}.log").exists():
                older.rename(tmp_path / f"server-{number + 1}.log")
        log.rename(tmp_path / "server-1.log")
        append(log, access_lines(first, first + 3))

    def rotate_often() -> None:
        for first in (3, 6, 9):
            rotate(first)

    follow(root, [log], rotate_often)
    assert numbers_in_order(root) == list(range(1, 13))
    append(log, access_lines(12, 13))
    for first in (13, 16, 19):
        rotate(first)
    follow(root, [log])
    assert sorted(numbers_in_order(root)) == [*range(1, 14), *range(14, 23)]
    assert gaps(root) == []


def test_a_rotated_log_that_is_packed_before_it_was_read_is_read_from_its_packed_form(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "ollama.log"
    append(log, access_lines(0, 3))
    follow(root, [log])
    append(log, access_lines(3, 9))
    (tmp_path / "ollama.log.1.gz").write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    follow(root, [log], lambda: append(log, access_lines(9, 11)))
    assert numbers_in_order(root) == list(range(1, 12))
    assert gaps(root) == []


def test_copytruncate_loses_nothing_when_the_copy_is_there(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "ollama.log"
    append(log, access_lines(0, 5))

    def rotate() -> None:
        append(log, access_lines(5, 9))
        shutil.copy2(log, tmp_path / "ollama.log.1")
        os.truncate(log, 0)

    follow(root, [log], rotate, lambda: append(log, access_lines(9, 12)), rotate)
    assert [*range(1, 10)] == numbers_in_order(root)[:9]
    assert gaps(root) == []


def test_what_was_cut_before_it_could_be_read_is_a_gap_and_the_rest_is_exact(tmp_path: Path) -> None:
    """`> server.log`, and a file that grows past its old size after that."""
    root, log = tmp_path / "store", tmp_path / "server.log"
    append(log, access_lines(0, 5))

    def cut_and_grow() -> None:
        append(log, access_lines(5, 7))
        os.truncate(log, 0)
        append(log, access_lines(20, 40))

    _, remarks = follow(root, [log], cut_and_grow)
    assert numbers_in_order(root) == [*range(1, 6), *range(21, 41)]
    assert gaps(root) == [None]
    assert any("replaced or cut" in remark for remark in remarks)


def test_a_hole_of_nuls_where_the_writer_goes_on_at_its_old_place_is_passed_over(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "server.log"
    append(log, access_lines(0, 5))

    def cut_under_the_writer() -> None:
        size_bytes = log.stat().st_size
        with log.open("r+b") as writer:
            writer.truncate(0)
            writer.seek(size_bytes)
            writer.write(access_lines(5, 8))

    follow(root, [log], cut_under_the_writer)
    assert numbers_in_order(root) == list(range(1, 9))


def test_files_and_folders_that_appear_later_are_followed(tmp_path: Path) -> None:
    root, folder = tmp_path / "store", tmp_path / "later"

    def make(name: str, first: int) -> None:
        folder.mkdir(exist_ok=True)
        append(folder / name, access_lines(first, first + 2))

    named = tmp_path / "named.log"
    _, remarks = follow(
        root, [folder, named], lambda: make("a.log", 0), lambda: make("b.log", 2), lambda: append(named, access_lines(4, 6))
    )
    assert sorted(numbers_in_order(root)) == [1, 2, 3, 4, 5, 6]
    assert sum("no such file" in remark for remark in remarks) == 2


def test_a_link_that_is_turned_to_another_file_is_followed_there(tmp_path: Path) -> None:
    root, link = tmp_path / "store", tmp_path / "current.log"
    old, new = tmp_path / "monday", tmp_path / "tuesday"
    append(old, access_lines(0, 3))
    link.symlink_to(old)

    def turn() -> None:
        append(old, access_lines(3, 5))
        append(new, access_lines(5, 7))
        link.unlink()
        link.symlink_to(new)

    follow(root, [link], turn)
    assert sorted(numbers_in_order(root)) == list(range(1, 8))


def test_only_what_comes_from_now_on_is_read_of_logs_begun_at_their_end(tmp_path: Path) -> None:
    """`--from end`: for files never seen; those that come later, and those that are known, are read whole."""
    root, log, later = tmp_path / "store", tmp_path / "server.log", tmp_path / "late.log"
    append(log, access_lines(0, 5) + access_lines(5, 6)[:30])
    follow(
        root,
        [tmp_path],
        lambda: append(log, access_lines(5, 6)[30:] + access_lines(6, 8)),
        lambda: append(later, access_lines(30, 32)),
        from_end=True,
    )
    assert sorted(numbers_in_order(root)) == [6, 7, 8, 31, 32]
    assert gaps(root) == [len(access_lines(0, 5))]
    append(log, access_lines(8, 9))
    follow(root, [tmp_path], from_end=True)
    assert sorted(numbers_in_order(root)) == [6, 7, 8, 9, 31, 32]


def test_a_log_far_behind_does_not_keep_the_others_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN §3: fair turns; a turn reads a share of every log that has news."""
    from ollalog import runtime

    monkeypatch.setattr(runtime, "COMMIT_BYTES", 1)
    monkeypatch.setattr("ollalog.sources.follow._LEAST_BUDGET_BYTES", 1)
    monkeypatch.setattr("ollalog.sources.reader.BLOCK_BYTES", 1000)
    root, large, small = tmp_path / "store", tmp_path / "large.log", tmp_path / "small.log"
    append(large, access_lines(0, 200))
    append(small, access_lines(500, 501))
    follow(root, [large, small])
    assert sorted(numbers_in_order(root)) == [*range(1, 201), 501]


def test_a_full_disk_stops_nothing_for_good(tmp_path: Path) -> None:
    """R1: what could not be committed is read again when there is room."""
    root, log = tmp_path / "store", tmp_path / "server.log"
    append(log, access_lines(0, 5))
    failures = [3]

    def full(name: str) -> None:
        if name == "part_staged" and failures[0]:
            failures[0] -= 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    _, remarks = follow(root, [log], lambda: append(log, access_lines(5, 7)), fault=full)
    assert numbers_in_order(root) == list(range(1, 8))
    assert sum("could not be written" in remark for remark in remarks) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_log_that_may_be_read_only_for_a_while_is_read_when_it_may_be(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "server.log"
    append(log, access_lines(0, 3))
    log.chmod(0)
    _, remarks = follow(root, [log], lambda: log.chmod(0o600))
    assert numbers_in_order(root) == [1, 2, 3]
    assert any("permission denied" in remark for remark in remarks)


def test_the_timer_looks_less_often_when_nothing_comes(tmp_path: Path) -> None:
    from tests.tail.following import AtOnce, ScriptedWaker

    waker = ScriptedWaker([])
    log = tmp_path / "server.log"
    append(log, access_lines(0, 3))
    from ollalog import tailing
    from ollalog.core.events import NullEvents
    from tests.test_runtime import CLOCK, UTC_OPTIONS

    tailing.tail(
        tmp_path / "store",
        [str(log)],
        tailing.TailOptions(UTC_OPTIONS, once_idle_s=60),
        tailing.Surroundings(CLOCK, NullEvents(), waker, open_aside=AtOnce),
    )
    assert max(waker.waits_s) == pytest.approx(5.0)
    assert len(waker.waits_s) < 25


def test_an_event_wakes_before_the_timer(tmp_path: Path) -> None:
    """A hint from the file system ends the wait; the first wait only begins to listen."""
    waker, places = EventWaker(), Places((tmp_path,))
    try:
        waker.wait(places, 60)
        append(tmp_path / "server.log", b"a line\n")
        waker.wait(places, 60)
    finally:
        waker.close()
