"""Rules at one tick, now, after each commit: which are due, what they find, what changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ollalog.alerts.history import Change, States
from ollalog.alerts.recent import Recent
from ollalog.alerts.rules import MINUTE, Rule
from ollalog.alerts.state import INACTIVE, Hit, Timing, step
from ollalog.alerts.ticks import EPOCH, Labels
from ollalog.core.batch import Snapshot
from ollalog.core.errors import PipelineError

BY_TIME = timedelta(seconds=15)
"""What time alone changes is looked at so often."""
PATIENT, OF_SUMS = timedelta(seconds=2), timedelta(seconds=5)
"""A rule that waits for a minute and more before it fires, and one that reads sums over hours, is asked no more often than this."""


@dataclass
class Found:
    """What one evaluation found: changes in the order of rules, and what is wrong with rules that failed."""

    changes: list[Change] = field(default_factory=list)
    problems: dict[str, PipelineError] = field(default_factory=dict)


@dataclass
class _Turn:
    """When a rule was asked last, and whether rows have come since that it depends on."""

    asked_at: datetime = EPOCH
    is_fed: bool = True


class Live:
    """Rules over recent rows, asked when they are due."""

    def __init__(self, rules: Sequence[Rule], recent: Recent) -> None:
        self._rules = rules
        self._recent = recent
        self._reads = {rule.name: recent.needs.tables(rule) for rule in rules}
        self._turns = {rule.name: _Turn() for rule in rules}
        self._is_begun = False

    def evaluate(self, states: States, now: datetime, snapshot: Snapshot | None = None) -> tuple[States, Found]:
        """Ask all rules that are due.

        Args:
            states: Of the alerts, as the evaluation before left them.
            now: The tick; not before that of the evaluation before.
            snapshot: For rules that look back further than memory does; None: they are not asked.

        Returns:
            The states after it, and what changed.
        """
        news = self._recent.news()
        for rule in self._rules:
            self._turns[rule.name].is_fed |= bool(news & self._reads[rule.name])
        found, after = Found(), dict(states)
        self._recent.take_in(now)
        self._recent.at(now)
        for rule in self._due(after, now, snapshot):
            tick = self._tick(rule, now)
            self._turns[rule.name] = _Turn(tick, is_fed=False)
            try:
                found.changes += self._ask(rule, after, tick, snapshot)
            except PipelineError as problem:
                found.problems[rule.name] = problem
        self._is_begun = True
        return after, found

    def _tick(self, rule: Rule, now: datetime) -> datetime:
        """Now, or the last whole step of a rule that is asked of the store."""
        return now if rule.name not in self._recent.needs.slow else EPOCH + (now - EPOCH) // rule.step * rule.step

    def _due(self, states: States, now: datetime, snapshot: Snapshot | None) -> list[Rule]:
        """The rules to ask: all that can fire at once, and of the others no more than do not keep those waiting."""
        due = [rule for rule in self._rules if self._is_due(rule, self._tick(rule, now), states)]
        due = [rule for rule in due if snapshot is not None or rule.name not in self._recent.needs.slow]
        urgent = [rule for rule in due if self._patience(rule) == timedelta() and rule.name not in self._recent.needs.slow]
        patient = sorted((rule for rule in due if rule not in urgent), key=lambda rule: self._turns[rule.name].asked_at)
        return [*urgent, *(self._next(patient, now) if urgent and self._is_begun else patient)]

    def _next(self, patient: Sequence[Rule], now: datetime) -> list[Rule]:
        """Of patient rules the one that waits longest, and those that look at the same rows; none while much else has to be made."""
        if self._recent.has_loads_news:
            patient = [rule for rule in patient if now - self._turns[rule.name].asked_at >= 2 * self._patience(rule)]
        return [
            rule for rule in patient if rule is patient[0] or self._recent.needs.relations(rule) & self._recent.needs.relations(patient[0])
        ]

    def _patience(self, rule: Rule) -> timedelta:
        return OF_SUMS if self._recent.needs.is_of_sums(rule) else PATIENT if rule.wait >= MINUTE else timedelta()

    def is_waiting(self) -> bool:
        """Whether some rule has not been asked since rows came that it depends on."""
        return any(turn.is_fed for turn in self._turns.values())

    def needs_snapshot(self, now: datetime) -> bool:
        """Whether a rule is due that looks back further than memory does."""
        slow = (rule for rule in self._rules if rule.name in self._recent.needs.slow)
        return any(EPOCH + (now - EPOCH) // rule.step * rule.step > self._turns[rule.name].asked_at for rule in slow)

    def _is_due(self, rule: Rule, tick: datetime, states: States) -> bool:
        turn = self._turns[rule.name]
        since = tick - turn.asked_at
        if rule.name in self._recent.needs.slow:
            return since > timedelta()
        if turn.is_fed:
            return since >= self._patience(rule)
        is_active = any(name == rule.name for name, _ in states)
        return since >= BY_TIME and (is_active or self._recent.has_rows(rule))

    def _ask(self, rule: Rule, states: States, tick: datetime, snapshot: Snapshot | None) -> list[Change]:
        active = {labels: state for (name, labels), state in states.items() if name == rule.name}
        recovering = any(state.phase == "firing" for state in active.values())
        if rule.name in self._recent.needs.slow and snapshot is not None:
            hits = {labels: of_labels[-1] for labels, of_labels in self._recent.slow_hits(rule, snapshot, tick).items()}
            return advance(rule, states, hits, tick)
        hits = {labels: of_labels[-1] for labels, of_labels in self._recent.hits(rule, tick, recovering=recovering).items()}
        if rule.no_data != "ok" and not self._recent.has_data(rule):
            if rule.no_data == "keep" and not hits:
                return []
            if rule.no_data == "alert":
                hits = {**hits, (): Hit(tick, None)}
        return advance(rule, states, hits, tick)


def advance(rule: Rule, states: States, hits: Mapping[Labels, Hit], now: datetime) -> list[Change]:
    """Bring the alerts of one rule to a tick, within `states`; what changed."""
    changes: list[Change] = []
    timing = Timing(rule.wait, rule.keep)
    active = [labels for name, labels in states if name == rule.name]
    for labels in dict.fromkeys([*active, *hits]):
        key = (rule.name, labels)
        state, change = step(states.pop(key, INACTIVE), hits.get(labels), now, timing)
        if state != INACTIVE:
            states[key] = state
        if change is not None:
            changes.append(Change(rule, labels, change))
    return changes


def rebased(states: States, now: datetime) -> States:
    """States of a clock that was set back: nothing in them is later than now."""
    return {
        key: replace(
            state,
            since=None if state.since is None else min(state.since, now),
            last_hit=None if state.last_hit is None else min(state.last_hit, now),
        )
        for key, state in states.items()
    }


def of_rules(states: States, rules: Iterable[Rule]) -> States:
    """The states of alerts whose rules there still are."""
    names = {rule.name for rule in rules}
    return {key: state for key, state in states.items() if key[0] in names}
