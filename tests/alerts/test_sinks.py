"""Sinks: what they are told arrives, is tried again, and never keeps the ingestion waiting (F10, R1, R7)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ollalog import store
from ollalog.alerts.delivery import Courier
from ollalog.alerts.receivers import load_inhibitions, load_sinks
from ollalog.core.clock import SystemClock
from ollalog.core.errors import ConfigError
from tests.alerts.live import START, answers, refuses, watch
from tests.alerts.receiving import alertmanager, receiver

BODY = json.dumps({"id": "one", "alerts": []})
QUICK = (0.01, 0.05)
ONLY = {"match": ["rule=queue_full"]}


def webhook(url: str, **rest: Any) -> dict[str, Any]:  # noqa: ANN401 - as the settings say it
    return {"kind": "webhook", "url": url, **ONLY, **rest}


def outbox(root: Path) -> list[store.Notification]:
    with store.open_store(root, command="test", clock=SystemClock()) as opened:
        return opened.outbox()


def test_a_receiver_that_fails_is_tried_again_with_the_same_id() -> None:
    with receiver(500, 503, 429) as heard:
        courier = Courier(load_sinks([webhook(heard.url, headers={"Authorization": "Bearer x"})])[0], QUICK)
        courier.put(("one", BODY))
        assert [body["id"] for body in heard.came(4)] == ["one"] * 4
        courier.stop(5)
        assert courier.taken() == ["one"]
        assert {(headers["Idempotency-Key"], headers["Authorization"]) for headers in heard.headers()} == {("one", "Bearer x")}
    assert ["500" in remark for remark in courier.remarks()] == [True, False, False]


def test_what_a_receiver_refuses_for_good_is_given_up_and_said() -> None:
    with receiver(400) as heard:
        courier = Courier(load_sinks([webhook(heard.url)])[0], QUICK)
        courier.put(("one", BODY))
        courier.put(("two", BODY))
        heard.came(2)
        courier.stop(5)
    assert courier.taken() == ["one", "two"]
    assert "alerts were refused" in courier.remarks()[0]


def test_a_receiver_that_hangs_keeps_nobody_waiting_and_is_told_by_the_next_run(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "server.log"
    answers(log)(START)
    with receiver(None) as heard:
        before = datetime.now(UTC)
        told = watch(root, log, 5.0, refuses(log), answers(log), sinks=[webhook(heard.url, timeout="30s")])
        assert datetime.now(UTC) - before < timedelta(seconds=15)
        assert told.states("queue_full") == ["firing"]
        (waiting,) = outbox(root)
        assert heard.came(1)[0]["id"] == waiting.id
        watch(root, log, start=START + timedelta(seconds=30), sinks=[webhook(heard.url)])
        assert [body["id"] for body in heard.came(2)] == [waiting.id] * 2
    assert outbox(root) == []


def test_nobody_is_there_and_then_somebody_is(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "server.log"
    answers(log)(START)
    told = watch(root, log, 5.0, refuses(log), answers(log), sinks=[webhook("http://127.0.0.1:9/")])
    assert any("could not be delivered" in remark for remark in told.remarks)
    (waiting,) = outbox(root)
    with receiver() as heard:
        watch(root, log, start=START + timedelta(seconds=30), sinks=[webhook(heard.url)])
        assert [body["id"] for body in heard.came(1)] == [waiting.id]


def test_notifications_of_a_sink_that_the_settings_no_longer_have_are_forgotten(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "server.log"
    answers(log)(START)
    watch(root, log, 5.0, refuses(log), answers(log), sinks=[webhook("http://127.0.0.1:9/")])
    watch(root, log, answers(log), start=START + timedelta(seconds=30))
    assert outbox(root) == []


def test_the_outbox_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ollalog.store.alert_log.OUTBOX_ROWS", 3)
    from ollalog.alerts import rows_of

    with store.open_store(tmp_path, command="test", clock=SystemClock()) as opened:
        given_up = [
            opened.commit_alerts(rows_of((), replayed=False), "{}", queued=[store.Notification(str(number), "hook", "{}")])
            for number in range(5)
        ]
        assert given_up == [0, 0, 0, 1, 1]
        assert [one.id for one in opened.outbox()] == ["2", "3", "4"]


def test_lines_for_people_go_to_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, log = tmp_path / "store", tmp_path / "server.log"
    answers(log)(START)
    watch(root, log, 5.0, refuses(log), answers(log), sinks=[{"kind": "stdout", **ONLY}])
    assert capsys.readouterr().out.endswith(
        "firing    high      queue_full  box refused requests because its queue was full: 1 within five minutes\n"
    )


RULE = """-- [alert]
-- needs    = ["recent_requests"]
-- severity = "high"
-- summary  = "{host} refuses"
-- labels   = ["host"]
-- window   = "5s"
-- [columns]
-- tick  = "instant; UTC"
-- host  = "machine"
-- value = "requests; count"
SELECT tick, host, count(*) AS value FROM recent_requests WHERE status = 503 GROUP BY ALL
"""


@pytest.mark.skipif(shutil.which("prometheus-alertmanager") is None, reason="needs Debian's prometheus-alertmanager")
def test_alerts_appear_stay_are_silenced_and_resolve_in_a_real_alertmanager(tmp_path: Path) -> None:
    """F10."""
    root, log, rules = tmp_path / "store", tmp_path / "server.log", tmp_path / "rules"
    rules.mkdir()
    (rules / "refusing.sql").write_text(RULE)
    start = datetime.now(UTC) - timedelta(seconds=150)
    answers(log)(start)
    ends: list[str] = []
    with alertmanager(tmp_path) as manager:

        def appears(_now: datetime) -> None:
            assert manager.shows(lambda alerts: alerts.get("refusing", ("",))[0] == "active")
            alert = manager.alerts()["refusing"][1]
            assert alert["labels"] == {"alertname": "refusing", "host": "box", "severity": "high"}
            assert alert["annotations"]["summary"] == "box refuses"
            ends.append(alert["endsAt"])

        def stays(_now: datetime) -> None:
            assert manager.shows(lambda alerts: alerts["refusing"][1]["endsAt"] > ends[0])
            manager.silence("refusing", datetime.now(UTC).isoformat(), (datetime.now(UTC) + timedelta(hours=1)).isoformat())
            assert manager.shows(lambda alerts: alerts["refusing"][0] == "suppressed")

        def is_gone(_now: datetime) -> None:
            assert manager.shows(lambda alerts: "refusing" not in alerts)

        sinks = [{"kind": "alertmanager", "url": manager.url, "match": ["rule=refusing"]}]
        keep_on = [step for _ in range(15) for step in (4.0, refuses(log))]
        watch(root, log, refuses(log), 0.1, appears, *keep_on, 0.1, stays, 16.0, 5.0, is_gone, start=start, sinks=sinks, rules=rules)


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ([{"kind": "webhok", "url": "http://x"}], ["unknown kind 'webhok'", "did you mean 'webhook'?"]),
        ([{}], ["no kind"]),
        ([{"kind": "webhook"}], ["webhook: no url"]),
        ([{"kind": "webhook", "url": "localhost:9"}], ["url = 'localhost:9' is not an address"]),
        ([{"kind": "stdout", "sevrity": "high"}], ["unknown key 'sevrity'", "did you mean 'severity'?"]),
        ([{"kind": "stdout", "severity": "loud"}], ["is not one of low, medium, high, critical"]),
        ([{"kind": "stdout", "repeat_interval": "often"}], ["is not a duration"]),
        ([{"kind": "stdout", "match": ["rule"]}], ["is not a list of matchers"]),
        ([{"kind": "stdout", "match": ["rule=~("]}], ["a list of matchers: rule=~("]),
        ([{"kind": "stdout", "group_by": "rule"}], ["is not a list of labels"]),
        ([{"kind": "webhook", "url": "http://x", "headers": "x"}], ["is not a table"]),
        ([{"kind": "jsonl", "path": 7}], ["is not text"]),
        ([{"kind": "stdout"}, {"kind": "stdout"}], ["two sinks have the name 'stdout'"]),
        ([{"kind": "stdout", "severity": "loud"}, {"kind": "jsonl"}], ["sink 1", "sink 2: jsonl: no path"]),
    ],
)
def test_faults_of_sinks_are_explained(tables: Sequence[dict[str, Any]], told: Sequence[str]) -> None:
    with pytest.raises(ConfigError) as fault:
        load_sinks(tables)
    assert all(part in str(fault.value) for part in told)
    assert fault.value.fix


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"when": ["rule=a"]}, "mute = None is not a list of matchers"),
        ({"when": ["rule=a"], "mute": ["rule=b"], "equal": "host"}, "is not a list of labels"),
        ({"when": ["rule=a"], "mute": ["rule=b"], "equl": []}, "unknown key 'equl'"),
    ],
)
def test_faults_of_inhibitions_are_explained(table: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match="inhibition 1") as fault:
        load_inhibitions([table])
    assert told in str(fault.value)
