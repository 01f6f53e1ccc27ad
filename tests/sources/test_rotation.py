"""A log that lives: written, rotated in every usual way, packed, copied and restored while runs come and go (R2)."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.sources.catalog import Catalog

KEPT = 9


class LivingLog(RuleBasedStateMachine):
    """Every line has a number of its own; what the runs read must be every number once, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.log = self.folder / "ollama.log"
        self.log.touch()
        self.catalog = Catalog()
        self.written = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(lines=st.integers(1, 60), width=st.integers(0, 90))
    def write(self, lines: int, width: int) -> None:
        with self.log.open("ab") as file:
            for _ in range(lines):
                file.write(b"%d %s\n" % (self.written, b"x" * width))
                self.written += 1

    @precondition(lambda self: self.log.stat().st_size > 0)
    @rule(by_copy=st.booleans())
    def rotate(self, *, by_copy: bool) -> None:
        for number in range(KEPT, 0, -1):
            for suffix in ("", ".gz"):
                older = self.folder / f"ollama.log.{number}{suffix}"
                if older.exists():
                    older.rename(self.folder / f"ollama.log.{number + 1}{suffix}")
        newest = self.folder / "ollama.log.1"
        if by_copy:
            shutil.copy(self.log, newest)
            self.log.write_bytes(b"")
        else:
            self.log.rename(newest)
            self.log.touch()

    @rule(number=st.integers(1, KEPT), keep=st.booleans())
    def pack(self, *, number: int, keep: bool) -> None:
        plain = self.folder / f"ollama.log.{number}"
        if plain.exists():
            plain.with_name(plain.name + ".gz").write_bytes(gzip.compress(plain.read_bytes()))
            if not keep:
                plain.unlink()

    @rule()
    def restore_elsewhere(self) -> None:
        restored = Path(mkdtemp())
        shutil.copytree(self.folder, restored, dirs_exist_ok=True)
        shutil.rmtree(self.folder)
        self.folder, self.log = restored, restored / "ollama.log"

    @rule(block_bytes=st.integers(1, 3000))
    def run(self, block_bytes: int) -> None:
        self.catalog.run(self.folder, block_bytes=block_bytes)

    @rule()
    def run_and_see_that_nothing_is_left(self) -> None:
        self.catalog.run(self.folder)
        assert self.catalog.run(self.folder).texts == []
        assert [int(text.split()[0]) for text in self.catalog.texts] == list(range(self.written))

    @invariant()
    def nothing_is_read_twice_or_out_of_order(self) -> None:
        numbers = [int(text.split()[0]) for text in self.catalog.texts]
        assert numbers == list(range(len(numbers)))


LivingLog.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestLivingLog = LivingLog.TestCase
