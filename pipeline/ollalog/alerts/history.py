"""What alerts there would have been: rules over the data's own time, in slices of whole days.

The state at each midnight is kept, so that new rows cost the days that they touch and not the whole history.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from ollalog.alerts.rules import MINUTE, Rule
from ollalog.alerts.state import INACTIVE, AlertState, Hit, Phase, Ticks, Timing, Transition, run
from ollalog.alerts.ticks import EPOCH, Labels, RuleRunner, ticks_between
from ollalog.core.batch import Part, Snapshot
from ollalog.core.errors import PipelineError

if TYPE_CHECKING:
    from ollalog.warehouse import Warehouse

DAY = timedelta(days=1)
# Tables whose rows say how far the data's own time has come.
DATED = ("requests", "inferences", "server_events", "resource_samples")
# Tables that grow with use: only the days that a rule can look at are read. The others are small, and need all their past.
PRUNED = ("requests", "inferences", "pairs", "resource_samples")
# A log can claim any year; those outside are no dates that an alert could be about.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2200, 1, 1)
SLICE_ROWS = 2_000_000
# Rules that look back no further read the same days.
SHARED_LOOKBACK = DAY
CHECKPOINTS = 400

Key = tuple[str, Labels]
States = dict[Key, AlertState]
OpenWarehouse = Callable[[Snapshot], "Warehouse"]


@dataclass(frozen=True)
class Change:
    """A transition, of which alert."""

    rule: Rule
    labels: Labels
    transition: Transition

    @property
    def fingerprint(self) -> str:
        """Identity of the alert: a hash of rule and labels, 16 hex digits."""
        return fingerprint(self.rule.name, self.labels)


@dataclass
class History:
    """Changes in order of time, the states at midnights and at the end (JSON), the rules that failed, and up to where it was evaluated."""

    changes: list[Change] = field(default_factory=list)
    checkpoints: dict[date, str] = field(default_factory=dict)
    problems: dict[str, PipelineError] = field(default_factory=dict)
    last_tick: datetime | None = None
    states: str = "[]"


def fingerprint(rule: str, labels: Labels) -> str:
    """Identity of an alert: a hash of rule and labels, 16 hex digits."""
    return hashlib.sha256(json.dumps([rule, sorted(labels)]).encode()).hexdigest()[:16]


def end_of_data(snapshot: Snapshot) -> datetime | None:
    """The newest instant that a row tells of; None: there is none."""
    return max((part.max_time for part in snapshot.parts if _is_dated(part) and part.max_time), default=None)


def days_of(snapshot: Snapshot) -> list[date]:
    """The days that rows tell of, in order."""
    return sorted({date.fromisoformat(part.date) for part in snapshot.parts if _is_dated(part)})


def replay(  # noqa: PLR0913 - what, over what, and from where: all named
    snapshot: Snapshot,
    rules: Sequence[Rule],
    open_warehouse: OpenWarehouse,
    *,
    first_day: date | None = None,
    before: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    is_live: bool = False,
) -> History:
    """Evaluate rules at every tick of the data's own time.

    Args:
        snapshot: The store as of one commit.
        rules: To evaluate.
        open_warehouse: Makes a snapshot ready to be asked.
        first_day: Begin with this day; None: with the first that has rows.
        before: The states at the midnight that it begins with, as a checkpoint says them; None: nothing was active.
        since: No tick before it; None: no bound.
        until: No tick from it on, though rows may end earlier; None: up to the end of the newest row's minute.
        is_live: Whether nothing after the last row means silence.

    Returns:
        What changed. A rule that failed has no changes and is among the problems.
    """
    end = end_of_data(snapshot)
    days = [day for day in days_of(snapshot) if first_day is None or day >= first_day]
    history = History()
    if end is None or not days:
        return history
    first = midnight(first_day or (max(days[0], since.astimezone(UTC).date()) if since else days[0]))
    # The minute that the newest row lies in counts too; what follows in it is evaluated when it comes.
    whole_minutes = EPOCH - (EPOCH - end) // MINUTE * MINUTE
    end = min(until or whole_minutes + timedelta.resolution, midnight(LAST_DAY))
    first = max(first, since) if since else first
    states = states_of(before)
    for start, stop in _slices(snapshot, days, first, end):
        _replay_slice(snapshot, rules, open_warehouse, start, stop, states, history, is_live=is_live)
    history.changes.sort(key=lambda change: change.transition.happened_at)
    history.last_tick = end
    history.states = json_of(states)
    return history


def _slices(snapshot: Snapshot, days: Sequence[date], first: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Stretches of time from `first` to `end`, cut at midnights, of not too many rows each."""
    rows: dict[str, int] = {}
    for part in snapshot.parts:
        rows[part.date] = rows.get(part.date, 0) + part.rows
    start, held = first, 0
    for day in days:
        count = rows[day.isoformat()]
        if held and held + count > SLICE_ROWS and start < midnight(day) < end:
            yield start, midnight(day)
            start, held = midnight(day), 0
        held += count
    if start < end:
        yield start, end


