"""What is counted beside the rows: equal to a recount of them, never less than before, whatever stops or repeats the work (DESIGN §9)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ollalog.core.series import BOUNDS_NS, KEPT, MOST_SERIES, Series, total
from ollalog.core.tables import TABLES, polars_schema
from ollalog.store import CRASH_POINTS, Store, open_store, read_series, read_snapshot, schema, verify
from ollalog.store.counting import amounts
from tests.store.building import CLOCK, START, opened, turn, turn_of

DURATIONS = st.one_of(
    st.none(), st.sampled_from([0, 1, BOUNDS_NS[0], BOUNDS_NS[0] + 1, BOUNDS_NS[-1], BOUNDS_NS[-1] + 1]), st.integers(0, 10**13)
)
NAMES = st.sampled_from([None, "", "a:1b", "b:2b", 'q"uo\\te\n', "ü" * 300])
CHOICES: dict[str, dict[str, Any]] = {
    "requests": {"operation": st.sampled_from(["chat", "generate", "other"])},
    "inferences": {"origin": st.sampled_from(["performance_jsonl", "server_log"])},
    "server_events": {"event": st.sampled_from(["model_loaded", "other"])},
    "executions": {
        "kind": st.sampled_from(["request", "task", "tool", "agent", "node", "graph"]),
        "event": st.sampled_from(["latency", "request_ended", "error", "task", "tool", "agent", "node", "graph", "model_load"]),
        "status": st.sampled_from(["success", "timeout", "error"]),
    },
    "signals": {
        "kind": st.sampled_from(["request", "request_started", "cache", "tokens", "queue_size", "queue_wait", "breaker", "system_info"]),
        "outcome": st.sampled_from([None, "hit", "miss", "open", "closed"]),
    },
    "resource_samples": {"scope": st.sampled_from(["host", "gpu", "process"])},
}


@st.composite
def rows(draw: st.DrawFn, table: str) -> pl.DataFrame:
    """A few rows of a table, with values that matter to what is counted."""
    schema = polars_schema(TABLES[table])
    count = draw(st.integers(0, 4))
    columns: dict[str, list[object]] = {}
    for name, kind in schema.items():
        if name == "batch":
            continue
        if name in CHOICES.get(table, {}):
            values: Any = CHOICES[table][name]
        elif name == TABLES[table].time:
            values = st.integers(0, 3 * 86_400).map(lambda second: START + timedelta(seconds=second))
        elif name == "source":
            values = st.just(1)
        elif kind == pl.String():
            values = st.none() if name in {"attrs", "labels"} else NAMES
        elif kind == pl.Int64():
            values = DURATIONS
        elif kind == pl.Float64():
            values = st.one_of(st.none(), st.floats(0, 1e6))
        else:
            values = st.none()
        columns[name] = draw(st.lists(values, min_size=count, max_size=count))
    return pl.DataFrame(columns, schema={name: kind for name, kind in schema.items() if name != "batch"})


COUNTED = ("requests", "inferences", "server_events", "executions", "signals", "resource_samples", "rejects")
BATCHES = st.lists(st.fixed_dictionaries({table: rows(table) for table in COUNTED}), min_size=1, max_size=4)


def summed(series: Iterable[Series]) -> dict[tuple[str, tuple[str, ...]], object]:
    """What must be the same: all but the values of gauges, of which the newest counts."""
    return {
        each.key: (each.value if KEPT[each.family].adding != "last" else None, each.buckets, each.least, each.greatest) for each in series
    }


def recounted(root: Path) -> dict[tuple[str, tuple[str, ...]], object]:
    """The same from all rows of the store."""
    frames = (
        (part.table, pl.read_parquet(next(path for path in part.paths if path.exists()), hive_partitioning=False))
        for part in read_snapshot(root).parts
    )
    return summed(total(each for table, frame in frames for each in amounts({table: frame})).values())


def placed(tables: dict[str, pl.DataFrame], first: int) -> tuple[dict[str, pl.DataFrame], int]:
    """Rows with byte offsets of their own; and how many lines they are."""
    done: dict[str, pl.DataFrame] = {}
    line = first
    for table, frame in tables.items():
        offsets = pl.int_range(line, line + frame.height, eager=True).cast(pl.Int64) * 100
        done[table] = frame.with_columns(offsets.alias("byte_offset"))
        line += frame.height
    return done, line


@settings(deadline=None, max_examples=8, phases=[Phase.generate])
@given(batches=BATCHES)
def test_what_is_counted_equals_a_recount_of_the_rows(batches: list[dict[str, pl.DataFrame]]) -> None:
    """DESIGN §9, in whatever batches the rows came, and after a restart after each."""
    with TemporaryDirectory() as folder:
        root, line = Path(folder), 0
        for tables in batches:
            with opened(root) as store:
                given_rows, end = placed(tables, line)
                store.commit(turn_of(given_rows, line, end))
                line = end
        assert summed(read_series(root)) == recounted(root)
        assert verify(root, lambda *_: []).problems == ()


class Stopped(BaseException):
    """The program dies here."""


@pytest.mark.parametrize(
    "point", [point for point in CRASH_POINTS if not point.startswith(("rebuild", "alerts", "removal", "part_withdrawn"))]
)
def test_a_crash_at_any_point_neither_loses_nor_repeats_a_count(tmp_path: Path, point: str) -> None:
    """F8, DESIGN §9: what is counted is what is committed."""
    with opened(tmp_path) as store:
        store.commit(requests_of(0, 5, 200))
    seen: list[str] = []

    def fault(name: str) -> None:
        seen.append(name)
        if name == point and seen.count(name) > 1 - (point in {"recovery_begun", "recovery_published", "staging_emptied"}):
            raise Stopped

    def work(store: Store) -> None:
        store.commit(requests_of(5, 9, 200))
        store.commit(requests_of(9, 12, 200))

    try:
        with open_store(tmp_path, command="test", clock=CLOCK, fault=fault) as store:
            work(store)
    except Stopped:
        pass
    with opened(tmp_path) as store:
        done = store.sources()[0].offset // 100
        assert summed(read_series(tmp_path)) == recounted(tmp_path)
        if done < 12:
            store.commit(requests_of(done, 12, 200))
    assert summed(read_series(tmp_path)) == recounted(tmp_path)
    (requests,) = (each for each in read_series(tmp_path) if each.family == "requests")
    assert sum(part.rows for part in read_snapshot(tmp_path).parts) == 12
    assert verify(tmp_path, lambda *_: []).problems == ()
    assert requests.count == 12


def counts(root: Path) -> dict[tuple[str, tuple[str, ...]], int]:
    return {each.key: each.count for each in read_series(root) if each.family == "requests"}


def requests_of(first: int, last: int, status: int) -> Any:  # noqa: ANN401 - a turn
    """A turn over requests that took a second."""
    made = turn(first, last, status=status)
    return turn_of({"requests": made.tables["requests"].with_columns(pl.lit(10**9, pl.Int64).alias("latency_ns"))}, first, last)


def test_reprocessing_counts_what_is_more_and_takes_nothing_back(tmp_path: Path) -> None:
    """DESIGN §9: reprocess never lowers a counter."""
    with opened(tmp_path) as store:
        store.commit(requests_of(0, 10, 200))
        before = counts(tmp_path)
        assert list(before.values()) == [10]
        with store.rebuild([1]) as rebuild:  # the same lines, read as before but for two, and three more
            rebuild.add(requests_of(0, 8, 200))
            rebuild.add(requests_of(8, 13, 500))
            rebuild.commit()
    after = counts(tmp_path)
    assert {key: after[key] for key in before} == before
    assert sorted(after.values()) == [5, 10]
    assert verify(tmp_path, lambda *_: []).problems == ()


def test_a_store_that_was_written_before_anything_was_counted_is_counted_when_it_is_opened(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(requests_of(0, 10, 200))
    expected = counts(tmp_path)
    with sqlite3.connect(tmp_path / "catalog.sqlite") as connection:
        for table in ("series", "uncounted", "free_runs", "queues"):
            connection.execute(f"DROP TABLE {table}")
        before = next(version for version, statements in schema.UPGRADES.items() if "TABLE series" in str(statements)) - 1
        connection.execute(f"PRAGMA user_version={before}")
    connection.close()
    assert read_series(tmp_path) == []
    opened(tmp_path).close()
    assert counts(tmp_path) == expected


def test_a_store_that_counted_requests_without_their_model_is_read_and_goes_on(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(requests_of(0, 10, 200))
    expected = counts(tmp_path)
    with sqlite3.connect(tmp_path / "catalog.sqlite") as connection:
        for table in ("uncounted", "free_runs", "queues"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("""UPDATE series SET labels = substr(labels, 1, length(labels) - 5) || ']' WHERE family = 'requests'""")
        before = next(version for version, statements in schema.UPGRADES.items() if "TABLE uncounted" in str(statements)) - 1
        connection.execute(f"PRAGMA user_version={before}")
        assert connection.execute("SELECT labels FROM series").fetchall() == [('["gpu1", "", "", "", "200"]',)]
    connection.close()
    assert counts(tmp_path) == expected
    with opened(tmp_path) as store:
        store.commit(requests_of(10, 13, 200))
    assert counts(tmp_path) == dict.fromkeys(expected, 13)


def test_verify_says_what_was_not_counted(tmp_path: Path) -> None:
    """DESIGN §9: by how much counters and rows differ."""
    with opened(tmp_path) as store:
        store.commit(requests_of(0, 10, 200))
    with sqlite3.connect(tmp_path / "catalog.sqlite") as connection:
        connection.execute("UPDATE series SET value = value - 5 WHERE family = 'requests'")
    connection.close()
    (problem,) = verify(tmp_path, lambda *_: []).problems
    assert problem.startswith("counter requests['gpu1'")
    assert problem.endswith("is 9999999995, the rows add up to 10000000000")


def test_a_family_has_no_more_series_than_it_may(tmp_path: Path) -> None:
    """R3: 100,000 different models are no way to fill the catalogue."""
    count = MOST_SERIES + 2_000
    schema = polars_schema(TABLES["executions"])
    frame = pl.DataFrame({"line": range(count)}).select(
        pl.lit(1, pl.Int64).alias("source"),
        (pl.col("line") * 100).cast(pl.Int64).alias("byte_offset"),
        pl.lit(START).dt.cast_time_unit("us").alias("happened_at"),
        pl.lit("request").alias("kind"),
        pl.lit("error").alias("event"),
        pl.lit("error").alias("status"),
        ("model" + pl.col("line").cast(pl.String)).alias("name"),
    )
    missing = [pl.lit(None, kind).alias(name) for name, kind in schema.items() if name not in frame.columns]
    frame = frame.with_columns(missing).select([name for name in schema if name != "batch"])
    with opened(tmp_path) as store:
        store.commit(turn_of({"executions": frame}, 0, count))
        again = frame.with_columns(pl.col("byte_offset") + count * 100)
        store.commit(turn_of({"executions": again}, count, 2 * count))
    failures = [each for each in read_series(tmp_path) if each.family == "model_failures"]
    assert len(failures) == MOST_SERIES + 1
    assert failures[-1].labels == ("other",)
    assert failures[-1].value == 4_000
    assert sum(each.value for each in failures) == 2 * count


def test_numbers_only_grow_from_commit_to_commit(tmp_path: Path) -> None:
    seen: list[dict[tuple[str, tuple[str, ...]], int]] = [{}]
    for first in range(0, 50, 10):
        with opened(tmp_path) as store:
            store.commit(requests_of(first, first + 10, 200 + first % 3))
        seen.append(counts(tmp_path))
    for before, after in pairwise(seen):
        assert all(after[key] >= value for key, value in before.items())
    assert sum(seen[-1].values()) == 50


def test_series_that_this_version_does_not_know_are_left_as_they_are(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(requests_of(0, 5, 200))
    with sqlite3.connect(tmp_path / "catalog.sqlite") as connection:
        connection.execute("UPDATE series SET id = id + 1")
        connection.execute("INSERT INTO series VALUES (1, 'of a newer version', '[]', 7, '[]', NULL, NULL, 0)")
    connection.close()
    with opened(tmp_path) as store:
        store.commit(requests_of(5, 9, 500))
    assert sorted(counts(tmp_path).values()) == [4, 5]
    with sqlite3.connect(tmp_path / "catalog.sqlite") as connection:
        found = connection.execute("SELECT value FROM series WHERE family = 'of a newer version'").fetchall()
    connection.close()
    assert found == [(7,)]


def test_retention_takes_nothing_back(tmp_path: Path) -> None:
    """DESIGN §9: counters survive retention."""
    with opened(tmp_path) as store:
        store.commit(requests_of(0, 20, 200))
        before = summed(read_series(tmp_path))
        removed = store.remove_days({("requests", START.date().isoformat())}, stay={}, added={})
    assert removed == {"requests": 20}
    assert recounted(tmp_path) == {}
    assert summed(read_series(tmp_path)) == before
    assert verify(tmp_path, lambda *_: []).problems == ()
