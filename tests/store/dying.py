"""A writer that dies: what it does before, and what must hold after."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl

from ollalog.store import CRASH_POINTS, AlertLog, Notification, open_store, read_snapshot, verify
from ollalog.store.parts import SEAL_ROWS
from tests.store.building import LINE_BYTES, START, SteppingClock, files, foreign_count, stored_lines, turn
from tests.store.building import rows as rows_of_table

# Line numbers at which turns end: a head begun, gone on, sealed; a large part; a head of the next date; many dates.
ENDS = (10, 20, SEAL_ROWS + 30, SEAL_ROWS + 40, 3 * SEAL_ROWS, 3 * SEAL_ROWS + 6)
STEP_S = 1.5


class DeathError(BaseException):
    """The process is gone: nothing catches this, and nothing more is done."""


class Fate:
    """Kills at the n-th visit of one crash point, and from then on at every step, for the dead do nothing more."""

    def __init__(self, point: str, visit: int) -> None:
        self._point, self._left = point, visit
        self.struck = False

    def __call__(self, name: str) -> None:
        assert name in CRASH_POINTS
        self._left -= name == self._point
        if self._left <= 0:
            self.struck = True
            raise DeathError(name)


class Survey:
    """Counts the visits of each crash point."""

    def __init__(self) -> None:
        self.visits: Counter[str] = Counter()

    def __call__(self, name: str) -> None:
        self.visits[name] += 1


def live(root: Path, fault: object) -> None:
    """Commit from where the store stands to the last turn, then rebuild source 1, which shares parts with source 2, then alerts."""
    with open_store(root, command="test", clock=SteppingClock(), fault=fault) as store:  # type: ignore[arg-type]
        if not any(source.id == 2 for source in store.sources()):
            store.commit(turn(0, 7, source=2, family="other", step_s=STEP_S))
        done = position(root)
        for end in ENDS:
            if end > done:
                store.commit(turn(done, end, step_s=STEP_S))
                done = end
        if done == ENDS[-1] and store.state("server") != '{"lines": "rebuilt"}':
            rebuild_all(store)
        for count in (3, 5):
            if store.alert_log().batch < count:
                store.replace_alerts(alerts(count), START.date(), AlertLog(batch=count), stay=~pl.col("replayed"))
        if store.live_alerts() is None:
            store.commit_alerts(live_alerts(), '{"states": []}', queued=[Notification("one", "sink", "{}")])
        store.remove_days({("alerts", START.date().isoformat())}, stay={}, added={})


def alerts(count: int) -> pl.DataFrame:
    """So many changes of alerts that were found in history, the day after all requests and before them."""
    rows = pl.concat(
        [rows_of_table(range(count), source=0, table="alerts"), rows_of_table(range(90_000, 90_000 + count), source=0, table="alerts")]
    )
    return rows.with_columns(pl.lit(value=True).alias("replayed"))


def live_alerts() -> pl.DataFrame:
    """Two changes of alerts of a live server, far from those of history."""
    return rows_of_table(range(200_000, 200_002), source=0, table="alerts").with_columns(pl.lit(value=False).alias("replayed"))


def live_on(root: Path, fault: object) -> None:
    """Commit small turns for ever, and now and then rebuild source 2, which shares parts with source 1."""
    with open_store(root, command="test", clock=SteppingClock(), fault=fault) as store:  # type: ignore[arg-type]
        while True:
            done = position(root)
            for first in range(done, done + 20, 4):
                store.commit(turn(first, first + 4, step_s=STEP_S))
            with store.rebuild([2]) as rebuild:
                rebuild.add(turn(0, 7, source=2, family="other", step_s=STEP_S))
                rebuild.commit()


def rebuild_all(store: object) -> None:
    from dataclasses import replace

    from ollalog.store import Store

    assert isinstance(store, Store)
    with store.rebuild([1]) as rebuild:
        middle = ENDS[-1] // 2
        rebuild.add(turn(0, middle, step_s=STEP_S, status=500))
        rebuild.add(replace(turn(middle, ENDS[-1], step_s=STEP_S, status=500), states={"server": '{"lines": "rebuilt"}'}))
        rebuild.commit()


def position(root: Path) -> int:
    """How many lines of source 1 are committed."""
    return next((summary.source.offset // LINE_BYTES for summary in read_snapshot(root).sources if summary.source.id == 1), 0)


def alert_count(root: Path) -> int:
    """How many rows of alerts other programs see: those of one evaluation, never of two."""
    return sum(pl.read_parquet(file).height for file in (root / "data" / "alerts").glob("*/*.parquet"))


def check_before_recovery(root: Path) -> None:
    """Between a death and the next writer: readers of ours have the last commit, strangers nothing twice."""
    assert stored_lines(root) == list(range(position(root)))
    assert foreign_count(root) <= position(root) + 7
    assert verify(root, lambda *_: []).problems == ()


def check_after_recovery(root: Path) -> None:
    """Nothing lost, nothing twice, and strangers count the same."""
    lines = position(root)
    others = stored_lines(root, source=2)
    assert stored_lines(root) == list(range(lines))
    assert others in ([], list(range(7)))
    assert foreign_count(root) == lines + len(others)
    assert verify(root, lambda *_: []).problems == ()
    assert alert_count(root) in (0, 6, 10, 12, 5, 7)
    assert files(root, "staging") == []
    assert not (root / "orphans").exists()
