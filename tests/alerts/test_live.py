"""Rules of a server that is followed: after each commit, and when nothing comes (C4, R1, P3)."""

from __future__ import annotations

import errno
import json
import os
import shlex
import signal
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from ollalog import runtime, store, watching
from ollalog.alerts import recent
from ollalog.alerts.evaluator import Question
from ollalog.cli.main import run
from ollalog.cli.session import Session
from ollalog.core.clock import FrozenClock
from tests.alerts.live import START, Slow, Step, World, answers, live_rows, refuses, told, watch
from tests.store.dying import DeathError, Fate
from tests.tail.following import AtOnce, Given, Made

HOUR = timedelta(hours=1)


def of(rule: str, path: Path) -> list[dict[str, object]]:
    """A sink that hears of one rule."""
    return [{"kind": "jsonl", "path": str(path), "match": [f"rule={rule}"]}]


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


@pytest.mark.parametrize(
    ("point", "visit"),
    [
        ("before_commit", 2), ("committed", 2), ("published", 2), ("evaluation_before_commit", 1), ("evaluation_committed", 1),
        ("evaluation_committed", 2), ("part_published", 3), ("evaluation_before_commit", 2), ("closed", 1),
    ],
)  # fmt: skip
def test_a_tail_that_dies_anywhere_has_each_episode_told_under_one_id(tmp_path: Path, point: str, visit: int) -> None:
    """R1: delivered at least once, never twice under another id."""
    root, log, sink = tmp_path / "store", tmp_path / "server.log", tmp_path / "told.jsonl"
    answers(log)(START)
    world = World([5.0, refuses(log), 30.0, 275.0, 320.0, 15.0, 15.0])
    try:
        watch(root, log, sinks=of("queue_full", sink), fault=Fate(point, visit), world=world)
    except DeathError:
        world.steps = [5.0, 15.0, 275.0, 15.0, 320.0, 15.0, 15.0]
    else:
        pytest.fail("it did not die")
    watch(root, log, *world.steps, start=world.now_utc() + timedelta(seconds=5), sinks=of("queue_full", sink))
    alerts = [alert for notice in told(sink) for alert in notice["alerts"]]
    assert len({alert["id"] for alert in alerts}) == 1
    states = [alert["status"] for alert in alerts]
    assert states == sorted(states)
    assert set(states) == {"firing", "resolved"}
    rows = live_rows(root).filter(rule="queue_full")
    assert rows["state"].to_list() == ["firing", "resolved"]
    with store.open_store(root, command="test", clock=FrozenClock(START)) as opened:
        assert opened.outbox() == []


def test_rows_are_committed_while_rules_are_asked_and_the_next_question_is_about_them(tmp_path: Path) -> None:
    root, log, sink = tmp_path / "store", tmp_path / "server.log", tmp_path / "told.jsonl"
    world = World([5.0, refuses(log, 2), 20.0])
    committed: list[int] = []

    def more() -> None:
        refuses(log, 3)(world.now_utc())

    def count() -> None:
        committed.append(sum(part.rows for part in store.read_snapshot(root).parts if part.table == "requests"))

    nothing = partial(str)
    answers(log)(START)
    # Asked about the first line; then about the two refusals, while three more come; then about those, which are there by then.
    watch(root, log, world=world, sinks=of("queue_full", sink), aside=partial(Slow, nothing, more, count))
    assert committed == [1 + 2 + 3]
    assert [alert["value"] for notice in told(sink) for alert in notice["alerts"]] == [2]
    assert live_rows(root).filter(rule="queue_full")["value"].to_list() == [2]


def test_an_answer_to_what_a_failed_commit_put_in_doubt_is_asked_for_again(tmp_path: Path) -> None:
    """R1: what is told is what the store holds, once."""
    root, log, sink = tmp_path / "store", tmp_path / "server.log", tmp_path / "told.jsonl"
    world = World([5.0, refuses(log, 2), 30.0, 60.0])
    fails = [False]

    def full(name: str) -> None:
        if name == "part_staged" and fails[0]:
            fails[0] = False
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def more() -> None:
        fails[0] = True
        refuses(log, 3)(world.now_utc())

    answers(log)(START)
    heard = watch(root, log, world=world, sinks=of("queue_full", sink), fault=full, aside=partial(Slow, partial(str), more))
    assert [remark for remark in heard.remarks if "could not be written" in remark]
    assert [(alert["status"], alert["value"]) for notice in told(sink) for alert in notice["alerts"]] == [("firing", 2)]
    assert live_rows(root).filter(rule="queue_full")["state"].to_list() == ["firing"]
    assert sum(part.rows for part in store.read_snapshot(root).parts if part.table == "requests") == 1 + 2 + 3


