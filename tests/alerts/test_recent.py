"""What rules find in memory, commit by commit, is what they find in the store (C4, F9)."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ollalog import alerts, runtime, store
from ollalog.alerts import RuleRunner
from ollalog.alerts.recent import Recent
from ollalog.alerts.rules import MINUTE
from ollalog.alerts.state import Ticks
from ollalog.alerts.sums import Sums
from ollalog.alerts.ticks import EPOCH
from ollalog.core.batch import Snapshot
from ollalog.core.clock import FrozenClock
from ollalog.core.events import NullEvents
from ollalog.runtime import IngestOptions
from ollalog.warehouse import Warehouse, load_views
from tests.alerts.live import START, answers
from tests.test_runtime import CLOCK

SESSION = Path(__file__).parents[1] / "evaluation" / "sessions" / "new_02_debug.log.gz"
SAMPLES = Path(__file__).parents[2] / "sample_logs"
TABLES = {"requests": "ended_at", "inferences": "happened_at", "pairs": "happened_at", "server_events": "happened_at", "rejects": "read_at"}
OPTIONS = IngestOptions(timezone="UTC", host="box", no_alerts=True)
HEADER = """-- [alert]
-- needs    = ["{need}"{more}]
-- severity = "low"
-- summary  = "x"
-- labels   = ["label"]
-- lookback = "7d"
-- [columns]
-- tick  = "instant; UTC"
-- label = "of what"
-- value = "count"
"""
COUNTS = {
    "recent_requests": "SELECT tick, client AS label, count(*) AS value FROM recent_requests GROUP BY ALL",
    "recent_inferences": "SELECT tick, model_blob AS label, sum(generated_tokens) AS value FROM recent_inferences GROUP BY ALL",
    "recent_server_events": "SELECT tick, event AS label, count(*) AS value FROM recent_server_events GROUP BY ALL",
    "recent_model_loads": "SELECT tick, model_blob AS label, max(load_ns) AS value FROM recent_model_loads GROUP BY ALL",
    "recent_model_requests": "SELECT tick, coalesce(model, model_blob) AS label, sum(latency_ns) AS value "
    "FROM recent_model_requests GROUP BY ALL",
    "client_hours": "SELECT tick, client AS label, sum(requests) AS value FROM client_hours, ticks GROUP BY ALL",
    "speed_by_hour": "SELECT tick, model AS label, sum(eval_ns) AS value FROM speed_by_hour, ticks GROUP BY ALL",
    "lines_by_minute": "SELECT tick, minute::VARCHAR AS label, sum(lines) AS value FROM lines_by_minute, ticks GROUP BY ALL",
}
ALWAYS: dict[str, dict[str, float]] = {
    "slow_response": {"threshold": 1}, "low_success_rate": {"threshold": -1, "recovery": -2}, "slow_model_load": {"threshold": 0},
    "context_overflow": {"threshold": 0.0}, "model_thrash": {"threshold": 0},
}  # fmt: skip


def grown(log: Path, whole: bytes, cuts: int) -> Iterator[None]:
    """The log, as it grows."""
    for number in range(1, cuts + 1):
        log.write_bytes(whole[: len(whole) * number // cuts])
        yield


def test_each_rule_finds_in_memory_what_it_finds_in_the_store(tmp_path: Path) -> None:
    """A log of 63 loads of models and 466 requests, read in pieces: rows that join others are known late, and then stay."""
    root, log, rules_folder = tmp_path / "store", tmp_path / "server.log", tmp_path / "rules"
    rules_folder.mkdir()
    for need, select in COUNTS.items():
        more = "" if need.startswith("recent_") else ', "ticks"'
        (rules_folder / f"all_{need}.sql").write_text(HEADER.format(need=need, more=more) + select, encoding="utf-8")
    loaded = alerts.load_rules(rules_folder, ALWAYS)
    assert loaded.faults == ()
    rules = [rule for name, rule in loaded.rules.items() if name in ALWAYS or name.startswith("all_")]
    recent = Recent(rules, partial(runtime.opened_warehouse, now=CLOCK.at), runtime.unsettled_pairs)
    assert recent.needs.slow == set()
    batch, found = 0, set()
    for number, _ in enumerate(grown(log, gzip.decompress(SESSION.read_bytes()), 5)):
        runtime.ingest(root, [str(log)], OPTIONS, clock=CLOCK, events=NullEvents())
        snapshot = store.read_snapshot(root)
        with runtime.opened_warehouse(snapshot, now=CLOCK.at) as warehouse:
            now = warehouse.query("SELECT max(happened_at) AS now FROM server_events").item()
            tick = EPOCH + -((EPOCH - now) // MINUTE) * MINUTE  # ticks of history are whole minutes
            if number == 0:
                recent.seed(snapshot, now)
            else:
                recent.feed(rows_since(warehouse, batch), snapshot.states)
                recent.take_in(now)
            batch = snapshot.batch
            recent.at(tick)
            runner = RuleRunner(warehouse, rules, tick - timedelta(hours=1), is_live=True)
            for rule in rules:
                in_memory = {labels: hits[-1].value for labels, hits in recent.hits(rule, tick, recovering=False).items()}
                in_store = {
                    labels: hits[-1].value for labels, hits in runner.hits(rule, Ticks(tick, tick, rule.step)).items() if hits[-1].beyond
                }
                assert in_memory == pytest.approx(in_store), (number, rule.name)
                found |= {rule.name} if in_store else set()
    assert found == {rule.name for rule in rules}
    recent.close()


def rows_since(warehouse: Warehouse, batch: int) -> dict[str, pl.DataFrame]:
    """The rows of later commits."""
    return {
        name: warehouse.query(f"SELECT * EXCLUDE (batch) FROM {name} WHERE batch > {batch} ORDER BY {time}")  # noqa: S608 - names of tables
        for name, time in TABLES.items()
    }


@pytest.fixture(scope="module")
def sample_rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """All rows of the sample logs, and of one with lines that nobody knows, in order of lines; what the views that merge say of them."""
    root, odd = tmp_path_factory.mktemp("samples") / "store", tmp_path_factory.mktemp("odd") / "server.log"
    for minute in range(40):
        answers(odd, minute % 3)(START + timedelta(minutes=minute))
        with odd.open("a", encoding="utf-8") as file:
            file.write("[GIN] what is this?\n" * (minute % 5))
    runtime.ingest(root, [str(SAMPLES), str(odd)], OPTIONS, clock=FrozenClock(CLOCK.at), events=NullEvents())
    merging = [name for name, view in load_views().items() if view.merge and set(view.needs) <= TABLES.keys()]
    with runtime.opened_warehouse(store.read_snapshot(root), now=CLOCK.at) as warehouse:
        rows = {
            name: warehouse.query(f"SELECT * EXCLUDE (batch) FROM {name} ORDER BY source, byte_offset")  # noqa: S608
            for name in TABLES
            if name != "pairs"
        }
        return rows, {name: warehouse.view(name) for name in merging}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.floats(0, 1), max_size=5), asks=st.lists(st.booleans(), min_size=6, max_size=6))
def test_sums_are_the_same_whatever_the_commits_and_whenever_they_are_asked_for(
    sample_rows: tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]], cuts: list[float], asks: list[bool]
) -> None:
    rows, views = sample_rows
    assert rows["rejects"].height
    lines = pl.concat([frame.select("source", "byte_offset") for frame in rows.values()]).sort("source", "byte_offset")
    ends = [*sorted(lines.row(int(cut * (lines.height - 1))) for cut in cuts), lines.row(-1)]
    warehouse = runtime.opened_warehouse(Snapshot(0, ()), now=CLOCK.at)
    warehouse.keep_small_tables()
    sums = Sums({name: load_views()[name] for name in views}, warehouse)
    found: dict[str, list[pl.DataFrame]] = {name: [] for name in views}
    before = (-1, -1)
    for number, end in enumerate(ends):
        sums.feed({name: between(frame, before, end) for name, frame in rows.items() if between(frame, before, end).height})
        before = end
        for name in views if asks[number] or end == ends[-1] else ():
            added = sums.added(name)
            found[name] += [] if added is None else [added]
    sums.close()
    for name, view in views.items():
        file = load_views()[name]
        merged = (
            pl.concat(found[name], how="vertical_relaxed")
            .group_by(file.grain)
            .agg(*(getattr(pl.col(column), how)() for column, how in file.merge.items()))
        )
        assert merged.select(view.columns).sort(file.grain).rows() == view.sort(file.grain).rows(), name


def between(frame: pl.DataFrame, after: tuple[int, ...], to: tuple[int, ...]) -> pl.DataFrame:
    """The rows of lines after one line, up to another."""

    def number(line: tuple[int, ...]) -> pl.Expr:
        return (pl.col("source") > line[0]) | ((pl.col("source") == line[0]) & (pl.col("byte_offset") > line[1]))

    return frame.filter(number(after) & ~number(to))
