"""A writer may die anywhere: nothing is lost, nothing is there twice (R1, F8)."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from ollalog.store import CRASH_POINTS
from tests.store.building import CLOCK, foreign_count, opened, rows, stored_lines
from tests.store.dying import ENDS, DeathError, Fate, Survey, check_after_recovery, check_before_recovery, live, position

ROOT = Path(__file__).resolve().parents[2]
MURDERS = 8


def child(store: Path, fatal: str = "never", visit: int = 0) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.store.dying_child", str(store), fatal, str(visit)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


def test_every_crash_point_is_passed_in_a_life(tmp_path: Path) -> None:
    survey = Survey()
    live(tmp_path, survey)
    assert set(survey.visits) == set(CRASH_POINTS)
    assert position(tmp_path) == ENDS[-1]
    check_after_recovery(tmp_path)


@pytest.mark.parametrize("visit", [1, 3])
@pytest.mark.parametrize("point", CRASH_POINTS)
def test_after_a_crash_at_any_point_the_next_run_goes_on_as_if_nothing_had_been(tmp_path: Path, point: str, visit: int) -> None:
    fate = Fate(point, visit)
    try:
        live(tmp_path, fate)
    except DeathError:
        check_before_recovery(tmp_path)
    with opened(tmp_path):
        pass
    check_after_recovery(tmp_path)
    live(tmp_path, Survey())
    assert stored_lines(tmp_path) == list(range(ENDS[-1]))
    assert stored_lines(tmp_path, source=2) == list(range(7))
    check_after_recovery(tmp_path)
    assert fate.struck or visit > 1


@pytest.mark.parametrize("first", ["committed", "rebuild_committed"])
@pytest.mark.parametrize("second", ["part_withdrawn", "part_published", "head_linked", "recovery_published"])
def test_a_crash_while_recovering_from_a_crash_is_recovered_from(tmp_path: Path, first: str, second: str) -> None:
    with pytest.raises(DeathError):
        live(tmp_path, Fate(first, 2 if first == "committed" else 1))
    try:
        live(tmp_path, Fate(second, 1))
    except DeathError:
        check_before_recovery(tmp_path)
    live(tmp_path, Survey())
    check_after_recovery(tmp_path)
    assert stored_lines(tmp_path) == list(range(ENDS[-1]))


@pytest.mark.parametrize(
    ("point", "visit"), [("staged", 3), ("before_commit", 3), ("committed", 3), ("part_published", 2), ("rebuild_committed", 1)]
)
def test_a_process_that_exits_at_once_leaves_a_store_that_recovers(tmp_path: Path, point: str, visit: int) -> None:
    with child(tmp_path, point, visit) as process:
        process.communicate()
    assert process.returncode == 9
    check_before_recovery(tmp_path)
    live(tmp_path, Survey())
    check_after_recovery(tmp_path)
    assert stored_lines(tmp_path) == list(range(ENDS[-1]))


def test_kill_9_at_random_moments_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    moments = random.Random(5)  # noqa: S311 - moments, not secrets
    for _ in range(MURDERS):
        with child(tmp_path) as process:
            assert process.stdout is not None
            for _ in range(moments.randrange(10, 120)):
                process.stdout.readline()
            process.kill()
        check_before_recovery(tmp_path)
    live(tmp_path, Survey())
    check_after_recovery(tmp_path)
    assert position(tmp_path) > ENDS[-1]


def test_batch_numbers_are_never_used_again(tmp_path: Path) -> None:
    with pytest.raises(DeathError):
        live(tmp_path, Fate("staged", 1))
    with opened(tmp_path) as store:
        from tests.store.building import turn_of

        assert store.commit(turn_of({"requests": rows(range(3))}, 0, 3)) == 2
    assert foreign_count(tmp_path) == 3
    assert CLOCK.now_utc() == CLOCK.at
