"""Alerts of a server that is followed: after each commit rules are asked, what changed is committed, and sinks are told.

Rules are asked on a thread of their own, one question at a time, so that reading and committing go on meanwhile. Questions
and answers are values; what an answer changes is committed and told on the thread that reads, to which the store belongs.
"""

from __future__ import annotations

import concurrent.futures
import json
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl

from ollalog import alerts, store
from ollalog.alerting import orders_of
from ollalog.alerts import Change, RuleSet
from ollalog.alerts.delivery import Courier
from ollalog.alerts.evaluator import Answer, Evaluator, Question, Reading
from ollalog.alerts.history import OpenWarehouse, json_of, states_of
from ollalog.alerts.joined import UnsettledPairs
from ollalog.alerts.live import of_rules, rebased
from ollalog.alerts.receivers import Sink
from ollalog.alerts.telling import Inhibition, Memory, Notice, Orders, alert_of, firing, plan
from ollalog.core.batch import Turn
from ollalog.core.clock import Clock
from ollalog.core.errors import PipelineError
from ollalog.core.events import AlertChange, Events

SPACING_S, SHARE = 0.08, 0.5
"""Evaluations begin at least so far apart, and take no more than this share of a processor."""
WAITING_S, BY_TIME_S = 1.0, 15.0
"""Without news rules are asked again after so long: while some still wait to see the last rows, and when nothing comes."""
FRESH = timedelta(minutes=1)
"""While older rows than this are read and more wait, a log is history: rules are asked when it has been read."""
NEWS_ROWS = 500_000
"""So many committed rows wait to be asked about; when more come while nobody asks, rules begin anew from the store."""
NOTE_EVERY = timedelta(seconds=15)
RETRY_S = 30.0
GRACE_S = 2.0


@dataclass(frozen=True)
class Receivers:
    """Who is told of alerts, and what needs no telling."""

    sinks: Sequence[Sink] = ()
    inhibitions: Sequence[Inhibition] = ()


@dataclass(frozen=True)
class Place:
    """What a watch works with: the store, locked for writing, its folder, how snapshots are asked, clock, who is told, who asks rules."""

    opened: store.Store
    root: Path
    open_warehouse: OpenWarehouse
    unsettled_pairs: UnsettledPairs
    clock: Clock
    events: Events
    aside: Executor


