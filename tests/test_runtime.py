"""Whole runs over real files and stores: nothing is read twice, nothing is lost, whatever happens between and during runs."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ollalog import runtime, sources, store
from ollalog.core.batch import Block
from ollalog.core.clock import FrozenClock
from ollalog.core.events import NullEvents
from ollalog.core.tables import TABLES
from ollalog.runtime import IngestOptions, IngestSummary, ReprocessSummary
from tests.parsing.test_properties import LOGS

CLOCK = FrozenClock(datetime(2026, 6, 23, 12, tzinfo=UTC))
UTC_OPTIONS = IngestOptions(timezone="UTC", host="box")


def access_lines(first: int, last: int) -> bytes:
    """Requests number `first` to `last` (exclusive), a second apart, each a line of its own content."""
    lines = []
    for number in range(first, last):
        clock = f"{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}"
        lines.append(f'[GIN] 2026/06/21 - {clock} | 200 | {number + 1:>11}ns |       127.0.0.1 | POST     "/api/chat"\n')
    return "".join(lines).encode()


def ingest(root: Path, *paths: Path | str, options: IngestOptions = UTC_OPTIONS) -> IngestSummary:
    """Ingest, and prove the store."""
    summary = runtime.ingest(root, [str(path) for path in paths], options, clock=CLOCK, events=NullEvents())
    assert store.verify(root, runtime.reread).problems == ()
    return summary


def reprocess(root: Path, *paths: Path) -> ReprocessSummary:
    """Reprocess, and prove the store."""
    summary = runtime.reprocess(root, [str(path) for path in paths], UTC_OPTIONS, clock=CLOCK, events=NullEvents())
    assert store.verify(root, runtime.reread).problems == ()
    return summary


def rows(root: Path, table: str) -> pl.DataFrame:
    """All rows of a table less the batch, by place."""
    parts = [part for part in store.read_snapshot(root).parts if part.table == table]
    frames = [pl.read_parquet(next(path for path in part.paths if path.exists()), hive_partitioning=False) for part in parts]
    if not frames:
        return pl.DataFrame()
    return pl.concat(frames).drop("batch").sort("source", "byte_offset", maintain_order=True)


def numbers(root: Path) -> list[int]:
    """The numbers of the requests that the store holds, by latency, in order."""
    found = rows(root, "requests")
    return sorted(found["latency_ns"].to_list()) if found.height else []


def assert_equal_stores(one: Path, other: Path) -> None:
    for table in TABLES:
        assert_frame_equal(rows(one, table), rows(other, table))
    kept = [
        [(summary.source.path, summary.source.offset, summary.lines, dict(summary.fates)) for summary in store.read_snapshot(root).sources]
        for root in (one, other)
    ]
    assert kept[0] == kept[1]


def test_a_second_run_reads_only_what_is_new(tmp_path: Path) -> None:
    """F8: exactly once."""
    root, log = tmp_path / "store", tmp_path / "server.log"
    log.write_bytes(access_lines(0, 10))
    assert ingest(root, log).fates["row"] == 10
    again = ingest(root, log)
    assert (again.batches, again.size_bytes, again.as_dict()["lines"]) == (0, 0, 0)
    with log.open("ab") as file:
        file.write(access_lines(10, 13))
    grown = ingest(root, log)
    assert (grown.fates["row"], grown.size_bytes) == (3, len(access_lines(10, 13)))
    assert numbers(root) == list(range(1, 14))


def test_a_renamed_file_is_not_read_twice(tmp_path: Path) -> None:
    """R2: rotation by rename."""
    root, log = tmp_path / "store", tmp_path / "server.log"
    log.write_bytes(access_lines(0, 10))
    ingest(root, tmp_path)
    log.rename(tmp_path / "server-1.log")
    log.write_bytes(access_lines(10, 15))
    assert ingest(root, tmp_path / "server.log", tmp_path / "server-1.log").fates["row"] == 5
    assert numbers(root) == list(range(1, 16))


def test_a_replaced_file_is_read_from_its_start(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "server.log"
    log.write_bytes(access_lines(0, 10))
    ingest(root, log)
    log.write_bytes(access_lines(100, 103))
    assert ingest(root, log).fates["row"] == 3
    assert numbers(root) == [*range(1, 11), 101, 102, 103]


def test_copies_and_packed_copies_are_the_same_log(tmp_path: Path) -> None:
    """DESIGN §3: equal head and equal content before the committed offset: the same source."""
    root, log, data = tmp_path / "store", tmp_path / "server.log", access_lines(0, 50)
    log.write_bytes(data)
    ingest(root, log)
    copy, packed = tmp_path / "copy.log", tmp_path / "server.log.gz"
    copy.write_bytes(data)
    packed.write_bytes(gzip.compress(data + access_lines(50, 55)))
    assert ingest(root, copy).fates["row"] == 0
    more = runtime.ingest(root, [str(packed)], UTC_OPTIONS, clock=CLOCK, events=NullEvents())
    assert more.fates["row"] == 5
    assert numbers(root) == list(range(1, 56))


def test_a_half_line_waits_for_its_end(tmp_path: Path) -> None:
    root, log, data = tmp_path / "store", tmp_path / "server.log", access_lines(0, 3)
    log.write_bytes(data[:-20])
    held = ingest(root, log)
    assert (held.fates["row"], held.fates["held"]) == (2, 1)
    log.write_bytes(data)
    assert ingest(root, log).fates["row"] == 1
    assert numbers(root) == [1, 2, 3]


def test_a_half_line_is_taken_when_the_end_is_final(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "server.log"
    log.write_bytes(access_lines(0, 3)[:-1])
    assert ingest(root, log).fates["held"] == 1
    assert ingest(root, log, options=IngestOptions(timezone="UTC", host="box", final=True)).fates["row"] == 1
    assert ingest(root, log).as_dict()["lines"] == 0
    assert numbers(root) == [1, 2, 3]


def test_many_logs_in_one_run_are_kept_apart_and_a_missing_one_does_not_stop_the_others(tmp_path: Path) -> None:
    """R7, DESIGN §10: a missing path is a problem, after everything else was committed."""
    root, logs = tmp_path / "store", tmp_path / "logs"
    logs.mkdir()
    for host in range(12):
        (logs / f"gpu{host}.log").write_bytes(access_lines(host * 100, host * 100 + 7))
    summary = ingest(root, logs, tmp_path / "missing.log")
    assert len(summary.problems) == 1
    assert summary.fates["row"] == 84
    assert len(set(rows(root, "requests")["source"])) == 12
    assert ingest(root, logs).as_dict()["lines"] == 0


def test_a_log_larger_than_a_batch_is_committed_in_parts(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "server.log"
    chatter = b"srv        update:    - prompt 0x56248de98e60:     140 tokens, checkpoints:  0,     0.275 MiB\n" * 100_000
    pieces = [access_lines(number, number + 1) + chatter for number in range(runtime.COMMIT_BYTES // len(chatter) + 2)]
    log.write_bytes(b"".join(pieces))
    summary = ingest(root, log)
    assert summary.batches == 2
    assert summary.size_bytes == log.stat().st_size
    assert numbers(root) == list(range(1, len(pieces) + 1))


def test_reprocessing_the_same_log_changes_nothing_and_keeps_rows_of_logs_that_are_gone(tmp_path: Path) -> None:
    """F11."""
    root, kept, gone = tmp_path / "store", tmp_path / "kept.log", tmp_path / "gone.log"
    kept.write_bytes(access_lines(0, 10) + b"nobody knows this line\n")
    gone.write_bytes(access_lines(50, 55))
    ingest(root, kept, gone)
    before = {table: rows(root, table) for table in TABLES}
    gone.unlink()
    summary = reprocess(root)
    for change in summary.changes.values():
        assert not any(change[name] for name in ("added", "removed", "changed"))
    for table, frame in before.items():
        assert_frame_equal(rows(root, table), frame)
    assert ingest(root, kept).as_dict()["lines"] == 0


class Interrupting(NullEvents):
    """Presses Ctrl-C when so many blocks are parsed."""

    def __init__(self, after: int) -> None:
        self.left = after

    def block_parsed(self, size_bytes: int, lines: int) -> None:
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def large_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A log of several blocks."""
    folder = tmp_path_factory.mktemp("large")
    log = folder / "server.log"
    log.write_bytes(access_lines(0, 300_000))
    yield log
    log.unlink()


