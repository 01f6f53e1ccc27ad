"""Many writers, one file: every line whole, every record there, whatever happens to the file meanwhile."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections import Counter
from itertools import count
from pathlib import Path

import pytest

import ollalog
from ollalog.recorder.lines import LineFile

# Python 3.12 and later say so wherever a thread runs, and one does: it ends tests that hang.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
FORK = multiprocessing.get_context("fork")


def numbers(*paths: Path) -> list[int]:
    """The records of some files, in order."""
    return [json.loads(line)["number"] for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


def test_lines_are_appended_to_what_is_there_and_the_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "events.jsonl"
    for number in range(2):
        file = LineFile(path)
        assert file.append({"number": number})
        file.close()
    assert numbers(path) == [0, 1]
    assert path.stat().st_mode & 0o777 == 0o644 & ~_umask()


def test_a_line_after_half_a_line_of_a_killed_writer_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    file = LineFile(path)
    file.append({"number": 0})
    with path.open("a", encoding="utf-8") as other:
        other.write('{"number": 1, "mo')
    file.append({"number": 2})
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines == ['{"number": 0}', '{"number": 1, "mo{"number": 2}', '{"number": 2}']
    file.append({"number": 3})
    assert path.read_text(encoding="utf-8").splitlines()[3:] == ['{"number": 3}']


def test_a_file_whose_last_line_has_no_end_keeps_that_line(tmp_path: Path) -> None:
    """Written by hand, or by an editor that leaves out the last newline: it is a record all the same."""
    path = tmp_path / "events.jsonl"
    path.write_text('{"number": 0}', encoding="utf-8")
    LineFile(path).append({"number": 1})
    assert path.read_text(encoding="utf-8") == '{"number": 0}\n{"number": 1}\n'


@pytest.mark.parametrize("way", ["renamed", "deleted", "folder deleted"])
def test_a_file_that_is_gone_is_begun_anew(tmp_path: Path, way: str) -> None:
    path = tmp_path / "logs" / "events.jsonl"
    file = LineFile(path)
    file.append({"number": 0})
    if way == "renamed":
        path.rename(tmp_path / "rotated")
    else:
        path.unlink()
    if way == "folder deleted":
        path.parent.rmdir()
    assert file.append({"number": 1})
    assert numbers(path) == [1]


def test_files_are_rotated_by_size_and_the_oldest_go(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    file = LineFile(path, max_bytes=100, backups=3)
    for number in range(100):
        assert file.append({"number": number})
    kept = [tmp_path / "events.jsonl.3", tmp_path / "events.jsonl.2", tmp_path / "events.jsonl.1", path]
    assert sorted(tmp_path.iterdir()) == sorted(kept)
    assert all(file.stat().st_size <= 100 for file in kept)
    last = numbers(*kept)
    assert last == list(range(100 - len(last), 100))


def test_two_writers_rotate_one_file_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    writers = [LineFile(path, max_bytes=200, backups=1000) for _ in range(2)]
    for number in range(400):
        assert writers[number % 2].append({"number": number})
    assert sorted(numbers(*tmp_path.iterdir())) == list(range(400))


@pytest.mark.parametrize("value", [float("nan"), {1}, b"\xff"])
def test_what_is_no_json_is_dropped_and_counted(tmp_path: Path, value: object) -> None:
    file = LineFile(tmp_path / "events.jsonl")
    assert not file.append({"number": value})
    assert (file.written, file.dropped) == (0, 1)


def test_a_pipe_in_place_of_the_file_neither_blocks_nor_breaks(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    os.mkfifo(path)
    file = LineFile(path)
    assert not file.append({"number": 0})
    assert file.dropped == 1


def test_a_full_disk_costs_the_records_that_did_not_fit(tmp_path: Path) -> None:
    """Half a line stays, as on a disk that fills up; what follows is whole again."""
    path = tmp_path / "events.jsonl"
    file = LineFile(path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        written = [file.append({"number": number}) for number in range(20)]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert written == [True] * 7 + [False] * 13
    assert file.dropped == 13
    assert file.append({"number": 20})
    whole = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("{") and line.count("{") == 1]
    assert [json.loads(line)["number"] for line in whole] == [*range(7), 20]


def test_a_child_process_writes_on_even_if_a_thread_of_its_parent_was_writing(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    file = LineFile(path)
    file.append({"number": 0})
    with file._lock:  # noqa: SLF001 - a thread of the parent is in the middle of a write
        child = FORK.Process(target=file.append, args=({"number": 1},))
        child.start()
        child.join(30)
        assert child.exitcode == 0
    assert numbers(path) == [0, 1]


THREADS, RECORDS = 8, 5000


def _record(folder: Path, process: int, ready: threading.Barrier) -> None:
    """What one of the processes does: some threads that record numbered requests; process 0 goes on until it is killed."""
    ollalog.configure(directory=folder)

    def record(thread: int) -> None:
        ready.wait()
        for number in range(RECORDS) if process else count():
            text = "x" * (number % 300)
            ollalog.record_performance(f"process {process}", "chat", 1.0, True, thread=thread, number=number, text=text)

    workers = [threading.Thread(target=record, args=(thread,)) for thread in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    sys.exit(ollalog.get_performance_stats()["dropped"])  # type: ignore[arg-type]


def test_8_threads_of_8_processes_lose_none_of_their_5000_records_also_when_one_process_is_killed(tmp_path: Path) -> None:
    """A9, E13."""
    path = tmp_path / "performance.jsonl"
    ready = FORK.Barrier(8 * THREADS + 1)
    processes = [FORK.Process(target=_record, args=(tmp_path, process, ready)) for process in range(8)]
    for process in processes:
        process.start()
    try:
        ready.wait(60)
        while not (path.exists() and b'"process 0"' in path.read_bytes()):
            assert processes[0].is_alive()
    finally:
        processes[0].kill()
    for process in processes:
        process.join(300)
    assert [process.exitcode for process in processes] == [-signal.SIGKILL, *[0] * 7]
    _check(path)


def _check(path: Path) -> None:
    """Every line is whole, but for one that was being written by the killed process, and every record of the others is there once.

    Blank lines end a line that a process finds torn as it opens the file, when another has just done so.
    """
    torn, found = 0, Counter[tuple[str, int, int]]()
    for line in filter(None, path.read_bytes().splitlines()):
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            torn += 1
        else:
            assert len(record["text"]) == record["number"] % 300
            found[record["model"], record["thread"], record["number"]] += 1
    assert torn <= 1
    assert set(found.values()) == {1}
    others = {(f"process {process}", thread, number) for process in range(1, 8) for thread in range(THREADS) for number in range(RECORDS)}
    assert {key for key in found if key[0] != "process 0"} == others


def test_a_file_that_nobody_holds_any_more_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for _ in range(3):
        LineFile(path).append({"number": 0})
    gc.collect()
    held = [os.path.realpath(entry) for entry in Path("/proc/self/fd").iterdir()] if Path("/proc/self/fd").is_dir() else []
    assert str(path) not in held


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
