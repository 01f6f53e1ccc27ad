"""Recorded sessions of real servers: runs go to their requests, models to their runs, however the log is cut."""

from __future__ import annotations

import random
from functools import cache

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.evaluation import figures, recorded
from tests.evaluation.merged import MERGES, merged
from tests.evaluation.recorded import Session
from tests.parsing.reading import Outcome

STATE_LIMIT_CHARACTERS = 10_000
"""What may be remembered of these logs between blocks: some times the most that was seen."""


@cache
def whole(name: str) -> Outcome:
    """A session read in one piece."""
    return figures.read(recorded.session(name))


@pytest.fixture(params=recorded.names())
def session(request: pytest.FixtureRequest) -> Session:
    return recorded.session(request.param)


def test_in_no_session_are_runs_missed_or_given_to_the_wrong_request(session: Session) -> None:
    found = figures.score(session, whole(session.name))
    assert found.runs > 0
    assert found.share("paired", "runs") >= 0.97
    assert found.share("right", "paired") >= 0.97


def test_over_all_sessions_pairs_are_right_and_certain_ones_more_so() -> None:
    """Shares over all sessions; a certain pair that is wrong costs more than a likely one."""
    found = figures.added(figures.score(recorded.session(name), whole(name)) for name in recorded.names())
    assert found.runs > 1000
    assert found.share("paired", "runs") >= 0.98
    assert found.share("right", "paired") >= 0.99
    assert found.share("certain", "paired") >= 0.70
    assert found.share("certain_right", "certain") >= 0.999
    assert found.share("told_right", "right") >= 0.98
    assert found.share("named", "paired") >= 0.90
    assert found.share("named_right", "named") >= 0.99
    assert found.certain_without_run <= 0.02 * found.without_run + 2


@pytest.mark.parametrize("name", MERGES)
def test_more_lanes_than_were_recorded_are_told_apart(name: str) -> None:
    session = merged(name, [recorded.session(one) for one in MERGES[name]], seed=1)
    found = figures.score(session, figures.read(session))
    assert found.runs > 500
    assert found.share("paired", "runs") >= 0.985
    assert found.share("right", "paired") >= 0.98
    assert found.share("certain_right", "certain") >= 0.995


def test_no_request_and_no_run_is_used_twice(session: Session) -> None:
    pairs = figures.all_pairs(whole(session.name))
    assert pairs["request_offset"].is_unique().all()
    assert pairs["run_offset"].is_unique().all()


@pytest.mark.parametrize("cuts", [2, 15])
def test_settled_pairs_runs_and_models_are_the_same_wherever_the_log_is_cut(session: Session, cuts: int) -> None:
    places = random.Random(f"{session.name} {cuts}")  # noqa: S311 - a seed, not a secret
    cut = figures.read(session, [places.randrange(len(session.data)) for _ in range(cuts)])
    uncut = whole(session.name)
    assert set(cut.tables) == set(uncut.tables)
    for table, frame in uncut.tables.items():
        assert_frame_equal(cut.tables[table], frame)
    assert_frame_equal(figures.all_pairs(cut), figures.all_pairs(uncut))


def test_little_of_a_session_waits_between_blocks(session: Session) -> None:
    for state in figures.states(session.data, block_bytes=500_000):
        assert len(state.to_json()) <= STATE_LIMIT_CHARACTERS


def test_wrong_pairs_and_wrong_names_would_show() -> None:
    """The evaluation itself: with every run given to the next request, and every model renamed, next to nothing is right."""
    session = recorded.session("new_03_gindebug")
    outcome = figures.read(session)
    outcome.tables["pairs"] = outcome.tables["pairs"].with_columns(
        run_offset=pl.col("run_offset").shift(1, fill_value=pl.col("run_offset").last())
    )
    outcome.tables["inferences"] = outcome.tables["inferences"].with_columns(model=pl.col("model") + "x")
    found = figures.score(session, outcome)
    assert found.paired > 0
    assert found.right == found.certain_right == found.told_right == 0
    assert found.named_right == 0