def test_the_last_look_waits_for_its_answer(tmp_path: Path) -> None:
    root, log, sink = tmp_path / "store", tmp_path / "server.log", tmp_path / "told.jsonl"
    answers(log)(START)
    world = World([5.0, refuses(log, 2)])
    stop = partial(os.kill, os.getpid(), signal.SIGTERM)
    watch(root, log, world=world, sinks=of("queue_full", sink), aside=partial(Slow, partial(str), stop))
    assert [alert["status"] for notice in told(sink) for alert in notice["alerts"]] == ["firing"]


def test_what_began_and_ended_while_nobody_looked_is_stored_and_not_told(tmp_path: Path) -> None:
    root, log, sink = tmp_path / "store", tmp_path / "server.log", tmp_path / "told.jsonl"
    answers(log)(START)
    watch(root, log, answers(log), sinks=of("queue_full", sink))
    refuses(log, 5)(START + HOUR)
    answers(log)(START + HOUR + timedelta(minutes=30))
    watch(root, log, 1.0, start=START + 2 * HOUR, sinks=of("queue_full", sink))
    rows = live_rows(root).filter(rule="queue_full")
    assert rows.select("state", "happened_at").rows() == [
        ("firing", START + HOUR),
        ("resolved", START + HOUR + timedelta(minutes=10)),
    ]
    assert told(sink) == []


def test_the_end_of_what_was_told_is_told_after_a_pause(tmp_path: Path) -> None:
    root, log, sink = tmp_path / "store", tmp_path / "server.log", tmp_path / "told.jsonl"
    answers(log)(START)
    watch(root, log, 5.0, refuses(log), answers(log), sinks=of("queue_full", sink))
    watch(root, log, answers(log), start=START + HOUR, sinks=of("queue_full", sink))
    firing, resolved = told(sink)
    assert (firing["status"], resolved["status"]) == ("firing", "resolved")
    ended = datetime.fromisoformat(resolved["alerts"][0]["ended_at"])
    assert timedelta(minutes=10) <= ended - START < timedelta(minutes=12)
    assert firing["alerts"][0]["id"] == resolved["alerts"][0]["id"]


def test_history_that_a_tail_reads_first_fires_nothing(tmp_path: Path) -> None:
    """History never pages: what lies before the windows of now is not looked at."""
    root, log, sink = tmp_path / "store", tmp_path / "server.log", tmp_path / "told.jsonl"
    for minute in range(30):
        refuses(log, 5)(START - 2 * HOUR + timedelta(minutes=minute))
    heard = watch(root, log, answers(log), sinks=of("queue_full", sink))
    assert heard.states("queue_full") == []
    assert told(sink) == []


