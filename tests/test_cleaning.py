"""What retention leaves: the same trends, the names of models that are still loaded, and a store that adds up (C8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from ollalog import cleaning, runtime, store, tailing
from ollalog.core.clock import FrozenClock
from ollalog.core.events import NullEvents
from ollalog.core.retention import Limits, Retention
from ollalog.runtime import IngestOptions
from tests.tail.following import IDLE_S, AtOnce, Said, ScriptedWaker
from tests.test_runtime import CLOCK, UTC_OPTIONS

SAMPLES = Path(__file__).resolve().parents[1] / "sample_logs"
NOW = datetime(2026, 7, 15, 12, tzinfo=UTC)
MODEL = "ollama runner --model /models/blobs/sha256-667b0c1932bc6ffc593ed1d03f895bf2dc8dc6df21db3042284a6f4416b06a29"
LONG_RUN = f"""\
time=2026-06-18T18:00:00.000Z level=INFO source=r.go:1 msg="Listening on [::]:11434 (version 0.12.6)"
time=2026-06-18T18:00:01.000Z level=INFO source=s.go:4 msg="starting llama server" cmd="{MODEL}"
time=2026-06-18T18:00:03.000Z level=INFO source=s.go:6 msg="llama runner started in 2.00 seconds"
time=2026-06-18T18:00:03.000Z level=INFO source=s.go:7 msg="loaded runners" count=1
[GIN] 2026/06/18 - 18:00:09 | 200 |  5.000000000s |       127.0.0.1 | POST     "/api/chat"
[GIN] 2026/06/22 - 19:00:09 | 200 |  1.000000000s |       127.0.0.1 | POST     "/api/chat"
"""


def clean(root: Path, keep_days: int, now: datetime) -> cleaning.Cleanup:
    with store.open_store(root, command="test", clock=FrozenClock(now)) as opened:
        done = cleaning.clean_up(root, opened, Retention(Limits(keep_days=keep_days)), runtime.opened_warehouse, now)
    assert store.verify(root, runtime.reread).problems == ()
    return done


def trend(root: Path, timezone: str | None = None) -> object:
    with runtime.warehouse(root, now=NOW, timezone=timezone) as warehouse:
        return warehouse.view("daily_trend")


@pytest.mark.parametrize("keep_days", [0, 1])
def test_daily_trend_is_the_same_before_and_after(tmp_path: Path, keep_days: int) -> None:
    runtime.ingest(tmp_path, [str(SAMPLES)], IngestOptions(no_alerts=True), clock=FrozenClock(NOW), events=NullEvents())
    before = trend(tmp_path)
    assert clean(tmp_path, keep_days, NOW).rows["requests"] > 0
    assert_frame_equal(trend(tmp_path), before)  # type: ignore[arg-type]
    assert clean(tmp_path, keep_days, NOW).rows == {}
    runtime.reprocess(tmp_path, [], IngestOptions(no_alerts=True), clock=FrozenClock(NOW), events=NullEvents())
    assert_frame_equal(trend(tmp_path), before)  # type: ignore[arg-type]


def test_in_another_zone_no_request_is_lost_or_told_twice(tmp_path: Path) -> None:
    runtime.ingest(tmp_path, [str(SAMPLES)], IngestOptions(no_alerts=True), clock=FrozenClock(NOW), events=NullEvents())
    before = trend(tmp_path, "America/New_York")
    clean(tmp_path, 1, NOW)
    after = trend(tmp_path, "America/New_York")
    assert not after.select("day_local", "model").is_duplicated().any()  # type: ignore[attr-defined]
    assert after["requests"].sum() == before["requests"].sum()  # type: ignore[index]


def test_a_server_that_still_runs_keeps_the_names_of_what_it_loaded(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text(LONG_RUN, encoding="utf-8")
    runtime.ingest(tmp_path / "store", [str(log)], UTC_OPTIONS, clock=CLOCK, events=NullEvents())
    assert clean(tmp_path / "store", 2, CLOCK.at).rows["requests"] == 1
    with runtime.warehouse(tmp_path / "store", now=CLOCK.at) as warehouse:
        assert warehouse.view("request_runs").select("model_blob", "model_basis").rows() == [("667b0c1932bc", "resident")]
        assert warehouse.view("versions")["version"].to_list() == ["0.12.6"]


def test_what_a_server_that_is_gone_said_goes(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text(LONG_RUN.replace("2026/06/22", "2026/06/18"), encoding="utf-8")
    runtime.ingest(tmp_path / "store", [str(log)], replace(UTC_OPTIONS, no_alerts=True), clock=CLOCK, events=NullEvents())
    clean(tmp_path / "store", 2, CLOCK.at)
    assert {part.table for part in store.read_snapshot(tmp_path / "store").parts} == {"day_rollups"}


def test_a_tail_keeps_to_the_limits_by_itself(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text(LONG_RUN, encoding="utf-8")
    options = tailing.TailOptions(UTC_OPTIONS, once_idle_s=IDLE_S, retention=Retention(Limits(keep_days=2)))
    said = Said([])

    def follow(clock: FrozenClock) -> None:
        tailing.tail(tmp_path / "store", [str(log)], options, tailing.Surroundings(clock, said, ScriptedWaker([]), open_aside=AtOnce))
        assert store.verify(tmp_path / "store", runtime.reread).problems == ()

    follow(CLOCK)
    assert said.remarks == []
    follow(FrozenClock(CLOCK.at + timedelta(days=1)))
    assert [remark for remark in said.remarks if "[retention]" in remark]
    assert sum(part.rows for part in store.read_snapshot(tmp_path / "store").parts if part.table == "requests") == 1
