"""Who is to be told what: firing alerts and what was told before -> notifications. A pure function of both and the time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ollalog.alerts.history import Change, States, fingerprint
from ollalog.alerts.matchers import Matcher, all_fit
from ollalog.alerts.records import message
from ollalog.alerts.rules import Rule
from ollalog.alerts.state import Transition
from ollalog.core.sqlfile import SEVERITIES

Memory = dict[str, dict[str, dict[str, Any]]]
RESEND, EXPIRES, RESOLVED_FOR = timedelta(minutes=1), timedelta(minutes=4), timedelta(minutes=5)
"""To a receiver that forgets (Alertmanager): firing is said again so often and holds so long; resolved is said for so long."""


@dataclass(frozen=True)
class Alert:
    """One firing alert, as it is told."""

    fingerprint: str
    rule: str
    severity: str
    labels: Mapping[str, str]
    value: float | None
    threshold: float | None
    unit: str
    message: str
    recommendation: str
    fired_at: str

    @property
    def all_labels(self) -> dict[str, str]:
        """Its labels, and what else can be matched."""
        return {**self.labels, "rule": self.rule, "alertname": self.rule, "severity": self.severity, "fingerprint": self.fingerprint}

    @property
    def episode(self) -> str:
        """This time that it fires: stays the same however often it is told."""
        return f"{self.fingerprint}-{self.fired_at}"


@dataclass(frozen=True)
class Route:
    """What one sink is told, and when. `forgets`: the receiver groups and repeats by itself, and has to be told again and again."""

    sink: str
    severity: str = "low"
    matchers: tuple[Matcher, ...] = ()
    group_by: tuple[str, ...] = ("rule",)
    group_wait: timedelta = timedelta()
    group_interval: timedelta = timedelta(minutes=1)
    repeat_interval: timedelta = timedelta(hours=4)
    forgets: bool = False


@dataclass(frozen=True)
class Inhibition:
    """While an alert that meets `when` fires, those that meet `mute` are not told, where the labels of `equal` are the same."""

    when: tuple[Matcher, ...]
    mute: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()


@dataclass(frozen=True)
class Silence:
    """Alerts that nobody wants to be told of until then."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    author: str = ""
    comment: str = ""


@dataclass(frozen=True)
class Ack:
    """Somebody knows of an alert this time that it fires: it is not told again."""

    fingerprint: str
    fired_at: str
    acked_at: datetime
    author: str = ""
    comment: str = ""


@dataclass(frozen=True)
class Orders:
    """What operators said."""

    silences: tuple[Silence, ...] = ()
    acks: tuple[Ack, ...] = ()

    def silence_of(self, alert: Alert, now: datetime) -> Silence | None:
        """The silence that an alert lies under."""
        return next((one for one in self.silences if one.starts_at <= now < one.ends_at and all_fit(one.matchers, alert.all_labels)), None)

    def ack_of(self, alert: Alert) -> Ack | None:
        """The acknowledgement of this time that it fires."""
        return next((one for one in self.acks if (one.fingerprint, one.fired_at) == (alert.fingerprint, alert.fired_at)), None)


@dataclass(frozen=True)
class Notice:
    """What a sink is to be told, under an id that stays the same however often it is told."""

    id: str
    sink: str
    body: Mapping[str, Any] = field(hash=False)
    supersedes: bool = False


def firing(states: States, rules: Mapping[str, Rule]) -> list[Alert]:
    """The alerts that fire, in the order of rules and labels."""
    alerts = []
    for (name, labels), state in sorted(states.items()):
        if state.phase == "firing" and state.since is not None and name in rules:
            alerts.append(alert_of(Change(rules[name], labels, Transition(state.since, "firing", state.value))))
    return alerts


def alert_of(change: Change) -> Alert:
    """The alert of a change to firing."""
    rule, what = change.rule, change.transition
    return Alert(
        fingerprint(rule.name, change.labels), rule.name, rule.severity, dict(change.labels), what.value, rule.threshold, rule.unit,
        message(change), rule.recommendation, instant_text(what.happened_at),
    )  # fmt: skip


