"""Follow logs until told to stop: the loop of `ingest` again and again, over what has news."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ollalog import cleaning, runtime, sources, store
from ollalog.alerts import load_rules
from ollalog.alerts.receivers import load_inhibitions, load_sinks
from ollalog.core.batch import Snapshot, Turn
from ollalog.core.clock import Clock
from ollalog.core.errors import PipelineError, StoreError, WarehouseError
from ollalog.core.events import Events
from ollalog.core.interrupt import Interrupt, interruptible
from ollalog.core.retention import Retention
from ollalog.core.summary import IngestOptions, IngestSummary
from ollalog.parsing import Context
from ollalog.sources import Waker
from ollalog.watching import Place, Receivers, Watch

if TYPE_CHECKING:
    from ollalog.sampling import Sampling
    from ollalog.warehouse import Warehouse

LOOK_S = (1.0, 5.0)
"""The timer looks so often: at first, and when nothing has come for long."""
CALM_S = 1.0
"""While the last news is younger than this, files are looked at every PACE_S; after that events and the timer wake."""
PACE_S = (0.06, 1.0)
"""Turns begin this far apart: at least, and when they are large, so that parts of the store are too."""
LARGE_BYTES = 1 << 20
RETRY_S = (1.0, 30.0)
"""A store that cannot be written is tried again after so long: at first, and in the end."""


@dataclass(frozen=True)
class TailOptions:
    """How logs are followed: where files never seen are begun, after how long without news to end, what is kept, how often to sample.

    None: never.
    """

    reading: IngestOptions
    from_end: bool = False
    once_idle_s: float | None = None
    retention: Retention = field(default_factory=Retention)
    sample_s: float | None = None


def one_thread() -> Executor:
    """A thread that does one thing after the other."""
    return ThreadPoolExecutor(1, thread_name_prefix="rules")


@dataclass(frozen=True)
class Surroundings:
    """What a tail is run in: the clock that says when, who is told what happens, what lets time pass, what opens the store.

    `open_aside`: makes what asks alert rules while logs are read.
    """

    clock: Clock
    events: Events
    waker: Waker
    open_store: Callable[..., store.Store] = store.open_store
    open_aside: Callable[[], Executor] = one_thread


def tail(root: Path, paths: Sequence[str], options: TailOptions, around: Surroundings) -> IngestSummary:
    """Follow logs into a store until SIGINT or SIGTERM, or until nothing came for `once_idle_s`.

    Args:
        root: The store's folder; made if missing.
        paths: Files, folders, globs, that are there or will be; none: what discovery finds on this machine.
        options: How to follow.
        around: What it is run in.

    Returns:
        What was read, with the problems that there were at the end.

    Raises:
        StoreError: the store cannot be used at the start, or another writer holds it.
        UsageError: an option cannot be.
    """
    began = time.perf_counter()
    context = runtime.context_of(root, options.reading, around.clock)
    rules = None if options.reading.no_alerts else load_rules(options.reading.rules, options.reading.alerts)
    receivers = Receivers(load_sinks(options.reading.sinks), load_inhibitions(options.reading.inhibit))
    with (
        around.open_store(root, command="tail", clock=around.clock) as opened,
        interruptible(signal.SIGINT, signal.SIGTERM) as stop,
        runtime.workers() as pool,
        around.open_aside() as aside,
    ):
        watch = None if rules is None else Watch(_place(root, opened, around, aside), rules, receivers)
        following = _Following(root, opened, paths, options, context, around, watch)
        with _watched(watch, around.waker), _closed(following, around.waker):
            while not stop.is_set():
                following.turn(pool, stop)
                if following.is_idle():
                    break
                stop.wait_for(following.rest)
        summary = following.finished()
    summary.seconds = time.perf_counter() - began
    runtime.remark_on_nothing(summary, around.events)
    return summary


class _Following:
    """What a tail remembers from turn to turn. All of it can be lost: reading goes on from what is committed."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a tail has, handed over
        self,
        root: Path,
        opened: store.Store,
        paths: Sequence[str],
        options: TailOptions,
        context: Context,
        around: Surroundings,
        watch: Watch | None,
    ) -> None:
        self._root = root
        self._opened = opened
        self._cleaned_on: date | None = None
        self.follower = sources.Follower(paths, host=context.host, from_end=options.from_end)
        self._known = sources.KnownLogs(opened.sources, opened.next_source_id)
        self._run = runtime.Run(context, opened.sources(), opened.state, self._commit, around.events)
        self._watch = watch
        self._options = options
        self._clock = around.clock
        self._events = around.events
        self._waker = around.waker
        self._said: set[str] = set()
        self._news_at_s = -CALM_S
        self._began_s: float | None = None
        self._turn_at_s = 0.0
        self._turn_bytes = 0
        self._timer_s = LOOK_S[0]
        self._look_at_s = 0.0
        self._retry_s = 0.0
        self._sampling = self._sampling_of(opened) if options.sample_s else None

    def turn(self, pool: ThreadPoolExecutor, stop: Interrupt) -> None:
        """Look, read, commit; afterwards everything that was found is durable, or was given up to be found again."""
        self._turn_at_s = self._waker.now_s()
        if self._began_s is None:
            self._began_s = self._turn_at_s
        before_bytes = self._run.summary.size_bytes
        if self._watch is not None:
            self._watch.hear(self._turn_at_s)
        try:
            self._clean_up()
            self._read(pool, stop)
        except (StoreError, WarehouseError) as failure:
            self._give_up(failure)
        else:
            self._retry_s = 0.0
        if self._watch is not None:
            self._watch.look(self._waker.now_s(), is_behind=self.follower.is_behind)
        self._turn_bytes = self._run.summary.size_bytes - before_bytes
        if self._turn_bytes:
            self._news_at_s = self._waker.now_s()
            self._timer_s = LOOK_S[0]
        if self._sampling is not None:
            self._sampling.turn(self._waker.now_s(), self._events)
        self._tell()

    def is_idle(self) -> bool:
        """Whether nothing came for as long as the options say."""
        if self._options.once_idle_s is None or self.follower.is_behind or self._began_s is None:
            return False
        return self._waker.now_s() - max(self._news_at_s, self._began_s) >= self._options.once_idle_s

    def rest(self) -> None:
        """Let time pass until the next turn: none when there is more to read, little while news comes."""
        now_s = self._waker.now_s()
        if self._retry_s:
            self._waker.pause(self._retry_s)
        elif self._turn_bytes:
            if not self.follower.is_behind:
                self._pause(max(0.0, self._turn_at_s + self._pace_s(now_s) - now_s))
        elif self.follower.is_behind or now_s - self._news_at_s < CALM_S or (self._watch is not None and self._watch.is_busy):
            self._pause(PACE_S[0])
        else:
            self._waker.wait(sources.Places(tuple(self.follower.folders), tuple(self.follower.descriptors)), max(0.0, self._wait_s(now_s)))

    def close(self) -> None:
        """Let go of files, and of what is sampled; the sample that is being taken is stored."""
        self.follower.close()
        if self._sampling is not None:
            self._sampling.finish(self._events)
            self._sampling.close()

    def finished(self) -> IngestSummary:
        """All that was read, and the problems that there are at the end."""
        summary = self._run.finished(interrupted=False)
        summary.problems = list(self.follower.problems)
        return summary

    def _pause(self, seconds: float) -> None:
        """Let so much time pass, or less when alert rules have been asked and answer."""
        if self._watch is not None and self._watch.is_busy:
            self._watch.wait(seconds)
        else:
            self._waker.pause(seconds)

    def _read(self, pool: ThreadPoolExecutor, stop: Interrupt) -> None:
        moment = sources.Moment(self._clock.now_utc(), self._turn_at_s)
        is_calm = self._turn_at_s - self._news_at_s >= CALM_S
        thorough = is_calm or self._turn_at_s >= self._look_at_s
        budget_bytes = runtime.COMMIT_BYTES
        items = self.follower.look(self._known, moment, thorough=thorough, budget_bytes=budget_bytes)
        if self._turn_at_s >= self._look_at_s:
            self._look_at_s = self._turn_at_s + self._timer_s
            self._timer_s = min(LOOK_S[1], self._timer_s * 1.5)
        if items:
            self._run.context = replace(self._run.context, read_at=moment.now_utc)
            self._run.read(items, pool, final=False, stop=stop)
            self.follower.note(items, self._run.committed)

    def _commit(self, turn: Turn) -> int:
        batch = self._opened.commit(turn)
        if self._watch is not None:
            self._watch.feed(turn)
        return batch

    def _sampling_of(self, opened: store.Store) -> Sampling:
        """What is sampled beside the logs; those who do not ask for it need not wait for its libraries."""
        from ollalog import sampling

        interval_s = self._options.sample_s or 0.0
        return sampling.beside(opened, self._root, interval_s, self._run.context.host, self._clock, self._waker.now_s(), self._commit)

    def _clean_up(self) -> None:
        """Once a day, and at the start: remove what is over a limit."""
        now = self._clock.now_utc()
        if self._options.retention.is_set and now.date() != self._cleaned_on:
            self._cleaned_on = now.date()
            removed = cleaning.clean_up(self._root, self._opened, self._options.retention, runtime.opened_warehouse, now)
            if removed.rows:
                rows = sum(removed.rows.values())
                self._events.remark(
                    f"removed {rows:,} rows of days from {removed.days[0].date} to {removed.days[-1].date}, over the limits of [retention]"
                )

    def _give_up(self, failure: PipelineError) -> None:
        """A turn could not be committed: all that is not is read again, later."""
        self._say(failure)
        self.follower.forget()
        self._run.forget()
        if self._watch is not None:
            self._watch.forget()
        self._retry_s = min(RETRY_S[1], max(RETRY_S[0], 2 * self._retry_s))

    def _pace_s(self, now_s: float) -> float:
        """How long after the last turn's beginning the next begins: a fifth of the time is for others, large turns are few."""
        if self._turn_bytes > LARGE_BYTES:
            return PACE_S[1]
        return min(PACE_S[1], max(PACE_S[0], 1.25 * (now_s - self._turn_at_s)))

    def _wait_s(self, now_s: float) -> float:
        """Until the timer looks, or the end by idleness."""
        wait_s = self._look_at_s - now_s
        if self._options.once_idle_s is not None and self._began_s is not None:
            wait_s = min(wait_s, max(self._news_at_s, self._began_s) + self._options.once_idle_s - now_s)
        if self._sampling is not None:
            wait_s = min(wait_s, self._sampling.wait_s(now_s))
        return wait_s

    def _tell(self) -> None:
        for problem in self.follower.problems:
            self._say(problem)
        for remark in self.follower.remarks:
            if remark not in self._said:
                self._said.add(remark)
                self._events.remark(remark)
        self._events.logs_followed(self.follower.log_count, self.follower.lag_bytes)

    def _say(self, problem: PipelineError) -> None:
        """Tell of what went wrong, once."""
        text = str(problem)
        if text not in self._said:
            self._said.add(text)
            self._events.remark(text)


def _place(root: Path, opened: store.Store, around: Surroundings, aside: Executor) -> Place:
    """What a watch works with."""

    def open_warehouse(snapshot: Snapshot) -> Warehouse:
        return runtime.opened_warehouse(snapshot, now=around.clock.now_utc())

    return Place(opened, root, open_warehouse, runtime.unsettled_pairs, around.clock, around.events, aside)


@contextmanager
def _watched(watch: Watch | None, waker: Waker) -> Iterator[None]:
    """A last look at what was committed, unless the tail failed."""
    try:
        yield
    except BaseException:
        if watch is not None:
            watch.abandon()
        raise
    if watch is not None:
        watch.close(waker.now_s())


@contextmanager
def _closed(following: _Following, waker: Waker) -> Iterator[None]:
    try:
        yield
    finally:
        following.close()
        waker.close()