def test_a_long_history_that_comes_while_rules_are_asked_is_not_kept_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules begin anew from the store when it has been read, and fire for what is new."""
    monkeypatch.setattr(watching, "NEWS_ROWS", 50)
    monkeypatch.setattr(runtime, "COMMIT_BYTES", 1)
    monkeypatch.setattr("ollalog.sources.follow._LEAST_BUDGET_BYTES", 1)
    monkeypatch.setattr("ollalog.sources.reader.BLOCK_BYTES", 1000)
    questions: list[Question] = []

    class Listening(AtOnce):
        def submit(self, work: Callable[Given, Made], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Made]:
            questions.extend(question for question in args if isinstance(question, Question))
            return super().submit(work, *args, **kwargs)

    root, log = tmp_path / "store", tmp_path / "server.log"
    answers(log)(START)
    heard = watch(root, log, 5.0, lambda _now: refuses(log, 300)(START - 3 * HOUR), 20.0, refuses(log, 2), 20.0, aside=Listening)
    rows = [sum(turn.tables["requests"].height for turn in question.news if "requests" in turn.tables) for question in questions]
    assert max(rows) < 100
    assert sum(question.start is not None for question in questions) > 1
    assert [change.value for change in heard.changes if change.rule == "queue_full"] == [2]


def test_slow_answers_are_pending_then_fire_and_a_restart_goes_on_waiting(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "server.log"
    answers(log)(START)
    minutes = [step for _ in range(3) for step in (55.0, answers(log, 3, "45.5s"))]
    first = World([answers(log, 5, "45.5s"), *minutes])
    heard = watch(root, log, world=first)
    assert heard.states("slow_response") == ["pending"]
    again = watch(root, log, 1.0, *minutes, 15.0, start=first.now_utc() + timedelta(seconds=3))
    assert again.states("slow_response") == ["firing"]
    pending, firing = live_rows(root).filter(rule="slow_response")["happened_at"].to_list()
    assert timedelta(minutes=5) <= firing - pending < timedelta(minutes=6, seconds=10)


def test_a_clock_that_is_set_back_neither_ends_nor_repeats_an_alert(tmp_path: Path) -> None:
    root, log, sink = tmp_path / "store", tmp_path / "server.log", tmp_path / "told.jsonl"
    answers(log)(START)
    watch(root, log, 5.0, refuses(log), answers(log), sinks=of("queue_full", sink))
    back = START - HOUR
    heard = watch(root, log, 1.0, refuses(log), 30.0, refuses(log), 30.0, start=back, sinks=of("queue_full", sink))
    assert heard.states("queue_full") == []
    assert len(told(sink)) == 1


def test_a_log_that_falls_silent_fires_and_its_next_line_resolves_it(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "server.log"
    answers(log)(START)
    heard = watch(root, log, 3600.0, 11.2 * 3600, 20.0, answers(log), 20.0, alerts={"log_silent": {"threshold": 43_200}})
    assert heard.states("log_silent") == ["firing", "resolved"]


def test_a_log_that_others_took_over_from_is_not_silent(tmp_path: Path) -> None:
    """Finished logs of a folder say nothing new: of each kind only the one begun last can fall silent, and those beside it."""
    root, logs = tmp_path / "store", tmp_path / "logs"
    logs.mkdir()
    for name, hours in (
        ("ollama-1.log", 90),
        ("ollama-2.log", 60),
        ("beside.log", 70),
        ("beside.log", 40),
        ("newest.log", 41),
        ("newest.log", 2),
    ):
        answers(logs / name)(START - hours * HOUR)
    record = {"model": "llama3.1:8b", "operation": "chat", "success": True, "total_duration": 1e9, "timestamp": ""}
    for name, hours in (("run.jsonl", 90), ("later.jsonl", 20)):
        moment = (START - hours * HOUR).isoformat()
        (logs / name).write_text(json.dumps({**record, "timestamp": moment}) + "\n", encoding="utf-8")
    heard = watch(root, logs, 5.0, answers(logs / "replaced.log"), 20.0, start=START)
    fired = [(Path(change.labels["log"]).name, change.state) for change in heard.changes if change.rule == "log_silent"]
    assert sorted(fired) == [("beside.log", "firing"), ("beside.log", "resolved"), ("later.jsonl", "firing")]


def test_a_rule_that_breaks_is_named_once_and_the_others_go_on(tmp_path: Path) -> None:
    root, log, rules = tmp_path / "store", tmp_path / "server.log", tmp_path / "rules"
    rules.mkdir()
    header = (
        '-- [alert]\n-- needs = ["recent_requests"]\n-- severity = "low"\n-- summary = "x"\n'
        '-- [columns]\n-- tick = "instant"\n-- value = "count"\n'
    )
    (rules / "broken.sql").write_text(f"{header}SELECT tick, nothing AS value FROM recent_requests")  # noqa: S608 - a rule
    answers(log)(START)
    heard = watch(root, log, 5.0, refuses(log), 20.0, refuses(log), rules=rules)
    assert sum("alert rule broken failed" in remark for remark in heard.remarks) == 1
    assert heard.states("queue_full") == ["firing"]


def test_a_rule_of_the_user_that_looks_back_far_is_asked_of_the_store(tmp_path: Path) -> None:
    root, log, rules = tmp_path / "store", tmp_path / "server.log", tmp_path / "rules"
    rules.mkdir()
    (rules / "busy_day.sql").write_text(
        '-- [alert]\n-- needs = ["recent_requests"]\n-- severity = "low"\n-- summary = "{value} requests"\n-- window = "1d"\n'
        '-- [columns]\n-- tick = "instant"\n-- value = "count"\n'
        "SELECT tick, count(*) AS value FROM recent_requests GROUP BY tick HAVING count(*) > 5"
    )
    answers(log, 10)(START - 5 * HOUR)
    heard = watch(root, log, 5.0, answers(log), 900.0, 20.0, rules=rules)
    assert heard.states("busy_day") == ["firing"]
    assert next(change.value for change in heard.changes if change.rule == "busy_day") == 10


def test_a_window_with_more_rows_than_memory_holds_is_said_to_be_cut_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "HELD_ROWS", 100)
    root, log = tmp_path / "store", tmp_path / "server.log"
    answers(log)(START)
    heard = watch(root, log, 5.0, refuses(log, 200), 20.0, refuses(log, 200), 20.0)
    said = [remark for remark in heard.remarks if "less than their whole window" in remark and " recent_requests\n" in remark]
    assert len(said) == 1
    assert "more than 100 rows in 5 minutes" in said[0]
    assert heard.states("queue_full") == ["firing"]


@pytest.fixture
def say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command line at an instant; what it prints."""

    def said(command: str, now: datetime, code: int = 0) -> str:
        capsys.readouterr()
        found = run([*shlex.split(command), "--store", str(tmp_path / "store")], Session(clock=FrozenClock(now)))
        told = capsys.readouterr()
        assert found == code, told.err
        return told.out + told.err

    return said


