"""What becomes of one alert at each tick: a pure function (state, hit, now) -> (state, transition)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

Phase = Literal["inactive", "pending", "firing", "resolved"]


class Hit(NamedTuple):
    """The rule named this thing at a tick. `beyond`: past the threshold, else only past the threshold of recovery."""

    tick: datetime
    value: float | None
    beyond: bool = True


@dataclass(frozen=True)
class AlertState:
    """Where an alert stands: its phase, since when, the last tick that it was bad at, and its value then."""

    phase: Phase = "inactive"
    since: datetime | None = None
    last_hit: datetime | None = None
    value: float | None = None


INACTIVE = AlertState()


@dataclass(frozen=True)
class Timing:
    """How long a thing must be bad before its alert fires, and how long it goes on firing when it no longer is."""

    wait: timedelta = timedelta()
    keep: timedelta = timedelta()


@dataclass(frozen=True)
class Transition:
    """An alert changed its state. `inactive`: what was pending did not last; `resolved`: what fired is over."""

    happened_at: datetime
    state: Phase
    value: float | None


@dataclass(frozen=True)
class Ticks:
    """All ticks from `first` on at distance `step`, none after `last`."""

    first: datetime
    last: datetime
    step: timedelta


def step(state: AlertState, hit: Hit | None, now: datetime, timing: Timing) -> tuple[AlertState, Transition | None]:
    """One tick of one alert.

    Args:
        state: As the tick before left it.
        hit: What the rule says of it at this tick; None: nothing bad.
        now: The tick; one that is not later than the last hit changes nothing (a clock that was set back).
        timing: Of the rule.

    Returns:
        The state after it, and the change that people should know of; inactive again is INACTIVE.
    """
    if state.last_hit is not None and now <= state.last_hit:
        return state, None
    if hit is not None and (hit.beyond or state.phase == "firing"):
        return _bad(state, hit, now, timing)
    if state.phase == "pending":
        return INACTIVE, Transition(now, "inactive", state.value)
    if state.phase == "firing" and state.last_hit is not None and now - state.last_hit > timing.keep:
        return INACTIVE, Transition(now, "resolved", state.value)
    return state, None


def _bad(state: AlertState, hit: Hit, now: datetime, timing: Timing) -> tuple[AlertState, Transition | None]:
    """The thing is bad at this tick."""
    seen = AlertState(state.phase, state.since, now, hit.value)
    if state.phase == "firing":
        return seen, None
    since = state.since or now
    if now - since >= timing.wait:
        return AlertState("firing", now, now, hit.value), Transition(now, "firing", hit.value)
    if state.phase == "pending":
        return seen, None
    return AlertState("pending", now, now, hit.value), Transition(now, "pending", hit.value)


def run(
    state: AlertState, hits: Sequence[Hit], ticks: Ticks, timing: Timing, *, is_frozen: Callable[[datetime], bool]
) -> tuple[AlertState, list[Transition]]:
    """Many ticks of one alert: the same as `step` at each, without looking at those where nothing can happen.

    Args:
        state: Before the first tick.
        hits: Of these ticks, in order.
        ticks: All of them.
        timing: Of the rule.
        is_frozen: Whether nothing may change at a tick without a hit, because there was no data.
    """
    changes: list[Transition] = []
    tick = ticks.first

    def idle_until(end: datetime) -> None:
        nonlocal state, tick
        while tick < end and state.phase != "inactive":
            if not is_frozen(tick):
                state, change = step(state, None, tick, timing)
                changes.extend([change] if change else [])
            tick += ticks.step

    for hit in hits:
        idle_until(hit.tick)
        state, change = step(state, hit, hit.tick, timing)
        changes.extend([change] if change else [])
        tick = hit.tick + ticks.step
    idle_until(ticks.last + timedelta.resolution)
    return state, changes