def _replay_slice(  # noqa: PLR0913, PLR0917 - one step of `replay`
    snapshot: Snapshot,
    rules: Sequence[Rule],
    open_warehouse: OpenWarehouse,
    start: datetime,
    end: datetime,
    states: States,
    history: History,
    *,
    is_live: bool,
) -> None:
    """Evaluate one stretch of time and carry the states through it."""
    found: dict[str, dict[Labels, list[Hit]]] = {}
    with_data: dict[str, set[datetime]] = {}
    for visible, group in _groups(rules, snapshot, start, end):
        with open_warehouse(visible) as warehouse:
            runner = RuleRunner(warehouse, group, start - max(rule.window for rule in group), is_live=is_live)
            for rule in group:
                ticks = ticks_between(start, end, rule.step)
                if ticks is None or rule.name in history.problems:
                    continue
                try:
                    found[rule.name] = dict(runner.hits(rule, ticks))
                    if rule.no_data != "ok":
                        with_data[rule.name] = runner.ticks_with_data(rule, ticks)
                except PipelineError as problem:
                    history.problems[rule.name] = problem
    _carry(rules, found, with_data, (start, end), states, history)


def _carry(  # noqa: PLR0913, PLR0917 - one step of `replay`
    rules: Sequence[Rule],
    found: Mapping[str, Mapping[Labels, list[Hit]]],
    with_data: Mapping[str, set[datetime]],
    bounds: tuple[datetime, datetime],
    states: States,
    history: History,
) -> None:
    """Bring the states from midnight to midnight, and note them there."""
    start, end = bounds
    by_day = {rule.name: _by_day(rule, found.get(rule.name, {}), with_data.get(rule.name), bounds) for rule in rules}
    while start < end:
        next_midnight = midnight(start.astimezone(UTC).date()) + DAY
        stop = min(next_midnight, end)
        for rule in rules:
            ticks = ticks_between(start, stop, rule.step)
            if ticks is not None and rule.name in found:
                hits = by_day[rule.name].get(start.date(), {})
                _carry_rule(rule, hits, with_data.get(rule.name), ticks, states, history)
        if stop == next_midnight:
            history.checkpoints[stop.date()] = json_of(states)
            while len(history.checkpoints) > CHECKPOINTS:
                del history.checkpoints[min(history.checkpoints)]
        start = stop


def _carry_rule(  # noqa: PLR0913, PLR0917 - one step of `replay`
    rule: Rule,
    hits: Mapping[Labels, list[Hit]],
    with_data: set[datetime] | None,
    ticks: Ticks,
    states: States,
    history: History,
) -> None:
    """The alerts of one rule over the ticks of one day."""
    is_frozen = _never if rule.no_data != "keep" or with_data is None else (lambda tick: tick not in with_data)
    active = [labels for name, labels in states if name == rule.name]
    for labels in dict.fromkeys([*active, *hits]):
        key = (rule.name, labels)
        state, changes = run(states.get(key, INACTIVE), hits.get(labels, []), ticks, Timing(rule.wait, rule.keep), is_frozen=is_frozen)
        history.changes += [Change(rule, labels, change) for change in changes]
        states.pop(key, None)
        if state != INACTIVE:
            states[key] = state


def _by_day(
    rule: Rule, found: Mapping[Labels, list[Hit]], with_data: set[datetime] | None, bounds: tuple[datetime, datetime]
) -> dict[date, dict[Labels, list[Hit]]]:
    """A rule's hits by day and labels; with `no_data = "alert"` ticks without data are hits too, about nothing in particular."""
    days: dict[date, dict[Labels, list[Hit]]] = {}
    ticks = ticks_between(*bounds, rule.step)
    if rule.no_data == "alert" and with_data is not None and ticks is not None:
        count = (ticks.last - ticks.first) // ticks.step + 1
        every = (ticks.first + number * ticks.step for number in range(count))
        found = {**found, (): [Hit(tick, None) for tick in every if tick not in with_data]}
    for labels, hits in found.items():
        for day, group in groupby(hits, key=lambda hit: hit.tick.date()):
            days.setdefault(day, {})[labels] = list(group)
    return days


def _never(_tick: datetime) -> bool:
    return False


def _groups(rules: Iterable[Rule], snapshot: Snapshot, start: datetime, end: datetime) -> list[tuple[Snapshot, list[Rule]]]:
    """Rules that can share one warehouse: those for which the same days matter, a day before the first at least."""
    groups: dict[tuple[Part, ...], tuple[Snapshot, list[Rule]]] = {}
    for rule in rules:
        visible = pruned(snapshot, start - max(rule.lookback, SHARED_LOOKBACK), end)
        groups.setdefault(visible.parts, (visible, []))[1].append(rule)
    return list(groups.values())


def pruned(snapshot: Snapshot, since: datetime, until: datetime) -> Snapshot:
    """A snapshot without the days of large tables that nobody looks at."""
    first, last = since.date().isoformat(), (until - timedelta.resolution).date().isoformat()
    parts = tuple(part for part in snapshot.parts if part.table not in PRUNED or first <= part.date <= last)
    return replace(snapshot, parts=parts)


def midnight(day: date) -> datetime:
    """The first instant of a day, UTC."""
    return datetime.combine(day, time(), UTC)


def json_of(states: States) -> str:
    """The states of all alerts that are not inactive, as JSON."""
    return json.dumps(
        [
            [rule, labels, state.phase, *(instant and instant.isoformat() for instant in (state.since, state.last_hit)), state.value]
            for (rule, labels), state in sorted(states.items())
        ]
    )


def states_of(text: str | None) -> States:
    """The states that a checkpoint tells of."""
    states: States = {}
    for rule, labels, phase, since, last_hit, value in json.loads(text or "[]"):
        known: Phase = phase
        state = AlertState(known, _instant(since), _instant(last_hit), value)
        states[rule, tuple((name, label) for name, label in labels)] = state
    return states


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _is_dated(part: Part) -> bool:
    """Whether a part's date is one of the data's own time that an alert can be about."""
    return part.table in DATED and FIRST_DAY.isoformat() <= part.date < LAST_DAY.isoformat()