@pytest.mark.parametrize("after", [1, 2])
def test_an_interrupted_run_commits_what_is_complete_and_the_next_one_goes_on(tmp_path: Path, large_log: Path, after: int) -> None:
    """U2: Ctrl-C ends cleanly, and the next run goes on."""
    root, reference = tmp_path / "store", tmp_path / "reference"
    summary = runtime.ingest(root, [str(large_log)], UTC_OPTIONS, clock=CLOCK, events=Interrupting(after))
    assert summary.interrupted
    assert 0 < summary.size_bytes < large_log.stat().st_size
    assert store.verify(root, runtime.reread).problems == ()
    rest = ingest(root, large_log)
    assert not rest.interrupted
    assert summary.size_bytes + rest.size_bytes == large_log.stat().st_size
    ingest(reference, large_log)
    assert_equal_stores(root, reference)


def test_a_log_read_to_its_end_when_ctrl_c_comes_loses_no_block_that_was_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """U2: the blocks parsed ahead are dropped, so the end of the log is not what is committed."""
    root, log = tmp_path / "store", tmp_path / "server.log"
    log.write_bytes(access_lines(0, 10))
    read = sources.blocks

    def read_and_press(item: sources.PlanItem, *, final: bool) -> Iterator[Block]:
        yield from read(item, final=final)
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(sources, "blocks", read_and_press)
        assert ingest(root, log).interrupted
    ingest(root, log)
    assert numbers(root) == list(range(1, 11))


