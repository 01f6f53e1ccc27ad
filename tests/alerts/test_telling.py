"""Who is told what and when: groups, repeats, silences, inhibition, acknowledgements; never the same episode under another id."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ollalog.alerts.matchers import matcher
from ollalog.alerts.telling import Ack, Alert, Inhibition, Memory, Notice, Orders, Route, Silence, instant_text, plan

NOW = datetime(2026, 6, 21, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def alert(name: str = "a", *, rule: str = "slow_response", severity: str = "high", fired_at: datetime = NOW, **labels: str) -> Alert:
    return Alert(f"{rule}-{name}", rule, severity, {"model": name, **labels}, 1.0, 2.0, "s", f"{name} is slow", "", instant_text(fired_at))


def said(notices: list[Notice]) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(notice.sink, [(one["labels"]["model"], one["status"]) for one in notice.body["alerts"]]) for notice in notices]


class Told:
    """A sink over time: what it is told, at which minute."""

    def __init__(self, route: Route, **rest: Any) -> None:  # noqa: ANN401 - as plan takes it
        self.route, self.rest, self.memory = route, rest, Memory()

    def at(self, minutes: float, *alerts: Alert, **rest: Any) -> list[Notice]:  # noqa: ANN401 - as plan takes it
        self.memory, notices = plan(self.memory, alerts, NOW + minutes * MINUTE, [self.route], **{**self.rest, **rest})
        return notices


def test_what_fires_is_told_once_then_repeated_and_its_end_is_told_once() -> None:
    sink = Told(Route("hook", repeat_interval=timedelta(hours=1)))
    assert said(sink.at(0, alert())) == [("hook", [("a", "firing")])]
    assert [sink.at(minute, alert()) for minute in range(1, 60)] == [[]] * 59
    again = sink.at(60, alert())
    assert said(again) == [("hook", [("a", "firing")])]
    over = sink.at(70, ended={"slow_response-a": NOW + 69 * MINUTE})
    assert said(over) == [("hook", [("a", "resolved")])]
    assert over[0].body["alerts"][0]["ended_at"] == "2026-06-21T19:09:00Z"
    assert sink.at(71) == sink.at(500) == []
    assert sink.memory == {"hook": {}}


def test_alerts_of_one_group_are_told_together_no_more_often_than_its_interval() -> None:
    sink = Told(Route("hook", group_wait=MINUTE, group_interval=5 * MINUTE))
    a, b, c = (alert(name) for name in "abc")
    assert sink.at(0, a) == sink.at(0.5, a, b) == []
    assert said(sink.at(1, a, b)) == [("hook", [("a", "firing"), ("b", "firing")])]
    assert sink.at(2, a, b, c) == sink.at(5, a, b, c) == []
    assert said(sink.at(6, a, c)) == [("hook", [("a", "firing"), ("c", "firing"), ("b", "resolved")])]
    other = sink.at(6.5, a, c, alert(rule="queue_full"))
    assert other == []
    assert said(sink.at(7.5, a, c, alert(rule="queue_full"))) == [("hook", [("a", "firing")])]


def test_what_fires_again_before_its_end_was_told_is_a_new_episode() -> None:
    sink = Told(Route("hook", group_interval=5 * MINUTE))
    first = sink.at(0, alert())[0]
    assert sink.at(1) == []
    second = sink.at(5, alert(fired_at=NOW + 2 * MINUTE))[0]
    assert [(one["id"], one["status"]) for one in second.body["alerts"]] == [
        ("slow_response-a-2026-06-21T18:02:00Z", "firing"),
        ("slow_response-a-2026-06-21T18:00:00Z", "resolved"),
    ]
    assert first.id != second.id


def test_what_began_and_ended_between_two_looks_is_not_told() -> None:
    sink = Told(Route("hook"))
    assert sink.at(0) == sink.at(30) == []


def test_a_silence_holds_back_and_what_still_fires_at_its_end_is_told() -> None:
    orders = Orders((Silence("x", (matcher("model=~a.*"),), NOW, NOW + 30 * MINUTE),))
    sink = Told(Route("hook"), orders=orders)
    assert said(sink.at(0, alert("abc"), alert("b"))) == [("hook", [("b", "firing")])]
    assert sink.at(29, alert("abc"), alert("b")) == []
    assert said(sink.at(30, alert("abc"), alert("b"))) == [("hook", [("abc", "firing"), ("b", "firing")])]


def test_nobody_is_reminded_of_what_was_acknowledged_until_it_fires_anew() -> None:
    orders = Orders(acks=(Ack("slow_response-a", instant_text(NOW), NOW),))
    sink = Told(Route("hook", repeat_interval=timedelta(hours=1)), orders=orders)
    assert len(sink.at(0, alert())) == 1
    assert sink.at(300, alert()) == []
    assert said(sink.at(301, alert(), alert("b"))) == [("hook", [("a", "firing"), ("b", "firing")])]
    assert said(sink.at(303)) == [("hook", [("a", "resolved"), ("b", "resolved")])]
    assert len(sink.at(310, alert(fired_at=NOW + 310 * MINUTE))) == 1


def test_an_alert_mutes_those_that_it_explains() -> None:
    rule = Inhibition((matcher("rule=server_crashed"),), (matcher("severity!=critical"),), ("host",))
    crash = alert("x", rule="server_crashed", severity="critical", host="box")
    sink = Told(Route("hook", group_by=()), inhibitions=[rule])
    told = said(sink.at(0, crash, alert("a", host="box"), alert("b", host="other")))
    assert told == [("hook", [("x", "firing"), ("b", "firing")])]
    assert said(sink.at(5, alert("a", host="box"), alert("b", host="other")))[0][1] == [("a", "firing"), ("b", "firing"), ("x", "resolved")]


def test_a_sink_hears_of_what_is_severe_enough_and_fits_its_matchers() -> None:
    sink = Told(Route("hook", severity="high", matchers=(matcher("model!=b"),)))
    assert said(sink.at(0, alert("a", severity="medium"), alert("b"), alert("c"))) == [("hook", [("c", "firing")])]


def test_a_receiver_that_forgets_is_told_each_minute_and_of_the_end_for_five_minutes() -> None:
    sink = Told(Route("manager", group_by=(), forgets=True))
    assert [len(sink.at(minute / 2, alert())) for minute in range(7)] == [1, 0, 1, 0, 1, 0, 1]
    ends = [sink.at(minute, ended={"slow_response-a": NOW + 4 * MINUTE}) for minute in range(4, 12)]
    assert [len(notices) for notices in ends] == [1, 1, 1, 1, 1, 0, 0, 0]
    assert all(notices[0].body["alerts"][0]["ended_at"] == "2026-06-21T18:04:00Z" for notices in ends[:5])
    assert sink.memory == {"manager": {}}


@given(st.lists(st.tuples(st.floats(0.1, 200), st.lists(st.sampled_from("abc"), unique=True)), max_size=30), st.booleans())
def test_each_episode_has_one_id_is_told_firing_before_resolved_and_every_notification_is_another(
    steps: list[tuple[float, list[str]]],
    forgets: bool,  # noqa: FBT001 - hypothesis hands it over
) -> None:
    sink = Told(Route("hook", group_wait=MINUTE, group_interval=2 * MINUTE, forgets=forgets, group_by=() if forgets else ("rule",)))
    minute, since = 0.0, dict[str, datetime]()
    told: list[tuple[str, str]] = []
    numbers: list[str] = []
    for pause, names in steps:
        minute += pause
        since = {name: since.get(name, NOW + minute * MINUTE) for name in names}
        for notice in sink.at(minute, *(replace(alert(name), fired_at=instant_text(at)) for name, at in since.items())):
            numbers.append(notice.id)
            told += [(one["id"], one["status"]) for one in notice.body["alerts"]]
    assert len(set(numbers)) == len(numbers)
    for episode in {name for name, _ in told}:
        states = [status for name, status in told if name == episode]
        assert states == sorted(states)
        assert states[0] == "firing"
        assert forgets or states.count("resolved") <= 1
