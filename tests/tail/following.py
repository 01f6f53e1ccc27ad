"""A tail in this process whose time passes by script: each time that it has nothing to do, the next thing happens to its logs."""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from ollalog import runtime, store, tailing
from ollalog.core.events import NullEvents
from ollalog.core.summary import IngestSummary
from ollalog.sources import Places
from tests.test_runtime import CLOCK, UTC_OPTIONS, rows

IDLE_S = 30.0
Step = Callable[[], object]
Given = ParamSpec("Given")
Made = TypeVar("Made")


class ScriptedWaker:
    """Time that passes only when somebody waits for it; events never come."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = list(steps)
        self.waits_s: list[float] = []
        self._now_s = 100.0

    def now_s(self) -> float:
        return self._now_s

    def pause(self, seconds: float) -> None:
        self._now_s += max(seconds, 0.001)

    def wait(self, places: Places, seconds: float) -> None:
        """Something happens at once where something is left to happen; else the time is over."""
        self.waits_s.append(seconds)
        if places.descriptors:  # another process needs true time
            select.select(places.descriptors, [], [], 2 if self.steps else 0.3)
        self._now_s += max(seconds, 0.001)  # a wait of nothing takes time too, or a rounded sum of seconds is never reached
        if self.steps:
            self.steps.pop(0)()

    def close(self) -> None:
        assert not self.steps, "the tail ended before all had happened"


class AtOnce(Executor):
    """Does what it is given before it returns: what is asked has its answer in the same turn."""

    def submit(self, work: Callable[Given, Made], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Made]:
        outcome = Future[Made]()
        try:
            outcome.set_result(work(*args, **kwargs))
        except Exception as failure:  # noqa: BLE001 - whoever asks for the result is told
            outcome.set_exception(failure)
        return outcome


@dataclass
class Said(NullEvents):
    """Keeps the remarks."""

    remarks: list[str]

    def remark(self, text: str) -> None:
        self.remarks.append(text)


def follow(
    root: Path,
    paths: Sequence[Path | str],
    *steps: Step,
    from_end: bool = False,
    fault: Callable[[str], None] | None = None,
    sample_s: float | None = None,
) -> tuple[IngestSummary, list[str]]:
    """Follow until all has happened and nothing came for long; proves the store.

    Returns:
        The summary, and the remarks.
    """
    said = Said([])
    options = tailing.TailOptions(UTC_OPTIONS, from_end=from_end, once_idle_s=IDLE_S, sample_s=sample_s)
    opened = partial(store.open_store, fault=fault) if fault else store.open_store
    around = tailing.Surroundings(CLOCK, said, ScriptedWaker(steps), opened, AtOnce)
    summary = tailing.tail(root, [str(path) for path in paths], options, around)
    assert store.verify(root, runtime.reread).problems == ()
    return summary, said.remarks


def numbers_in_order(root: Path) -> list[int]:
    """The numbers of the requests in the order of their rows: by source, then offset."""
    found = rows(root, "requests")
    return [int(number) for number in found["latency_ns"]] if found.height else []


def gaps(root: Path) -> list[int | None]:
    """What the sources lack, by number of source; those that lack nothing left out."""
    return [summary.gap_bytes for summary in store.read_snapshot(root).sources if summary.gap_bytes != 0]


def gone(path: Path) -> None:
    """Delete a file if it is there."""
    with suppress(FileNotFoundError):
        path.unlink()