def instant_text(instant: datetime) -> str:
    """ISO 8601 with Z."""
    return instant.isoformat().replace("+00:00", "Z")


def plan(  # noqa: PLR0913 - what is told depends on no less
    memory: Memory,
    alerts: Sequence[Alert],
    now: datetime,
    routes: Iterable[Route],
    *,
    orders: Orders = Orders(),
    inhibitions: Sequence[Inhibition] = (),
    ended: Mapping[str, datetime] | None = None,
) -> tuple[Memory, list[Notice]]:
    """Say what each sink is to be told now.

    Args:
        memory: What each group of each sink was told, as the last call returned it (JSON).
        alerts: Those that fire.
        now: When; UTC.
        routes: One per sink.
        orders: Silences hold back what would be told; of what is acknowledged nobody is reminded.
        inhibitions: Alerts that make others needless to tell.
        ended: When alerts ended, by fingerprint; those that are not in it ended now.

    Returns:
        What was told after it, and the notifications.
    """
    loud = [alert for alert in alerts if orders.silence_of(alert, now) is None and not _is_inhibited(alert, alerts, inhibitions)]
    after: Memory = {}
    notices: list[Notice] = []
    for route in routes:
        step = _told_again if route.forgets else _told_once
        known = memory.get(route.sink, {})
        mine = [alert for alert in alerts if _is_for(route, alert)]
        names = {alert.fingerprint for alert in loud}
        groups = dict.fromkeys([*known, *(_group(route, alert) for alert in mine)])
        kept = {}
        for group in groups:
            present = {alert.fingerprint: alert for alert in mine if _group(route, alert) == group}
            moment = _Moment(now, names, orders, ended or {})
            told, notice = step(_standing(route, group, known.get(group, {}), present, moment))
            if told:
                kept[group] = told
            notices += [notice] if notice else []
        after[route.sink] = kept
    return after, notices


@dataclass(frozen=True)
class _Moment:
    """When `plan` is asked, which alerts nothing holds back, what operators said, and when alerts ended."""

    now: datetime
    loud: set[str]
    orders: Orders
    ended: Mapping[str, datetime]


@dataclass(frozen=True)
class _Standing:
    """How a group of a sink stands.

    `told` is what it was told before and when, `before` the alerts of it (JSON); `present` are those that fire, `active` those
    of them that nothing holds back, `new` the names of those that it was not told of.
    """

    route: Route
    group: str
    told: Mapping[str, Any]
    before: Mapping[str, dict[str, Any]]
    last: datetime | None
    present: Mapping[str, Alert]
    active: Mapping[str, Alert]
    new: Sequence[str]
    moment: _Moment


def _standing(route: Route, group: str, told: Mapping[str, Any], present: Mapping[str, Alert], moment: _Moment) -> _Standing:
    before = told.get("alerts", {})
    active = {name: alert for name, alert in present.items() if name in moment.loud}
    new = [name for name, alert in active.items() if before.get(name, {}).get("fired_at") != alert.fired_at]
    return _Standing(route, group, told, before, _instant(told.get("at")), present, active, new, moment)


def _told_once(standing: _Standing) -> tuple[dict[str, Any], Notice | None]:
    """A group of a sink that remembers: what is new and what is over is told, and what stays is repeated now and then."""
    route, told, last, now = standing.route, standing.told, standing.last, standing.moment.now
    still = {
        name: body
        for name, body in standing.before.items()
        if name in standing.present and standing.present[name].fired_at == body["fired_at"]
    }
    over = [body for name, body in standing.before.items() if name not in still]
    first_new = _instant(told.get("new_at")) or now
    is_news = bool(standing.new or over)
    due_at = first_new + route.group_wait if last is None else max(last + route.group_interval, first_new)
    reminded = [
        alert for name, alert in standing.active.items() if name in standing.before and standing.moment.orders.ack_of(alert) is None
    ]
    is_repeat = not is_news and bool(reminded) and last is not None and now - last >= route.repeat_interval
    if not (is_news and now >= due_at) and not is_repeat:
        waits = {"new_at": instant_text(first_new)} if is_news else {}
        rest = {"alerts": standing.before, **({"at": told["at"]} if last else {}), **waits}
        is_over = not standing.before and not is_news and (last is None or now - last >= route.group_interval)
        return ({} if is_over else rest), None
    bodies = [body_of(alert) for alert in standing.active.values()] + [_resolved(body, standing.moment) for body in over]
    return _after(standing, still), _notice(standing, bodies)


