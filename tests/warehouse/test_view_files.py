"""What HOUSE_STYLE §6 refuses in a view's file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ollalog.core.batch import Snapshot
from ollalog.core.layout import sql_folder
from ollalog.core.sqlfile import SqlFile
from ollalog.core.tables import TABLES
from ollalog.warehouse import column_types, load_views, open_warehouse
from tests.warehouse.snapshots import snapshot_of

NOW = datetime(2026, 6, 23, 12, tzinfo=UTC)
CLOCKS = re.compile(
    r"\b(now|today|get_current_timestamp|get_current_time|transaction_timestamp|current_(date|time|timestamp)|localtime\w*)\b",
    re.IGNORECASE,
)
VIEWS = sorted(load_views().values(), key=lambda file: file.name)
LIST = (
    "model_requests model_summary model_latency model_speed model_load latency_breakdown prompt_length_effect operation_latency "
    "endpoint_latency status_counts errors_by_type latency_histogram throughput_by_minute hourly_trend daily_trend degradation "
    "hour_of_week usage_by_client model_comparison versions data_quality request_runs concurrency_by_minute model_residency truncations "
    "model_names model_loads cold_starts model_thrash server_settings unavailable time_to_first_token cache_reuse "
    "executions_by_name agents tools cache_rates queue resources_by_minute resource_efficiency "
    "model_score recommendations overview activity time_slices latency_heatmap concurrency_by_slice server_events_by_slice alert_states "
    "resources_by_slice"
)

every_view = pytest.mark.parametrize("file", VIEWS, ids=lambda file: file.name)


def test_all_views_of_the_design_are_there() -> None:
    """E4-E11, E14, A1-A3, A6, A8, B1-B3, C2, C3, C5, C7, D6, F1, F3-F6, F15, F17, F19."""
    assert set(LIST.split()) <= set(load_views())


@every_view
def test_header_describes_exactly_the_columns_in_their_order(file: SqlFile) -> None:
    assert list(file.columns) == list(column_types(file.name))


@every_view
def test_needs_are_exactly_the_relations_that_are_read(file: SqlFile) -> None:
    assert set(file.needs) == relations_read(file.select)


@every_view
def test_no_view_asks_the_clock_of_the_machine(file: SqlFile) -> None:
    assert not CLOCKS.search(re.sub(r"--.*|'[^']*'", "", file.select))


@every_view
def test_columns_of_quantities_have_the_unit_in_name_or_meaning(file: SqlFile) -> None:
    for column, kind in column_types(file.name).items():
        assert not column.endswith("_ns") or kind == "BIGINT", column
        assert not column.endswith("_ratio") or kind == "DOUBLE", column
        assert "HUGEINT" not in kind, column


@every_view
def test_every_view_works_on_an_empty_store(file: SqlFile) -> None:
    with open_warehouse(Snapshot(0, ()), now=NOW) as warehouse:
        assert warehouse.view(file.name).height == 0


@every_view
def test_grain_tells_all_rows_apart(file: SqlFile, tmp_path: Path) -> None:
    with open_warehouse(snapshot_of(tmp_path, busy_day()), now=NOW, timezone="Europe/Berlin") as warehouse:
        rows = warehouse.view(file.name)
    assert rows.select(file.grain).is_duplicated().sum() == 0


def test_no_outer_select_takes_every_column() -> None:
    for file in VIEWS:
        assert not re.search(r"^SELECT\s+\*", file.select, re.MULTILINE), file.name


def test_no_other_file_lies_among_the_views() -> None:
    assert {path.suffix for path in sql_folder("views").iterdir()} == {".sql"}


def relations_read(select: str) -> set[str]:
    """The relations that a SELECT names, its own CTEs left out."""
    answers = duckdb.connect().execute("SELECT json_serialize_sql($1::VARCHAR)", [select]).fetchall()
    nodes = list(dicts(json.loads(answers[0][0])))
    own = {entry["key"] for node in nodes if "cte_map" in node for entry in node["cte_map"]["map"]}
    return {node["table_name"] for node in nodes if node.get("type") == "BASE_TABLE"} - own


def dicts(tree: object) -> Iterator[dict[str, Any]]:
    """Every object of a JSON tree."""
    if isinstance(tree, dict):
        yield tree
    for item in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from dicts(item)


def busy_day() -> dict[str, list[dict[str, object]]]:
    """Two hundred requests and records with few different values and many nulls."""
    requests: list[dict[str, object]] = [
        {
            "ended_at": datetime(2026, 6, 1 + number % 3, number % 24, number % 7, tzinfo=UTC), "latency_ns": 10**6 * (number % 11),
            "started_at": None, "latency_resolution_ns": 1, "status": (200, 200, 404, 500)[number % 4], "method": "POST",
            "route": "/api/chat", "operation": ("chat", "generate", "list")[number % 3], "client": (None, "::1")[number % 2],
            "session": (None, "a")[number % 2], "host": "h",
        }
        for number in range(200)
    ]  # fmt: skip
    inferences: list[dict[str, object]] = [
        {
            "happened_at": datetime(2026, 6, 1 + number % 3, number % 24, number % 7, tzinfo=UTC), "total_ns": 10**6 * (number % 13),
            "origin": ("performance_jsonl", "server_log")[number % 2], "operation": ("chat", None)[number % 2], "success": number % 5 > 0,
            "model": (None, "a:1b", "b:2b")[number % 3], "eval_ns": 10**6, "generated_tokens": number % 4, "prompt_tokens": number * 10,
            "error_type": (None, "timeout")[number % 2], "host": "h",
        }
        for number in range(200)
    ]  # fmt: skip
    events: list[dict[str, object]] = [
        {"happened_at": datetime(2026, 6, 1, tzinfo=UTC), "event": event, "session": "a", "host": "h", "model": model}
        for event in ("server_started", "model_load_started", "model_loaded", "model_named", "runners_counted", "prompt_truncated")
        for model in (None, "a:1b")
    ]
    rejects: list[dict[str, object]] = [{"read_at": NOW, "format": None, "reason": "no format"} for _ in range(2)]
    pairs: list[dict[str, object]] = [
        {"source": 1, "request_offset": 100 * number, "run_source": 2, "run_offset": 100 * (number + 1), "confidence": "certain"}
        for number in range(0, 200, 4)
    ]
    alerts: list[dict[str, object]] = [{"happened_at": NOW, "rule": "slow_response", "state": "firing", "replayed": True}]
    rollups: list[dict[str, object]] = [{"happened_at": datetime(2026, 6, 1, tzinfo=UTC), "model": "a:1b", "requests": 3, "successes": 0}]
    executions: list[dict[str, object]] = [
        {
            "happened_at": datetime(2026, 6, 1 + number % 3, number % 24, number % 7, tzinfo=UTC), "name": (None, "a", "b")[number % 3],
            "kind": ("request", "tool", "agent", "task")[number % 4], "parent": (None, "a")[number % 2], "graph": (None, "g")[number % 2],
            "status": ("success", "timeout", "error")[number % 3], "duration_ns": (None, 10**6 * number)[number % 2], "host": "h",
        }
        for number in range(100)
    ]  # fmt: skip
    signals: list[dict[str, object]] = [
        {
            "happened_at": datetime(2026, 6, 1, number % 24, tzinfo=UTC), "kind": kind, "name": (None, "a", "b")[number % 3],
            "outcome": (None, "hit", "miss")[number % 3], "value": number, "duration_ns": number, "host": "h",
        }
        for number in range(30)
        for kind in ("cache", "queue_request", "queue_rejection", "queue_wait", "queue_size", "queue_workers", "tokens")
    ]  # fmt: skip
    samples: list[dict[str, object]] = [
        {
            "happened_at": datetime(2026, 6, 1, number % 24, number % 7, tzinfo=UTC), "scope": ("host", "gpu", "process")[number % 3],
            "host": ("h", "i")[number % 2], "cpu_ratio": (None, 0.5)[number % 2], "gpu_energy_j": number, "interval_ns": 10**9,
        }
        for number in range(100)
    ]  # fmt: skip
    rows: dict[str, list[dict[str, object]]] = {
        "requests": requests, "inferences": inferences, "pairs": pairs, "server_events": events, "rejects": rejects, "alerts": alerts,
        "executions": executions, "signals": signals, "resource_samples": samples, "day_rollups": rollups,
    }  # fmt: skip
    assert set(rows) == set(TABLES)
    return rows
