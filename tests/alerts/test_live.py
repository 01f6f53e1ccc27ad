"""Rules of a server that is followed: after each commit, and when nothing comes (C4, R1, P3)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.alerts.live import START, answers, live_rows, refuses, told, watch


def test_what_a_server_refuses_fires_within_the_turn_that_reads_it_and_is_resolved_when_it_is_over(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "server.log"
    answers(log)(START)
    heard = watch(root, log, 5.0, refuses(log, 3), *([30.0] * 21))
    assert heard.states("queue_full") == ["firing", "resolved"]
    firing, resolved = (change for change in heard.changes if change.rule == "queue_full")
    assert firing.value == 3
    assert timedelta(0) < firing.happened_at - START < timedelta(seconds=20)
    # The window is five minutes, and it goes on firing for five more.
    assert timedelta(minutes=10) <= resolved.happened_at - firing.happened_at < timedelta(minutes=11)
    rows = live_rows(root).filter(rule="queue_full")
    assert rows["state"].to_list() == ["firing", "resolved"]
    assert rows["fingerprint"].n_unique() == 1


def test_a_sink_is_told_once_of_firing_and_once_of_resolved(tmp_path: Path) -> None:
    root, log, sink = tmp_path / "store", tmp_path / "server.log", tmp_path / "told.jsonl"
    answers(log)(START)
    watch(root, log, 5.0, refuses(log), refuses(log), 900.0, sinks=[{"kind": "jsonl", "path": str(sink), "match": ["rule=queue_full"]}])
    notices = told(sink)
    assert [(notice["status"], [alert["id"] for alert in notice["alerts"]]) for notice in notices] == [
        (status, [notices[0]["alerts"][0]["id"]]) for status in ("firing", "resolved")
    ]
    assert notices[0]["group"] == {"rule": "queue_full"}
