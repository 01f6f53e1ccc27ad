"""Live evaluation as a function of values: a question goes in, an answer comes out, whichever thread asks and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import thread_time

from ollalog.alerts.history import Change, OpenWarehouse, States, json_of, replay, states_of
from ollalog.alerts.joined import UnsettledPairs
from ollalog.alerts.live import Live
from ollalog.alerts.recent import Recent
from ollalog.alerts.rules import Rule
from ollalog.core.batch import Snapshot, SourceSummary, Turn
from ollalog.core.errors import PipelineError

GAP, CATCH_UP = timedelta(minutes=2), timedelta(days=1)
"""A pause longer than this is caught up on tick by tick, as far back as this."""


@dataclass(frozen=True)
class Question:
    """What has become of alerts by now?

    `states` are those that the last tick left, `tick` was that; `news` are the commits since the question before. A question
    with `start` begins anew from a snapshot that holds all that was committed.
    """

    now: datetime
    states: States
    tick: datetime | None
    news: Sequence[Turn] = ()
    start: Snapshot | None = None


@dataclass(frozen=True)
class Answer:
    """States at `now` and what changed, what is wrong with single rules, what else is to be said, whether rules wait, processor time."""

    now: datetime
    states: States
    changes: Sequence[Change] = ()
    problems: Mapping[str, PipelineError] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    is_waiting: bool = False
    work_s: float = 0.0


@dataclass(frozen=True)
class Reading:
    """How the store is read: as of its last commit, as a warehouse, and which pairs a parser's state has not settled."""

    snapshot: Callable[[], Snapshot]
    open_warehouse: OpenWarehouse
    unsettled_pairs: UnsettledPairs


class Evaluator:
    """Answers questions, one after the other. The rows that it holds for that belong to the thread that calls it."""

    def __init__(self, rules: Sequence[Rule], reading: Reading) -> None:
        self._rules = rules
        self._reading = reading
        self._recent: Recent | None = None
        self._live: Live | None = None

    def answer(self, question: Question) -> Answer:
        """Bring all rules that are due to the question's instant.

        Raises:
            PipelineError: the store cannot be read, or memory is in no state to be asked: the next question has to begin anew.
        """
        began_s = thread_time()
        states, missed = question.states, list[Change]()
        if question.start is not None:
            states, missed = self._caught_up(question.start, question)
            self._begin(question.start, question.now)
        if self._live is None or self._recent is None:
            raise RuntimeError("the first question has to begin anew")
        for turn in question.news:
            self._recent.feed(turn.tables, turn.states)
        slow = self._reading.snapshot() if self._live.needs_snapshot(question.now) else None
        states, found = self._live.evaluate(states, question.now, slow)
        changes, remarks = [*missed, *found.changes], tuple(self._recent.remarks.values())
        return Answer(question.now, states, changes, found.problems, remarks, self._live.is_waiting(), thread_time() - began_s)

    def forget(self) -> None:
        """Give the memory back; the next question has to begin anew."""
        if self._recent is not None:
            self._recent.close()
        self._live = self._recent = None

    def _begin(self, snapshot: Snapshot, now: datetime) -> None:
        self.forget()
        recent = Recent(self._rules, self._reading.open_warehouse, self._reading.unsettled_pairs, self._sources)
        recent.seed(snapshot, now)
        self._live, self._recent = Live(self._rules, recent), recent

    def _sources(self) -> Sequence[SourceSummary]:
        return self._reading.snapshot().sources

    def _caught_up(self, snapshot: Snapshot, question: Question) -> tuple[States, list[Change]]:
        """What happened while nobody looked, tick by tick."""
        now, tick = question.now, question.tick
        if tick is None or now - tick <= GAP:
            return question.states, []
        since = max(tick, now - CATCH_UP)
        history = replay(
            snapshot, self._rules, self._reading.open_warehouse,
            first_day=since.astimezone(UTC).date(), before=json_of(question.states), since=since, until=now, is_live=True,
        )  # fmt: skip
        return (question.states, []) if history.last_tick is None else (states_of(history.states), history.changes)
