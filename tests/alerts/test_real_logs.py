"""What real servers wrote raises the right alerts, and nothing where nothing was wrong (F3, F4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollalog import runtime
from ollalog.core.events import NullEvents
from ollalog.runtime import IngestOptions
from tests.test_runtime import CLOCK

FOLDER = Path(__file__).parent / "real"
GRAVE = {"server_crashed", "gpu_fallback", "queue_full", "prompt_truncated"}
LOGS = sorted(FOLDER.glob("*/*.log"))


@pytest.mark.parametrize("log", LOGS, ids=lambda log: f"{log.parent.name}/{log.stem}")
def test_a_real_log_raises_the_alert_of_its_folder_and_no_other_grave_one(log: Path, tmp_path: Path) -> None:
    options = IngestOptions(timezone="UTC", host="box", final=True)
    runtime.ingest(tmp_path, [str(log)], options, clock=CLOCK, events=NullEvents())
    with runtime.warehouse(tmp_path, now=CLOCK.at) as warehouse:
        fired = warehouse.query("SELECT DISTINCT rule FROM alerts WHERE state = 'firing'")["rule"].to_list()
    assert set(fired) & GRAVE == {log.parent.name} - {"quiet"}


def test_ten_quiet_logs_are_among_them() -> None:
    assert sum(log.parent.name == "quiet" for log in LOGS) >= 10
