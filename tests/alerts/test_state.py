"""The state machine: only legal steps, fires once per episode, the same however time is cut (A: §8 of the design; R1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollalog.alerts.state import INACTIVE, AlertState, Hit, Ticks, Timing, Transition, run, step

START = datetime(2026, 6, 21, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEGAL = {("inactive", "pending"), ("inactive", "firing"), ("pending", "firing"), ("pending", "inactive"), ("firing", "resolved")}

minutes = st.integers(min_value=0, max_value=60)
hits_at = st.dictionaries(minutes, st.booleans())
timings = st.builds(Timing, st.integers(0, 8).map(lambda n: n * MINUTE), st.integers(0, 8).map(lambda n: n * MINUTE))
silent = st.sets(minutes)


def at(minute: int) -> datetime:
    return START + minute * MINUTE


def hits_of(told: dict[int, bool], first: int = 0, last: int = 60) -> list[Hit]:
    return [Hit(at(minute), 1.0, beyond) for minute, beyond in sorted(told.items()) if first <= minute <= last]


def stepped(told: dict[int, bool], timing: Timing, frozen: set[int]) -> tuple[AlertState, list[Transition]]:
    """Every tick, one after the other."""
    by_tick = {hit.tick: hit for hit in hits_of(told)}
    state, changes = INACTIVE, []
    for minute in range(61):
        hit = by_tick.get(at(minute))
        if hit is None and minute in frozen:
            continue
        state, change = step(state, hit, at(minute), timing)
        changes += [change] if change else []
    return state, changes


def ran(told: dict[int, bool], timing: Timing, frozen: set[int], cuts: list[int]) -> tuple[AlertState, list[Transition]]:
    """All ticks in several goes."""
    state, changes = INACTIVE, []
    bounds = [0, *sorted(cuts), 61]
    for first, end in pairwise(bounds):
        if first < end:
            ticks = Ticks(at(first), at(end - 1), MINUTE)
            hits = hits_of(told, first, end - 1)
            state, more = run(state, hits, ticks, timing, is_frozen=lambda tick: (tick - START) // MINUTE in frozen)
            changes += more
    return state, changes


@given(hits_at, timings, silent, st.lists(minutes, max_size=5))
def test_many_ticks_at_once_and_in_any_pieces_are_the_same_as_one_after_the_other(
    told: dict[int, bool], timing: Timing, frozen: set[int], cuts: list[int]
) -> None:
    assert ran(told, timing, frozen, cuts) == stepped(told, timing, frozen)


@given(hits_at, timings, silent)
def test_only_legal_steps_and_one_firing_per_episode(told: dict[int, bool], timing: Timing, frozen: set[int]) -> None:
    _, changes = stepped(told, timing, frozen)
    before = "inactive"
    for change in changes:
        assert (before, change.state) in LEGAL
        before = "inactive" if change.state == "resolved" else change.state
    assert [change.happened_at for change in changes] == sorted({change.happened_at for change in changes})


@given(hits_at, timings)
def test_it_fires_only_after_being_bad_at_every_tick_for_long_enough(told: dict[int, bool], timing: Timing) -> None:
    for change in stepped(told, timing, set())[1]:
        if change.state == "firing":
            minute = (change.happened_at - START) // MINUTE
            assert all(told.get(earlier) for earlier in range(minute - timing.wait // MINUTE, minute + 1))


@given(hits_at, timings)
def test_it_resolves_only_after_being_good_for_longer_than_it_keeps_firing(told: dict[int, bool], timing: Timing) -> None:
    for change in stepped(told, timing, set())[1]:
        if change.state == "resolved":
            minute = (change.happened_at - START) // MINUTE
            assert not any(earlier in told for earlier in range(minute - timing.keep // MINUTE, minute + 1))


def test_a_clock_that_was_set_back_changes_nothing() -> None:
    firing, _ = step(INACTIVE, Hit(at(10), 1.0), at(10), Timing())
    assert firing.phase == "firing"
    assert step(firing, None, at(5), Timing()) == (firing, None)
    assert step(firing, Hit(at(5), 2.0), at(5), Timing()) == (firing, None)


def test_between_recovery_and_threshold_a_firing_alert_goes_on_and_a_quiet_one_stays_quiet() -> None:
    weak = Hit(at(1), 1.0, beyond=False)
    assert step(INACTIVE, weak, at(1), Timing()) == (INACTIVE, None)
    pending, _ = step(INACTIVE, Hit(at(0), 2.0), at(0), Timing(wait=5 * MINUTE))
    assert step(pending, weak, at(1), Timing(wait=5 * MINUTE))[0] == INACTIVE
    firing, _ = step(INACTIVE, Hit(at(0), 2.0), at(0), Timing())
    assert step(firing, weak, at(1), Timing())[0].phase == "firing"


@pytest.mark.parametrize(("wait", "keep", "states"), [
    (0, 0, [("firing", 10), ("resolved", 20)]),
    (5, 0, [("pending", 10), ("firing", 15), ("resolved", 20)]),
    (5, 3, [("pending", 10), ("firing", 15), ("resolved", 23)]),
    (10, 0, [("pending", 10), ("inactive", 20)]),
])  # fmt: skip
def test_ten_bad_minutes(wait: int, keep: int, states: list[tuple[str, int]]) -> None:
    told = dict.fromkeys(range(10, 20), True)
    _, changes = stepped(told, Timing(wait * MINUTE, keep * MINUTE), set())
    assert [(change.state, (change.happened_at - START) // MINUTE) for change in changes] == states
