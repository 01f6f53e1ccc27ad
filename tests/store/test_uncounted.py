"""Requests are counted by the model of their run: once, whatever blocks the log came in, and a minute late at most (DESIGN §9)."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ollalog import runtime
from ollalog.core.clock import FrozenClock
from ollalog.core.events import NullEvents
from ollalog.core.series import KEPT
from ollalog.store import read_series, verify
from tests.test_runtime import rows

SESSIONS = Path(__file__).parent.parent / "evaluation" / "sessions"
NOW = datetime(2026, 9, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OPTIONS = runtime.IngestOptions(timezone="UTC", host="box", no_alerts=True)
Counts = Counter[tuple[str, ...]]
LATER = NOW + timedelta(days=300)


def session(name: str) -> bytes:
    return gzip.decompress((SESSIONS / f"{name}.log.gz").read_bytes())


def after_a_chat(data: bytes) -> int:
    """Just behind the access line of a chat in the middle: its run is near, and is not settled."""
    return data.index(b"\n", data.index(b'| POST     "/api/chat"', len(data) // 2)) + 1


def ingest(root: Path, log: Path, now: datetime) -> None:
    runtime.ingest(root, [str(log)], OPTIONS, clock=FrozenClock(now), events=NullEvents())


def reprocess(root: Path, now: datetime) -> None:
    runtime.reprocess(root, [], OPTIONS, clock=FrozenClock(now), events=NullEvents())


def counted(root: Path, now: datetime | None) -> Counts:
    """Requests by labels."""
    return Counter({each.labels: each.count for each in read_series(root, now) if each.family == "requests"})


def by_model(counts: Counts) -> dict[str, int]:
    place = KEPT["requests"].labels.index("model")
    sums: Counter[str] = Counter()
    for labels, count in counts.items():
        sums[labels[place]] += count
    return dict(sums)


def joined(root: Path) -> dict[str, int]:
    """Requests by the model of their run, from the rows."""
    requests, runs = rows(root, "requests"), rows(root, "inferences").filter(pl.col("origin") == "server_log")
    pairs = rows(root, "pairs").select("source", "byte_offset", "run_source", "run_offset")
    known = pairs.join(
        runs.select(pl.col("source").alias("run_source"), pl.col("byte_offset").alias("run_offset"), "model"),
        on=["run_source", "run_offset"],
    )
    models = requests.join(known, on=["source", "byte_offset"], how="left").get_column("model").fill_null("")
    return dict(models.value_counts().iter_rows())


def assert_none_fell(before: Counts, after: Counts) -> None:
    assert all(after[labels] >= count for labels, count in before.items())


def stretches(data: bytes, places: Sequence[float]) -> list[int]:
    return sorted({round(place * len(data)) for place in places} | {len(data)})


@pytest.mark.parametrize("name", ["new_04_parallel4_smallcache", "new_01_basic", "new_06_crash_restart"])
def test_every_request_is_counted_once_with_the_model_of_its_run(tmp_path: Path, name: str) -> None:
    """What waits at the end is counted a minute later, as of the run that it would get."""
    log = tmp_path / "server.log"
    data = session(name)
    log.write_bytes(data[: after_a_chat(data)])
    ingest(tmp_path / "store", log, NOW)
    soon, later = counted(tmp_path / "store", NOW), counted(tmp_path / "store", NOW + MINUTE)
    assert_none_fell(soon, later)
    total = rows(tmp_path / "store", "requests").height
    assert soon.total() < later.total() == total
    assert by_model(soon).keys() <= by_model(later).keys()
    settled = joined(tmp_path / "store")
    open_count = total - soon.total()
    assert by_model(soon).items() <= {**settled, "": settled[""] - open_count}.items()


@settings(deadline=None, max_examples=6, phases=[Phase.generate])
@given(
    places=st.lists(st.floats(0, 1), min_size=1, max_size=6),
    steps_s=st.just([0] * 8) | st.lists(st.sampled_from([0, 1, 59, 60, 300]), min_size=8, max_size=8),
    name=st.sampled_from(["new_04_parallel4_smallcache", "new_01_basic"]),
)
def test_in_whatever_pieces_a_log_comes_and_whoever_looks_meanwhile_each_request_is_counted_once(
    places: list[float], steps_s: list[int], name: str
) -> None:
    data, now = session(name), NOW
    with TemporaryDirectory() as folder:
        root, log = Path(folder) / "store", Path(folder) / "server.log"
        seen: Counts = Counter()
        for stop, step_s in zip(stretches(data, places), steps_s, strict=False):
            log.write_bytes(data[:stop])
            ingest(root, log, now)
            for moment in (now, now + timedelta(seconds=step_s)):
                found = counted(root, moment)
                assert_none_fell(seen, found)
                seen = found
            assert counted(root, LATER).total() == rows(root, "requests").height
            assert verify(root, runtime.reread).problems == ()
            now += timedelta(seconds=step_s)
        if not any(steps_s):
            whole = Path(folder) / "whole"
            ingest(whole, log, NOW)
            assert by_model(counted(root, LATER)) == by_model(counted(whole, LATER))
        reprocess(root, now)
        assert_none_fell(seen, counted(root, now))
        assert counted(root, LATER).total() == rows(root, "requests").height


def test_reprocessing_what_waits_neither_counts_it_twice_nor_forgets_it(tmp_path: Path) -> None:
    """Those counted by time alone are not counted again when the log is read from its start."""
    root, log = tmp_path / "store", tmp_path / "server.log"
    data = session("new_04_parallel4_smallcache")
    log.write_bytes(data[: after_a_chat(data)])
    ingest(root, log, NOW)
    soon, later = counted(root, NOW), counted(root, NOW + MINUTE)
    assert soon != later
    reprocess(root, NOW)
    assert (counted(root, NOW), counted(root, NOW + MINUTE)) == (soon, later)
    reprocess(root, NOW + MINUTE)
    assert counted(root, None) == counted(root, LATER) == later
    log.write_bytes(data)
    ingest(root, log, NOW + 2 * MINUTE)
    assert counted(root, LATER).total() == rows(root, "requests").height


def test_a_log_without_runs_is_counted_at_once(tmp_path: Path) -> None:
    """Servers before 0.30 say nothing of runs: no request waits for one."""
    log = tmp_path / "server.log"
    log.write_text('[GIN] 2026/06/21 - 10:00:00 | 200 |  1.5s |  127.0.0.1 | POST     "/api/chat"\n', encoding="utf-8")
    ingest(tmp_path / "store", log, NOW)
    assert list(counted(tmp_path / "store", None)) == [("box", "POST", "/api/chat", "chat", "200", "")]