def _told_again(standing: _Standing) -> tuple[dict[str, Any], Notice | None]:
    """A sink that forgets: all that fires is told each minute, and what is over for five minutes."""
    told, last, now = standing.told, standing.last, standing.moment.now
    still = {name: body for name, body in standing.before.items() if name in standing.present}
    over = [_resolved(body, standing.moment) for name, body in standing.before.items() if name not in still]
    past = [body for body in told.get("over", []) if body["fingerprint"] not in standing.active]
    past = [body for body in past if now - (_instant(body["ended_at"]) or now) < RESOLVED_FOR] + over
    is_due = bool(standing.new or over) or last is None or now - last >= RESEND
    bodies = [{**body_of(alert), "expires_at": instant_text(now + EXPIRES)} for alert in standing.active.values()]
    after = {**_after(standing, still), "over": past}
    if not after["alerts"] and not past:
        return {}, None
    if not is_due or not (bodies or past):
        return {**told, "alerts": after["alerts"], "over": past}, None
    return after, _notice(standing, [*bodies, *past], supersedes=True)


def _after(standing: _Standing, still: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """What the group was told when it is told now: of those that it knew and that fire `still`, and of all that nothing holds back."""
    told = {name: body_of(alert) for name, alert in standing.active.items()}
    return {"alerts": {**still, **told}, "at": instant_text(standing.moment.now)}


def body_of(alert: Alert) -> dict[str, Any]:
    """A firing alert as JSON."""
    return {
        "id": alert.episode, "status": "firing", "fingerprint": alert.fingerprint, "rule": alert.rule, "severity": alert.severity,
        "labels": dict(alert.labels), "value": alert.value, "threshold": alert.threshold, "unit": alert.unit, "message": alert.message,
        "recommendation": alert.recommendation, "fired_at": alert.fired_at, "ended_at": None,
    }  # fmt: skip


def _resolved(body: Mapping[str, Any], moment: _Moment) -> dict[str, Any]:
    return {**body, "status": "resolved", "ended_at": instant_text(moment.ended.get(body["fingerprint"], moment.now))}


def _notice(standing: _Standing, bodies: Sequence[Mapping[str, Any]], *, supersedes: bool = False) -> Notice:
    sink = standing.route.sink
    said = [sink, standing.group, standing.told.get("at"), sorted((body["id"], body["status"]) for body in bodies)]
    number = hashlib.sha256(json.dumps(said).encode()).hexdigest()[:24]
    status = "firing" if any(body["status"] == "firing" for body in bodies) else "resolved"
    named = dict(zip(standing.route.group_by, json.loads(standing.group), strict=True))
    sent_at = instant_text(standing.moment.now)
    body = {"id": number, "sink": sink, "group": named, "status": status, "sent_at": sent_at, "alerts": list(bodies)}
    return Notice(number, sink, body, supersedes)


def _group(route: Route, alert: Alert) -> str:
    return json.dumps([alert.all_labels.get(label, "") for label in route.group_by])


def _is_for(route: Route, alert: Alert) -> bool:
    return SEVERITIES.index(alert.severity) >= SEVERITIES.index(route.severity) and all_fit(route.matchers, alert.all_labels)


def _is_inhibited(alert: Alert, alerts: Sequence[Alert], inhibitions: Sequence[Inhibition]) -> bool:
    """Whether another alert makes this one needless to tell."""
    labels = alert.all_labels
    return any(
        all_fit(one.mute, labels)
        and any(
            other is not alert
            and all_fit(one.when, other.all_labels)
            and all(other.all_labels.get(label, "") == labels.get(label, "") for label in one.equal)
            for other in alerts
        )
        for one in inhibitions
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
