"""A log that is written, rotated in every way and followed by tails that die at any crash point, against a model (R1, R2, F8)."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from ollalog import runtime, store
from tests.store.dying import DeathError, Fate
from tests.tail.following import follow
from tests.test_runtime import rows
from tests.torture import logs as torture

ROTATIONS = {
    "app": (torture.by_app, "server.log"),
    "rename": (torture.by_rename, "ollama.log"),
    "copy": (torture.by_copy, "ollama.log"),
    "truncation": (torture.by_truncation, "ollama.log"),
    "deletion": (torture.by_deletion, "ollama.log"),
    "kubelet": (torture.by_kubelet, "0.log"),
}
POINTS = [*store.CRASH_POINTS[:12]]


class FollowedLog(RuleBasedStateMachine):
    """Every line has a number; all that were not destroyed are stored once, of those that were a beginning of each generation."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.root = self.folder / "store"
        self.chance = random.Random(7)  # noqa: S311 - chance, not secrets
        self.number = 1
        self.log: torture.Log | None = None
        self.follows_folder = False

    def teardown(self) -> None:
        if self.log is not None:
            self.log.end_line()
            self.write(1)  # what a file lacks that is gone is told by the next one, as soon as a line is in it
            self.log.end_line()
            self.check()
        shutil.rmtree(self.folder)

    @precondition(lambda self: self.log is None)
    @rule(kind=st.sampled_from(sorted(ROTATIONS)), by_folder=st.booleans())
    def begin(self, *, kind: str, by_folder: bool) -> None:
        rotate, name = ROTATIONS[kind]
        self.log = torture.Log(self.folder / "logs" / name, rotate)
        self.follows_folder = by_folder
        self.log.open()
        self.write(1)
        follow(self.root, self.paths())

    @precondition(lambda self: self.log is not None)
    @rule(lines=st.integers(1, 30))
    def write(self, lines: int) -> None:
        assert self.log is not None
        self.log.write(range(self.number, self.number + lines), self.chance)
        self.number += lines

    @precondition(lambda self: self.log is not None)
    @rule(times=st.integers(1, 3))
    def rotate(self, times: int) -> None:
        assert self.log is not None
        for _ in range(times):
            self.log.rotate(self.log)

    @precondition(lambda self: self.log is not None)
    @rule(point=st.sampled_from(POINTS), visit=st.integers(1, 3))
    def follow_until_death(self, point: str, visit: int) -> None:
        try:
            follow(self.root, self.paths(), lambda: self.write(3), lambda: self.rotate(1), lambda: self.write(2), fault=Fate(point, visit))
        except DeathError:
            assert store.verify(self.root, runtime.reread).problems == ()

    @precondition(lambda self: self.log is not None)
    @rule()
    def follow_to_the_end(self) -> None:
        follow(self.root, self.paths())

    def paths(self) -> list[Path]:
        assert self.log is not None
        return [self.log.path.parent if self.follows_folder else self.log.path]

    def check(self) -> None:
        assert self.log is not None
        follow(self.root, self.paths())
        found = Counter(int(number) for number in rows(self.root, "requests")["latency_ns"])
        kept = {*self.log.generation, *(number for generation in self.log.older for number in generation)}
        assert max(found.values()) == 1
        assert kept <= found.keys()
        lost = 0
        for generation in self.log.destroyed:
            stored = [number in found for number in generation]
            assert stored == sorted(stored, reverse=True), "of what was destroyed a beginning is stored"
            lost += stored.count(False)
        assert not lost or any(summary.gap_bytes != 0 for summary in store.read_snapshot(self.root).sources)


FollowedLog.TestCase.settings = settings(max_examples=6, stateful_step_count=10, deadline=None)
TestFollowedLog = FollowedLog.TestCase
