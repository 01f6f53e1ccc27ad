"""A tail in this process whose clock goes with its waker, so that alerts of a living server can be tried without waiting."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from ollalog import runtime, store, tailing
from ollalog.core.events import AlertChange, NullEvents
from ollalog.runtime import IngestOptions
from ollalog.sources import Places
from tests.tail.following import AtOnce, Given, Made

START = datetime(2026, 6, 21, 18, 0, 0, tzinfo=UTC)
IDLE_S = 1e6
Step = Callable[[datetime], object]


class World:
    """Clock and waker in one: time passes only when the tail waits, and then the next thing happens; a number: so many seconds pass."""

    def __init__(self, steps: Sequence[Step | float], start: datetime = START) -> None:
        self.steps = list(steps)
        self._start = start
        self._now_s = 0.0
        self._beyond_s = 0.0
        self._looks = 0

    def now_utc(self) -> datetime:
        return self._start + timedelta(seconds=self._now_s)

    def now_s(self) -> float:
        return self._now_s + self._beyond_s + 1000

    def pause(self, seconds: float) -> None:
        self._now_s += max(seconds, 0.001)

    def wait(self, places: Places, seconds: float) -> None:
        self._looks += not self.steps
        if self._looks > 2:  # two looks at what the last step did, then the end comes, and the clock does not hear of it
            self._beyond_s += 2 * IDLE_S
        step = self.steps.pop(0) if self.steps else None
        self._now_s += step if isinstance(step, float) else max(seconds, 0.001)
        if step is not None and not isinstance(step, float):
            step(self.now_utc())

    def close(self) -> None:
        assert not self.steps, "the tail ended before all had happened"


class Slow(AtOnce):
    """Has an answer ready only when it is looked for the third time; before that, the next thing happens."""

    def __init__(self, *meanwhile: Callable[[], object]) -> None:
        self._meanwhile = list(meanwhile)

    def submit(self, work: Callable[Given, Made], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Made]:
        found = super().submit(work, *args, **kwargs)
        late = Late(self._meanwhile)
        late.set_result(found.result())
        return late


class Late(Future[Any]):
    """An answer that keeps those who look for it waiting."""

    def __init__(self, meanwhile: list[Callable[[], object]]) -> None:
        super().__init__()
        self._meanwhile = meanwhile
        self._looks = 0

    def done(self) -> bool:
        self._looks += 1
        if self._looks == 1 and self._meanwhile:
            self._meanwhile.pop(0)()
        return self._looks > 2


@dataclass
class Heard(NullEvents):
    """Keeps what was said."""

    remarks: list[str] = field(default_factory=list)
    changes: list[AlertChange] = field(default_factory=list)

    def remark(self, text: str) -> None:
        self.remarks.append(text)

    def alert_changed(self, change: AlertChange) -> None:
        self.changes.append(change)

    def states(self, rule: str) -> list[str]:
        return [change.state for change in self.changes if change.rule == rule]


def watch(  # noqa: PLR0913 - each has a default
    root: Path,
    log: Path,
    *steps: Step | float,
    start: datetime = START,
    sinks: Sequence[Mapping[str, Any]] = (),
    inhibit: Sequence[Mapping[str, Any]] = (),
    alerts: Mapping[str, Mapping[str, Any]] | None = None,
    rules: Path | None = None,
    fault: Callable[[str], None] | None = None,
    world: World | None = None,
    aside: Callable[[], Executor] = AtOnce,
) -> Heard:
    """Follow a log until all has happened; proves the store."""
    heard, world = Heard(), world or World(steps, start)
    reading = IngestOptions(timezone="UTC", host="box", sinks=sinks, inhibit=inhibit, alerts=alerts or {}, rules=rules)
    options = tailing.TailOptions(reading, once_idle_s=IDLE_S)
    opened = partial(store.open_store, fault=fault) if fault else store.open_store
    tailing.tail(root, [str(log)], options, tailing.Surroundings(world, heard, world, opened, aside))
    assert store.verify(root, runtime.reread).problems == ()
    return heard


def refuses(log: Path, count: int = 1) -> Step:
    """The server answers 503 at once."""
    return lambda now: say(log, now, count, status=503, latency="512.5µs")


def answers(log: Path, count: int = 1, latency: str = "1.5s") -> Step:
    """The server answers well."""
    return lambda now: say(log, now, count, latency=latency)


def say(log: Path, now: datetime, count: int = 1, *, status: int = 200, latency: str = "1.5s") -> None:
    """Access lines of a server, written now."""
    line = f'[GIN] {now:%Y/%m/%d - %H:%M:%S} | {status} | {latency:>13} |       127.0.0.1 | POST     "/api/chat"\n'
    with log.open("a") as file:
        file.write(line * count)


def told(path: Path) -> list[dict[str, Any]]:
    """What a jsonl sink was told."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def live_rows(root: Path) -> pl.DataFrame:
    """Rows of table alerts that were not found in history."""
    with runtime.warehouse(root, now=START) as warehouse:
        return warehouse.query("SELECT * FROM alerts WHERE NOT replayed ORDER BY happened_at, rule, state")