def test_ctrl_c_at_the_terminal_exits_with_130_and_leaves_a_sound_store(tmp_path: Path, large_log: Path) -> None:
    root = tmp_path / "store"
    command = [sys.executable, "-m", "ollalog", "--store", str(root), "ingest", "--timezone", "UTC", "--host", "box", str(large_log)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (root / "writer.lock").exists():
        assert child.poll() is None, "it opens its store before it ends"
    os.kill(child.pid, signal.SIGINT)
    _, stderr = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Traceback" not in stderr
    ingest(root, large_log)
    assert numbers(root) == list(range(1, 300_001))


PLAIN_LOGS = LOGS.filter(lambda data: bool(data) and data[:1] not in {b"\x1f", b"\xff", b"\xfe", b"\xef"})


@settings(deadline=None, max_examples=8)
@given(data=PLAIN_LOGS, places=st.lists(st.floats(0, 1), max_size=3))
def test_a_log_read_while_it_grows_gives_the_same_store_as_one_read_at_once(data: bytes, places: list[float]) -> None:
    """DESIGN §4: splitting any input at any byte into any number of runs gives the same rows."""
    final = IngestOptions(timezone="+02:00", host="box", final=True)
    growing = IngestOptions(timezone="+02:00", host="box")
    with TemporaryDirectory() as folder:
        log, root, reference = Path(folder) / "server.log", Path(folder) / "store", Path(folder) / "reference"
        for place in sorted(places):
            log.write_bytes(data[: round(place * len(data))])
            ingest(root, log, options=growing)
        log.write_bytes(data)
        ingest(root, log, options=final)
        ingest(reference, log, options=final)
        for table in TABLES:
            assert_frame_equal(rows(root, table), rows(reference, table))
