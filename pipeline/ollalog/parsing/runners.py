"""Which runner printed a line: runners share one log, and their lines name neither model nor process.

Told by three things. A load names the model's file and, from 0.30.1 on, its name; "initializing" tells the slots and the
context of each; and each runner numbers its tasks upwards from 0, one for a run and one for every step of generation, so
that a runner of one slot begins its next run with a number that can be foretold, any other with none far below it. Where
these do not single out one runner, none is named. (Measured on 0.33: taking the nearest number alone names half of the runs
wrong while models come and go.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

RUNNER_LIMIT = 16
"""Runners that are remembered at most: unloading leaves no line, so those gone are forgotten by age."""


QUEUED_TASKS = 64
"""Numbers, for each slot, that tasks may have been given before those that are begun first."""
CLEARLY_FARTHER = 4
CLEAR_TASKS = 64
"""How much farther below a task's number that of another runner must lie for the nearest one to be believed."""


@dataclass(slots=True)
class Runner:
    """One runner: its model's file (12 hex digits) and name, its context and slots, its next task number when at rest.

    `active` holds the tasks that it has begun and not ended. `is_ready`: its load has ended. `is_lost`: a run may have been
    its own that could not be told, so that its next number is only a lower bound. `is_doubtful`: it may have been unloaded.
    """

    blob: str | None
    name: str | None = None
    context: int | None = None
    slots: int | None = None
    next_task: int = 0
    active: list[list[int]] = field(default_factory=list)
    is_ready: bool = False
    is_lost: bool = False
    is_doubtful: bool = False

    def can_run(self, slot: int, task: int, context: int) -> bool:
        """Whether a run with these numbers can be this runner's; with several slots tasks are numbered before they are begun."""
        if not self.is_ready or (self.context != context and self.context is not None):
            return False
        if self.slots is None:
            return task >= self.next_task - QUEUED_TASKS
        return slot < self.slots and (task >= self.next_task or (self.slots > 1 and task >= self.next_task - QUEUED_TASKS * self.slots))

    def foretells(self, task: int) -> bool:
        """Whether the task number is hardly another runner's: the next one, or with several slots one of those that come soon."""
        return not self.is_lost and 0 <= task - self.next_task <= (0 if self.slots == 1 else QUEUED_TASKS)

    def is_due(self, task: int) -> bool:
        """Whether the task number is the one that is foretold, or may be because tokens are being generated."""
        return task == self.next_task or self.is_lost or bool(self.active) or self.slots != 1


@dataclass
class Runners:
    """The runners of one log; `told` says of each open prompt (by byte offset) which model it is of.

    `are_all_known`: not so in a log that begins behind the start of its server, until a model is counted as the only one.
    """

    loaded: list[Runner] = field(default_factory=list)
    told: dict[int, list[str | None]] = field(default_factory=dict)
    are_all_known: bool = False

    def restart(self) -> None:
        """The server starts: nothing is loaded."""
        self.loaded.clear()
        self.are_all_known = True

    def load(self, blob: str | None) -> None:
        """A load begins: it replaces the runner of the same file."""
        self.loaded = [runner for runner in self.loaded if runner.blob != blob or blob is None]
        self.loaded.append(Runner(blob))
        del self.loaded[:-RUNNER_LIMIT]

    def count(self, number: int | None) -> None:
        """So many runners are loaded now, the newest among them; the others, if there are more (or nobody knows), are in doubt."""
        if self.loaded:
            self.loaded[-1].is_ready = True
        if number is None:
            number = 2
        if number <= 1:
            del self.loaded[:-1]
            self.are_all_known = True
        elif number < len(self.loaded):
            for runner in self.loaded[:-1]:
                runner.is_doubtful = True

    def fail(self) -> None:
        """The newest load came to nothing, if it is one that has not ended."""
        if self.loaded and not self.loaded[-1].is_ready:
            del self.loaded[-1]

    def begin(self, byte_offset: int, slot: int, task: int, context: int) -> None:
        """A run begins: find its runner."""
        able = [runner for runner in self.loaded if runner.can_run(slot, task, context)]
        if not self.are_all_known:
            able = [runner for runner in able if runner.foretells(task)]
        chosen = able[0] if len(able) == 1 else self._told_apart(able, slot, task)
        if chosen is None:
            return
        chosen.is_doubtful = chosen.is_lost = False
        if task >= chosen.next_task:
            chosen.next_task = task + 1
        chosen.active = [*(busy for busy in chosen.active if busy[0] != slot), [slot, task]] if chosen.active else [[slot, task]]
        self.told[byte_offset] = [chosen.name, chosen.blob]

    def _told_apart(self, able: list[Runner], slot: int, task: int) -> Runner | None:
        """The runner among several that a task number points at; where none is, all that it may be of lose count."""
        able = [runner for runner in able if all(busy != slot for busy, _ in runner.active)] or able
        due = [runner for runner in able if runner.is_due(task)]
        exact = [runner for runner in due if task == runner.next_task and not runner.is_lost]
        sure = [runner for runner in able if not runner.is_doubtful]
        chosen = next((found[0] for found in (able, exact, due, sure, _nearest(due, task)) if len(found) == 1), None)
        for runner in due if chosen is None else ():
            runner.is_lost = True
        return chosen

    def end(self, slot: int, task: int, generated: int) -> None:
        """A run ends: its runner has counted its tokens."""
        for runner in reversed(self.loaded):
            if runner.active and [slot, task] in runner.active:
                runner.active.remove([slot, task])
                runner.next_task = max(runner.next_task, task + 1 + generated)
                return


def _nearest(due: list[Runner], task: int) -> list[Runner]:
    """The runner whose next number lies just below the task's, when that of the next one lies much farther below."""
    if len(due) < 2:
        return []
    first, second, *_ = sorted(due, key=lambda runner: abs(task - runner.next_task))
    if first.is_lost:
        return []
    near, far = abs(task - first.next_task), abs(task - second.next_task)
    return [first] if far > CLEARLY_FARTHER * (near + 1) + CLEAR_TASKS else []


def follow(runners: Runners, steps: Iterable[tuple[Any, ...]]) -> None:
    """Let the runners live through what a block of the log says, in order.

    Args:
        runners: is changed.
        steps: (kind, byte_offset, slot, task, number, text) with the kinds restart, load (text: blob), name (text),
            ready (slot: slots, number: context), count (number), fail, prompt (number: context), release (number: tokens).
    """
    for kind, byte_offset, slot, task, number, text in steps:
        newest = runners.loaded[-1] if runners.loaded else None
        match kind:
            case "prompt":
                runners.begin(byte_offset, slot, task, number)
            case "release":
                runners.end(slot, task, number)
            case "load":
                runners.load(text)
            case "name" if newest is not None:
                newest.name = text
            case "count":
                runners.count(number)
            case "ready" if newest is not None:
                newest.slots, newest.context, newest.is_ready = slot, number, True
            case "fail":
                runners.fail()
            case "restart":
                runners.restart()
            case _:
                pass
