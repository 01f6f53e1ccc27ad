"""Closed dates: whatever is kept of them, every view says what the join says (P5)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ollalog import cleaning, closing, runtime, store
from ollalog.core.batch import Turn
from ollalog.core.clock import FrozenClock
from ollalog.core.closed_dates import ClosedDate
from ollalog.core.errors import WarehouseError
from ollalog.core.layout import StoreLayout
from ollalog.core.retention import Limits, Retention
from ollalog.store.closed_dates import CRASH_POINTS
from ollalog.warehouse import Warehouse, load_views
from tests.bench import bench_views as made

DAYS = 4
REQUESTS = 1_200
FEW = 300
NOW = made.START + timedelta(days=DAYS + 2)
PLACES = pytest.MonkeyPatch()
SUMMED = (
    "model_requests",
    "model_load",
    "concurrency_by_minute",
    "model_residency",
    "model_summary",
    "activity",
    "model_speed",
    "cold_starts",
)
FEW_VIEWS = ("model_requests", "model_summary", "concurrency_by_minute")
RANGES: tuple[dict[str, Any], ...] = (
    {"since": made.START + timedelta(hours=30)},
    {"since": made.START + timedelta(days=1), "until": made.START + timedelta(days=3, hours=5)},
    {"host": "a", "until": made.START + timedelta(days=3)},
    {"timezone": "Asia/Kolkata"},
)
ABOVE = (
    "model_requests", "request_runs", "concurrency_by_minute", "model_load", "model_residency", "model_names", "overview", "hourly_trend",
    "activity", "cold_starts", "daily_trend", "degradation", "hour_of_week", "model_comparison", "model_score", "model_speed",
    "model_summary", "record_matches", "recommendations", "usage_by_client", "versions", "errors_by_type", "latency_heatmap",
    "latency_breakdown", "prompt_length_effect",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def few_rows() -> Iterator[None]:
    """Days of few requests are closed, too, and not all at once."""
    PLACES.setattr(closing, "LEAST_ROWS", 10)
    PLACES.setattr(closing, "MOST_ROWS", 700)
    yield
    PLACES.undo()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("closing") / "store"
    made.fill(root, REQUESTS, DAYS)
    return root


def opened(root: Path, *, closed: bool = True, **asked: Any) -> Warehouse:  # noqa: ANN401 - as the warehouse takes it
    if closed:
        return runtime.warehouse(root, now=NOW, **asked)
    return runtime.opened_warehouse(store.read_snapshot(root), now=NOW, **asked)


def place(root: Path, fault: Callable[[str], object] = str) -> closing.Place:
    return closing.Place(root, runtime.opened_warehouse, runtime.unsettled_instants, fault=fault)


def sorted_rows(house: Warehouse, name: str) -> pl.DataFrame:
    rows = house.view(name)
    return rows.sort([*load_views()[name].grain, *(column for column, kind in rows.schema.items() if not kind.is_float())], nulls_last=True)


def assert_same(root: Path, names: Iterable[str], **asked: Any) -> None:  # noqa: ANN401 - as above
    with opened(root, **asked) as house, opened(root, closed=False, **asked) as live:
        for name in names:
            assert_frame_equal(sorted_rows(house, name), sorted_rows(live, name), check_exact=False, rel_tol=1e-9)


def test_every_view_says_the_same_with_and_without_files(filled: Path) -> None:
    runtime.close_dates(filled, NOW)
    with opened(filled) as house:
        assert [each.date for each in house.closed_dates()] == [made.START.date() + timedelta(days=day) for day in range(DAYS)]
    assert_same(filled, load_views())


@pytest.mark.parametrize("asked", RANGES, ids=" ".join)
def test_a_range_and_a_machine_are_the_same_too(filled: Path, asked: dict[str, object]) -> None:
    runtime.close_dates(filled, NOW)
    assert_same(filled, ABOVE, **asked)


@pytest.mark.parametrize("model", [made.MODELS[0], "(unknown)"])
def test_one_model_is_the_same_too(filled: Path, model: str) -> None:
    runtime.close_dates(filled, NOW)
    with opened(filled) as house, opened(filled, closed=False) as live:
        house.keep_requests(model=model)
        live.keep_requests(model=model)
        for name in set(ABOVE) - {"record_matches"}:  # of all models, where nothing is kept
            assert_frame_equal(sorted_rows(house, name), sorted_rows(live, name), check_exact=False, rel_tol=1e-9)


def late_turn(first: int, hour: int, kind: str) -> Turn:
    """Four requests, with runs or without, that come late: all of one hour of the days that there are."""
    numbers = pl.int_range(first, first + 4, eager=True).alias("number").to_frame()
    drawn = numbers.with_columns(made.drawn_columns(FEW, DAYS)).with_columns(pl.lit(made.START + timedelta(hours=hour)).alias("end"))
    requests = made.requests_of(drawn)
    runs = made.runs_of(requests)
    if kind == "requests":
        runs = runs.clear()
    if kind == "names":
        runs = runs.with_columns(pl.lit("renamed:1b").alias("model"))
    return made.turn(requests, made.inferences_of(drawn), runs, made.loads_of(requests).clear(), first)


LATE = st.tuples(st.integers(-30, 24 * DAYS + 5), st.sampled_from(["requests", "runs", "names"]), st.booleans())


@settings(max_examples=1, deadline=None, phases=[Phase.explicit, Phase.generate])
@example(late=[(30, "names", True), (30, "requests", False)], asked={})
@given(late=st.lists(LATE, min_size=1, max_size=2), asked=st.sampled_from(({}, *RANGES)))
def test_late_rows_are_never_hidden_by_a_file(
    tmp_path_factory: pytest.TempPathFactory, late: list[tuple[int, str, bool]], asked: dict[str, Any]
) -> None:
    root = tmp_path_factory.mktemp("late") / "store"
    made.fill(root, FEW, DAYS)
    runtime.close_dates(root, NOW)
    for number, (hour, kind, close) in enumerate(late):
        with store.open_store(root, command="test", clock=FrozenClock(NOW)) as opened_store:
            opened_store.commit(late_turn(FEW + 4 * number, hour, kind))
        if close:
            runtime.close_dates(root, NOW, thorough=True)
        assert_same(root, SUMMED, **asked)


@pytest.mark.parametrize("point", CRASH_POINTS)
def test_a_crash_leaves_nothing_that_is_read_by_mistake(tmp_path: Path, point: str) -> None:
    root = tmp_path / "store"
    made.fill(root, FEW, DAYS)
    left = 2

    def crash(name: str) -> None:
        nonlocal left
        left -= name == point
        if not left:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        closing.close_dates(place(root, crash), NOW)
    assert_same(root, FEW_VIEWS)
    assert runtime.close_dates(root, NOW, thorough=True) <= DAYS
    with opened(root) as house:
        assert len(house.closed_dates()) == DAYS
    assert_same(root, FEW_VIEWS)
    assert not [path for path in StoreLayout(root).derived.iterdir() if path.name.startswith(".2")]


def test_a_day_that_is_not_over_is_joined(tmp_path: Path) -> None:
    root = tmp_path / "store"
    made.fill(root, FEW, DAYS)
    assert runtime.close_dates(root, made.START + timedelta(days=2, minutes=30)) == 1
    with opened(root) as house:
        assert [each.date for each in house.closed_dates()] == [made.START.date()]


def test_files_of_removed_days_and_old_stale_ones_go(tmp_path: Path) -> None:
    root = tmp_path / "store"
    made.fill(root, FEW, DAYS)
    runtime.close_dates(root, NOW)
    snapshot = store.read_snapshot(root)
    first = made.START.date().isoformat()
    gone = [part for part in snapshot.parts if part.date != first]
    store.sweep_closed_dates(root, type(snapshot)(snapshot.batch, tuple(gone)), NOW)
    assert not list(StoreLayout(root).derived.glob(f"{first}*"))
    assert list(StoreLayout(root).derived.glob(f"{date.fromisoformat(first) + timedelta(days=1)}*.parquet"))
    later = datetime.now(UTC) + timedelta(days=1)  # the files' own times are those of the machine
    with store.open_store(root, command="test", clock=FrozenClock(NOW)) as opened_store:
        opened_store.commit(late_turn(FEW, 30, "requests"))
    store.sweep_closed_dates(root, store.read_snapshot(root), later)
    assert not list(StoreLayout(root).derived.glob(f"{date.fromisoformat(first) + timedelta(days=1)}*.parquet"))
    assert_same(root, ["model_requests"])


def test_retention_takes_what_was_kept_of_removed_days(tmp_path: Path) -> None:
    root = tmp_path / "store"
    made.fill(root, FEW, DAYS)
    runtime.close_dates(root, NOW)
    now = made.START + timedelta(days=DAYS)
    with store.open_store(root, command="test", clock=FrozenClock(now)) as opened_store:
        cleaning.clean_up(root, opened_store, Retention(Limits(keep_days=2)), runtime.opened_warehouse, now)
    assert not list(StoreLayout(root).derived.glob("2026-03-01*"))
    assert list(StoreLayout(root).derived.glob("2026-03-04*"))
    assert_same(root, SUMMED)


def test_a_note_that_cannot_be_read_is_no_note(tmp_path: Path) -> None:
    root = tmp_path / "store"
    made.fill(root, FEW, DAYS)
    runtime.close_dates(root, NOW)
    root = shutil.copytree(root, tmp_path / "copy")
    for note in StoreLayout(root).derived.glob("*.json"):
        note.write_text("{", encoding="utf-8")
    assert store.read_closed_dates(root, store.read_snapshot(root)) == ()
    assert_same(root, ["model_requests"])


def test_a_damaged_file_is_named_and_what_mends_it(tmp_path: Path) -> None:
    root = tmp_path / "store"
    made.fill(root, FEW, DAYS)
    runtime.close_dates(root, NOW)
    damaged = min(StoreLayout(root).derived.glob("*.parquet"))
    damaged.write_bytes(b"junk")
    with runtime.warehouse(root, now=NOW) as warehouse, pytest.raises(WarehouseError) as told:
        warehouse.query("SELECT count(latency_ns) FROM model_requests")
    assert damaged.name in (told.value.found or "")
    assert told.value.fix == "see which files of the store are damaged, and what to do: ollalog verify"
    for problem in store.verify(root, lambda *_: []).derived:
        (root / problem.partition(":")[0]).unlink()
    assert_same(root, ["model_requests"])


def test_status_and_verify_tell_of_what_is_kept(tmp_path: Path) -> None:
    root = tmp_path / "store"
    made.fill(root, FEW, DAYS)
    assert store.read_status(root).derived == store.Derived(0, ())
    runtime.close_dates(root, NOW)
    derived = store.read_status(root).derived
    assert derived.dates == tuple(made.START.date() + timedelta(days=day) for day in range(DAYS))
    folder = StoreLayout(root).derived
    assert derived.size_bytes == sum(path.stat().st_size for path in folder.iterdir())
    assert store.verify(root, lambda *_: []).derived == ()
    rows, sums, note = (*(min(folder.glob(kind)) for kind in ("*.parquet", "*.sums")), folder / "2026-03-01.key.names.json")
    rows.write_bytes(rows.read_bytes()[:-100])
    sums.write_bytes(b"")
    note.write_text("{", encoding="utf-8")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    report = store.verify(root, lambda *_: [])
    assert set(report.derived) == {
        f"derived/{note.name}: cannot be read",
        f"derived/{rows.name}: cannot be read as Parquet",
        f"derived/{sums.name}: cannot be read as Parquet",
        "derived/notes.txt: does not belong there",
    }
    assert set(report.derived) <= set(report.as_dict()["problems"])


def test_in_a_folder_that_cannot_be_written_nothing_is_kept(tmp_path: Path) -> None:
    root = tmp_path / "store"
    made.fill(root, FEW, DAYS)
    StoreLayout(root).derived.write_text("in the way", encoding="utf-8")
    assert runtime.close_dates(root, NOW) == 0
    assert_same(root, ["model_requests"])


def test_the_stem_of_a_file_is_its_name() -> None:
    assert ClosedDate(date(2026, 3, 1), Path("/a/2026-03-01.key.names.parquet")).stem == "2026-03-01.key.names"