def test_operators_silence_and_acknowledge_while_a_tail_runs(tmp_path: Path, say: Callable[..., str]) -> None:
    root, log, sink = tmp_path / "store", tmp_path / "server.log", tmp_path / "told.jsonl"
    answers(log)(START)
    said: list[str] = []

    def quiet(now: datetime) -> None:
        said.append(say("alerts silence rule=queue_full 'host=~b.x' --for 1m --comment 'new disk'", now))

    def look(now: datetime) -> None:
        (alert,) = json.loads(say("alerts --format json --rule queue_full", now))
        assert (alert["silenced"], alert["acknowledged"]) == (True, False)
        assert told(sink) == []
        assert "queue_full" in say("alerts --exit-code", now, 1)

    def acknowledge(now: datetime) -> None:
        assert len(told(sink)) == 1
        fingerprint = json.loads(say("alerts --format json --rule queue_full", now))[0]["fingerprint"]
        assert say(f"alerts ack {fingerprint}", now).startswith(f"acknowledged {fingerprint}  queue_full")
        assert "(acknowledged)" in say("alerts --rule queue_full", now)
        assert "no alert that fires meets this" in say("alerts ack rule=slow_response", now, 2)

    sinks = [{**of("queue_full", sink)[0], "repeat_interval": "2m"}]
    after: list[Step | float] = [140.0, refuses(log), 140.0, refuses(log), 20.0]
    watch(root, log, 2.0, quiet, refuses(log), 2.0, look, 61.0, 20.0, refuses(log), 2.0, acknowledge, *after, sinks=sinks)
    assert [notice["status"] for notice in told(sink)] == ["firing"]
    number = said[0].split()[1]
    later = START + HOUR
    assert number in say("alerts silences --all", later)
    assert json.loads(say("alerts silences --format json", later)) == []
    assert "no silence" in say(f"alerts unsilence {number}", later, 2)
    made = say("alerts silence severity=low --for 1d12h", later).split()[1]
    assert made in say("alerts silences", later)
    assert "has ended" in say(f"alerts unsilence {made}", later)
    assert "this is no time" in say("alerts silence severity=low --for soon", later, 2)
    assert "this is no matcher" in say("alerts silence low --for 1h", later, 2)
