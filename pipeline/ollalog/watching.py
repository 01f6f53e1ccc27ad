"""Alerts of a server that is followed: after each commit rules are asked, what changed is committed, and sinks are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import thread_time
from typing import TYPE_CHECKING

import polars as pl

from ollalog import alerts, store
from ollalog.alerting import orders_of
from ollalog.alerts import Change, RuleSet
from ollalog.alerts.delivery import Courier
from ollalog.alerts.history import json_of, states_of
from ollalog.alerts.live import Live, of_rules, rebased
from ollalog.alerts.receivers import Sink
from ollalog.alerts.recent import Recent
from ollalog.alerts.telling import Inhibition, Memory, Notice, Orders, alert_of, firing, plan
from ollalog.core.batch import Snapshot, Turn
from ollalog.core.clock import Clock
from ollalog.core.errors import PipelineError
from ollalog.core.events import AlertChange, Events

if TYPE_CHECKING:
    from ollalog.warehouse import Warehouse

OpenWarehouse = Callable[[Snapshot], "Warehouse"]
UnsettledPairs = Callable[[Mapping[str, str]], "pl.DataFrame | None"]

SPACING_S, SHARE = 0.08, 0.33
"""Evaluations begin at least so far apart, and take no more than this share of a processor."""
WAITING_S, BY_TIME_S = 1.0, 15.0
"""Without news rules are asked again after so long: while some still wait to see the last rows, and when nothing comes."""
GAP, CATCH_UP = timedelta(minutes=2), timedelta(days=1)
"""A pause longer than this is caught up on tick by tick, as far back as this."""
FRESH = timedelta(minutes=1)
"""While older rows than this are read and more wait, a log is history: rules are asked when it has been read."""
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
    """What a watch works with: the store, locked for writing, its folder, how snapshots are asked, the clock, who is told."""

    opened: store.Store
    root: Path
    open_warehouse: OpenWarehouse
    unsettled_pairs: UnsettledPairs
    clock: Clock
    events: Events


class Watch:
    """What live evaluation remembers from turn to turn. All that matters is in the catalogue; the rest is made anew from the store."""

    def __init__(self, place: Place, rules: RuleSet, receivers: Receivers) -> None:
        self._place = place
        self._rules = rules.rules
        self._receivers = receivers
        self._couriers = {sink.route.sink: Courier(sink) for sink in receivers.sinks}
        self._said: set[str] = set()
        self._live: Live | None = None
        self._recent: Recent | None = None
        self._taken: dict[str, None] = {}
        self._orders, self._orders_stamp = Orders(), (-1, -1)
        self._next_at_s, self._asked_at_s = 0.0, 0.0
        self._newest: datetime | None = None
        self._is_fed = False
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

    def feed(self, turn: Turn) -> None:
        """Hear of a commit."""
        for name, rows in turn.tables.items():
            if rows.height and name in {"requests", "inferences", "server_events", "resource_samples"}:
                newest = rows["ended_at" if name == "requests" else "happened_at"].max()
                self._newest = newest if isinstance(newest, datetime) else self._newest
        self._is_fed = True
        if self._recent is not None:
            self._recent.feed(turn.tables, turn.states)

    def forget(self) -> None:
        """A commit failed, and nobody knows how far it came: what is in memory is read anew from the store."""
        if self._recent is not None:
            self._recent.close()
        self._live = self._recent = None

    def look(self, now_s: float, *, is_behind: bool, at_last: bool = False) -> None:
        """Ask the rules that are due, if it is time; commit and tell what changed.

        Args:
            now_s: Seconds that only ever grow.
            is_behind: Whether more waits to be read.
            at_last: Whether it is the last look.
        """
        now = self._place.clock.now_utc()
        self._hear_couriers()
        if not self._is_time(now, now_s, is_behind=is_behind, at_last=at_last):
            return
        began_s = thread_time()
        self._asked_at_s, self._is_fed = now_s, False
        try:
            self._evaluate(now)
        except (PipelineError, pl.exceptions.PolarsError) as failure:  # whatever is wrong with alerts, logs are read on
            self._say(f"alerts were not evaluated: {failure}")
            self.forget()
            self._next_at_s = now_s + RETRY_S
            return
        self._next_at_s = now_s + max(SPACING_S, min((thread_time() - began_s) / SHARE, WAITING_S))

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
        if not self._rules or (self._live is None and not self._is_fed and self._tick is None):
            return False
        if at_last:
            return self._is_fed or bool(self._taken)
        if now_s < self._next_at_s:
            return False
        if is_behind and (self._newest is None or now - self._newest > FRESH):
            return False
        pause_s = now_s - self._asked_at_s
        is_waiting = self._live is not None and self._live.is_waiting()
        return self._is_fed or pause_s >= BY_TIME_S or (is_waiting and pause_s >= WAITING_S) or self._live is None

    def _evaluate(self, now: datetime) -> None:
        changes: list[Change] = []
        states = self._states
        if self._tick is not None and now < self._tick - FRESH:
            states = rebased(states, now)
        elif self._tick is not None and now <= self._tick:
            now = self._tick + timedelta.resolution  # two evaluations at one instant of a coarse clock
        live, recent = self._live, self._recent
        if live is None or recent is None:
            snapshot = store.read_snapshot(self._place.root)
            if self._tick is not None and now - self._tick > GAP:
                states, changes = self._caught_up(snapshot, states, now)
            recent = Recent(self._rules.values(), self._place.open_warehouse, self._place.unsettled_pairs, self._place.opened.summaries)
            recent.seed(snapshot, now)
            live = Live(list(self._rules.values()), recent)
            self._live, self._recent = live, recent
        slow = store.read_snapshot(self._place.root) if live.needs_snapshot(now) else None
        states, found = live.evaluate(states, now, slow)
        for name, problem in found.problems.items():
            self._say(f"alert rule {name} failed, the others were evaluated: {problem}")
        self._conclude(states, [*changes, *found.changes], now)

    def _caught_up(self, snapshot: Snapshot, states: alerts.States, now: datetime) -> tuple[alerts.States, list[Change]]:
        """What happened while nobody looked, tick by tick."""
        since = max(self._tick or now, now - CATCH_UP)
        history = alerts.replay(
            snapshot, list(self._rules.values()), self._place.open_warehouse,
            first_day=since.astimezone(UTC).date(), before=json_of(states), since=since, until=now, is_live=True,
        )  # fmt: skip
        return (states, []) if history.last_tick is None else (states_of(history.states), history.changes)

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
        if changes or notices or self._taken or (is_old and (states or before or self._newest)):
            failure = self._try_to_note(now, changes, notices)
            if failure is not None:
                self._states, self._memory = before, memory_before
                raise failure
            self._noted_at = now
            self._newest = None if is_old and not states else self._newest
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
