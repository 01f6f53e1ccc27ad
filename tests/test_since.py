"""A report of the last hour knows what was loaded before it: what the server said once holds until it says otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ollalog import runtime
from ollalog.core.clock import FrozenClock
from ollalog.core.events import NullEvents
from ollalog.runtime import IngestOptions

CLOCK = FrozenClock(datetime(2026, 6, 21, 20, tzinfo=UTC))
SINCE = datetime(2026, 6, 21, 18, 30, tzinfo=UTC)
BLOB = "sha256-667b0c1932bc6ffc593ed1d03f895bf2dc8dc6df21db3042284a6f4416b06a29"
LOG = f"""\
time=2026-06-21T18:00:00.000Z level=INFO source=r.go:1 msg="server config" env="map[OLLAMA_NUM_PARALLEL:2]"
time=2026-06-21T18:00:00.000Z level=INFO source=r.go:1 msg="Listening on [::]:11434 (version 0.12.6)"
time=2026-06-21T18:00:01.000Z level=INFO source=s.go:4 msg="starting llama server" cmd="ollama runner --model /models/blobs/{BLOB}"
time=2026-06-21T18:00:03.000Z level=INFO source=s.go:6 msg="llama runner started in 2.00 seconds"
time=2026-06-21T18:00:03.000Z level=INFO source=s.go:7 msg="loaded runners" count=1
[GIN] 2026/06/21 - 18:00:09 | 200 |  5.000000000s |       127.0.0.1 | POST     "/api/chat"
[GIN] 2026/06/21 - 19:00:09 | 200 |  1.000000000s |       127.0.0.1 | POST     "/api/chat"
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "server.log"
    path.write_text(LOG, encoding="utf-8")
    runtime.ingest(tmp_path / "store", [str(path)], IngestOptions(), clock=CLOCK, events=NullEvents())
    return tmp_path / "store"


def test_a_model_loaded_before_the_range_is_known_in_it(store: Path) -> None:
    with runtime.warehouse(store, now=CLOCK.now_utc(), since=SINCE) as warehouse:
        request = warehouse.view("request_runs").select("model_blob", "model_basis").rows()
        versions = warehouse.view("versions")["version"].to_list()
        parallel = warehouse.view("concurrency_by_minute")["num_parallel"].to_list()
        resident = warehouse.view("model_residency").height
    assert request == [("667b0c1932bc", "resident")]
    assert versions == ["0.12.6"]
    assert parallel == [2]
    assert resident == 1


def test_loads_before_the_range_are_not_counted_in_it(store: Path) -> None:
    with runtime.warehouse(store, now=CLOCK.now_utc(), since=SINCE) as warehouse:
        logged = warehouse.view("model_load")["logged_loads"].to_list()
        thrash = warehouse.view("model_thrash").height
    assert logged == [0]
    assert thrash == 0