class Watch:
    """What live evaluation remembers from turn to turn. All that matters is in the catalogue; the rest is made anew from the store."""

    def __init__(self, place: Place, rules: RuleSet, receivers: Receivers) -> None:
        self._place = place
        self._rules = rules.rules
        self._receivers = receivers
        self._couriers = {sink.route.sink: Courier(sink) for sink in receivers.sinks}
        self._said: set[str] = set()
        reading = Reading(partial(store.read_snapshot, place.root), place.open_warehouse, place.unsettled_pairs)
        self._evaluator = Evaluator(list(self._rules.values()), reading)
        self._asked: Future[Answer] | None = None
        self._asked_at_s, self._next_at_s = 0.0, 0.0
        self._has_begun = self._is_waiting = self._is_fed = self._is_noted = False
        self._news: list[Turn] = []
        self._newest: datetime | None = None
        self._taken: dict[str, None] = {}
        self._orders, self._orders_stamp = Orders(), (-1, -1)
        self._noted_at: datetime | None = None
        standing = json.loads(place.opened.live_alerts() or "{}")
        tick = standing.get("tick")
        self._tick: datetime | None = datetime.fromisoformat(tick) if tick else None
        self._states = of_rules(states_of(json.dumps(standing.get("states", []))), self._rules.values())
        self._memory: Memory = standing.get("told", {})
        for fault in rules.faults:
            self._say(f"alert rule left out: {fault}")
        for waiting in place.opened.outbox():
            if waiting.sink in self._couriers:
                self._couriers[waiting.sink].put((waiting.id, waiting.body))
            else:  # a sink that the settings no longer have
                self._taken[waiting.id] = None

    @property
    def is_busy(self) -> bool:
        """Whether rules are being asked: what they find is taken by one of the next looks."""
        return self._asked is not None

    def feed(self, turn: Turn) -> None:
        """Hear of a commit."""
        for name, rows in turn.tables.items():
            if rows.height and name in {"requests", "inferences", "server_events", "resource_samples"}:
                newest = rows["ended_at" if name == "requests" else "happened_at"].max()
                self._newest = newest if isinstance(newest, datetime) else self._newest
        self._is_fed, self._is_noted = True, False
        if self._has_begun:
            self._news.append(turn)

    def forget(self) -> None:
        """A commit failed, and nobody knows how far it came: rules begin anew from the store, and an answer on its way is not heard."""
        self._asked, self._has_begun = None, False
        self._news = []
        self._place.aside.submit(self._evaluator.forget)

    def look(self, now_s: float, *, is_behind: bool, at_last: bool = False) -> None:
        """Hear the answer that there is, and ask the rules that are due, if it is time.

        Args:
            now_s: Seconds that only ever grow.
            is_behind: Whether more waits to be read.
            at_last: Whether it is the last look: answers are waited for.
        """
        self._hear_couriers()
        self.hear(now_s, at_last=at_last)
        now = self._place.clock.now_utc()
        if self._asked is None and self._is_time(now, now_s, is_behind=is_behind, at_last=at_last):
            self._ask(now, now_s)
            self.hear(now_s, at_last=at_last)

    def hear(self, now_s: float, *, at_last: bool = False) -> None:
        """If rules have answered, commit and tell what they found; `at_last`: wait for it."""
        if self._asked is None or not (at_last or self._asked.done()):
            return
        asked, self._asked = self._asked, None
        try:
            answer = asked.result()
            for name, problem in answer.problems.items():
                self._say(f"alert rule {name} failed, the others were evaluated: {problem}")
            for remark in answer.remarks:
                self._say(remark)
            self._conclude(answer.states, answer.changes, answer.now)
        except (PipelineError, pl.exceptions.PolarsError) as failure:  # whatever is wrong with alerts, logs are read on
            self._give_up(failure, now_s)
            return
        self._is_waiting = answer.is_waiting
        self._next_at_s = self._asked_at_s + max(SPACING_S, min(answer.work_s / SHARE, WAITING_S))

    def wait(self, seconds: float) -> None:
        """Let so much time pass, or less: until rules have answered."""
        if self._asked is not None:
            concurrent.futures.wait([self._asked], seconds)

    def abandon(self) -> None:
        """Stop at once; what is not committed was not told, and what was not told is told by the next run."""
        for courier in self._couriers.values():
            courier.stop(0)
        self.forget()

    def close(self, now_s: float) -> None:
        """Look for the last time, and give sinks a moment for what waits; the rest is told by the next run."""
        self.look(now_s, is_behind=False, at_last=True)
        for courier in self._couriers.values():
            courier.stop(GRACE_S)
        self._hear_couriers()
        if self._taken and not isinstance(self._try_to_note(self._tick, (), []), PipelineError):
            self._taken.clear()
        self.forget()

    def _is_time(self, now: datetime, now_s: float, *, is_behind: bool, at_last: bool) -> bool:
        if not self._rules or (not self._has_begun and not self._is_fed and self._tick is None):
            return False
        if at_last:
            return self._is_fed or bool(self._taken)
        if now_s < self._next_at_s:
            return False
        if is_behind and (self._newest is None or now - self._newest > FRESH):
            if sum(rows.height for turn in self._news for rows in turn.tables.values()) > NEWS_ROWS:
                self.forget()
            return False
        pause_s = now_s - self._asked_at_s
        return self._is_fed or pause_s >= BY_TIME_S or (self._is_waiting and pause_s >= WAITING_S) or not self._has_begun

    def _ask(self, now: datetime, now_s: float) -> None:
        """Ask the rules; they answer in their own time."""
        self._asked_at_s, self._is_fed = now_s, False
        states = self._states
        if self._tick is not None and now < self._tick - FRESH:
            states = rebased(states, now)
        elif self._tick is not None and now <= self._tick:
            now = self._tick + timedelta.resolution  # two evaluations at one instant of a coarse clock
        try:
            start = None if self._has_begun else store.read_snapshot(self._place.root)
        except PipelineError as failure:
            self._give_up(failure, now_s)
            return
        question = Question(now, states, self._tick, self._news, start)
        self._has_begun, self._news = True, []
        self._asked = self._place.aside.submit(self._evaluator.answer, question)

    def _give_up(self, failure: Exception, now_s: float) -> None:
        self._say(f"alerts were not evaluated: {failure}")
        self.forget()
        self._next_at_s = now_s + RETRY_S

    def _conclude(self, states: alerts.States, changes: Sequence[Change], now: datetime) -> None:
        """Commit what changed and what is to be told, then tell it."""
        ended = {one.fingerprint: one.transition.happened_at for one in changes if one.transition.state == "resolved"}
        routes = [sink.route for sink in self._receivers.sinks]
        memory, notices = plan(
            self._memory, firing(states, self._rules), now, routes,
            orders=self._heard_orders(), inhibitions=self._receivers.inhibitions, ended=ended,
        )  # fmt: skip
        is_old = self._noted_at is None or not timedelta() <= now - self._noted_at < NOTE_EVERY
        before = self._states
        self._states, memory_before, self._memory = states, self._memory, memory
        if changes or notices or self._taken or (is_old and (states or before or not self._is_noted)):
            failure = self._try_to_note(now, changes, notices)
            if failure is not None:
                self._states, self._memory = before, memory_before
                raise failure
            self._noted_at = now
            self._is_noted = not self._is_fed  # what was committed while rules were asked is not in it
            self._taken.clear()
        self._tick = now
        for notice in notices:
            self._couriers[notice.sink].put((notice.id, _text(notice)), supersedes=notice.supersedes)
        for change in changes:
            self._place.events.alert_changed(told(change))

    def _try_to_note(self, tick: datetime | None, changes: Sequence[Change], notices: Sequence[Notice]) -> PipelineError | None:
        states = json.loads(json_of(self._states))
        standing = json.dumps({"tick": tick and tick.isoformat(), "states": states, "told": self._memory})
        queued = [store.Notification(notice.id, notice.sink, _text(notice)) for notice in notices]
        superseded = {notice.sink for notice in notices if notice.supersedes}
        try:
            given_up = self._place.opened.commit_alerts(
                alerts.rows_of(changes, replayed=False), standing, queued=queued, delivered=list(self._taken), superseded=superseded
            )
        except PipelineError as failure:
            return failure
        if given_up:
            self._say(f"too many notifications wait for a sink that takes none; the oldest {given_up} were given up")
        return None

    def _hear_couriers(self) -> None:
        for courier in self._couriers.values():
            self._taken |= dict.fromkeys(courier.taken())
            for remark in courier.remarks():
                self._place.events.remark(remark)

    def _heard_orders(self) -> Orders:
        """Silences and acknowledgements, read when they changed."""
        stamp = store.control_stamp(self._place.root)
        if stamp != self._orders_stamp:
            try:
                self._orders, self._orders_stamp = orders_of(self._place.root), stamp
            except PipelineError as failure:
                self._say(f"silences could not be read: {failure}")
        return self._orders

    def _say(self, text: str) -> None:
        """Say what is wrong, once."""
        if text not in self._said:
            self._said.add(text)
            self._place.events.remark(text)


def told(change: Change) -> AlertChange:
    """A change as subscribers are told of it."""
    alert, what = alert_of(change), change.transition
    return AlertChange(
        what.happened_at, alert.rule, alert.fingerprint, what.state, alert.severity, alert.value, alert.threshold, alert.labels,
        alert.message, alert.recommendation,
    )  # fmt: skip


def _text(notice: Notice) -> str:
    return json.dumps(notice.body, ensure_ascii=False)
