"""How many requests wait, as far as the log tells (F10): by the same derivation as the view `concurrency_by_minute`."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ollalog import parsing
from ollalog.store import read_series, read_snapshot
from ollalog.store.queueing import LEAST_WAIT_NS
from tests.store.test_uncounted import NOW, ingest, session
from tests.test_runtime import rows

PIECES = 12


def levels(root: Path) -> dict[str, tuple[float, int]]:
    """The value of each gauge, and the time that it is of."""
    families = ("requests_queued", "runs_begun")
    return {each.family: (each.value, each.at_us) for each in read_series(root) if each.family in families}


def waiting_when_the_newest_came(root: Path) -> tuple[int, int]:
    """From the rows: how many requests waited when the newest with a run came, and when that was."""
    requests = rows(root, "requests")
    if "source" not in rows(root, "pairs").columns:
        return 0, 0
    runs = rows(root, "inferences").select(pl.col("source").alias("run_source"), pl.col("byte_offset").alias("run_offset"), "total_ns")
    pairs = rows(root, "pairs").select("source", "byte_offset", "run_source", "run_offset").join(runs, on=["run_source", "run_offset"])
    known = requests.join(pairs, on=["source", "byte_offset"]).drop_nulls("total_ns")
    wait_ns = (known["latency_ns"] - known["total_ns"]).clip(lower_bound=0)
    came = known["ended_at"].dt.epoch("us") - known["latency_ns"] // 1000
    newest = came.max()
    assert isinstance(newest, int)
    return int(((wait_ns >= LEAST_WAIT_NS) & (came + wait_ns // 1000 > newest)).sum()), newest


@pytest.mark.parametrize("name", ["new_04_parallel4_smallcache", "new_01_basic"])
def test_the_queue_is_as_the_rows_tell_it_and_empty_when_nothing_is_left_to_run(tmp_path: Path, name: str) -> None:
    data, log, root = session(name), tmp_path / "server.log", tmp_path / "store"
    seen = set()
    for piece in range(1, PIECES + 1):
        log.write_bytes(data[: len(data) * piece // PIECES])
        ingest(root, log, NOW)
        (state,) = (parsing.ParserState.from_json(text) for text in read_snapshot(root).states.values())
        found, open_now = levels(root), parsing.undecided(state)
        waiting, newest_us = waiting_when_the_newest_came(root)
        if open_now.is_idle:
            assert found["requests_queued"][0] == 0
        elif newest_us and found["requests_queued"][1] == newest_us:
            assert found["requests_queued"][0] == waiting
        if open_now.begun is not None:
            assert found["runs_begun"][0] == open_now.begun
        seen |= {("idle", open_now.is_idle), ("queued", found.get("requests_queued", (0, 0))[0] > 0), ("begun", bool(open_now.begun))}
    assert {("idle", True), ("begun", True)} <= seen
