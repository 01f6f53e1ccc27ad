"""Each recommendation's query runs and gives the numbers that its sentence names."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ollalog.core.tables import TABLES
from ollalog.warehouse import open_warehouse
from tests.warehouse.snapshots import snapshot_of
from tests.warehouse.test_view_cases import CASES, NOW

Rows = list[dict[str, Any]]
# Kind -> the number that its evidence names, and how the rows of its query tell it.
TOLD: dict[str, tuple[str, Callable[[Rows], Any]]] = {
    "keep_alive": ("reloads", len),
    "evictions": ("evictions", lambda rows: rows[0]["evictions"]),
    "runner_crashes": ("crashes", len),
    "num_parallel": ("full_minutes", len),
    "max_queue": ("refused", lambda rows: rows[0]["requests"]),
    "context_unused": ("longest_tokens", lambda rows: rows[0]["longest_tokens"]),
    "context_too_small": ("prompts_truncated", lambda rows: rows[0]["prompts_truncated"]),
    "gpu_layers": ("partial_loads", len),
    "missing_model": ("failures", len),
    "client_timeouts": ("requests", len),
    "upgrade": ("requests", lambda rows: sum(row["requests"] for row in rows if row["version"] is not None)),
}


@pytest.mark.parametrize("path", sorted((CASES / "recommendations").glob("*.toml")), ids=lambda path: path.stem)
def test_the_query_of_a_recommendation_gives_its_numbers(path: Path, tmp_path: Path) -> None:
    """C5, F15."""
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    snapshot = snapshot_of(tmp_path, {name: case.get(name, []) for name in TABLES}, case.get("sources", []))
    with open_warehouse(snapshot, now=NOW) as warehouse:
        for row in warehouse.view("recommendations").to_dicts():
            name, told = TOLD[row["kind"]]
            evidence = json.loads(row["evidence"])
            assert told(warehouse.query(row["query"]).to_dicts()) == evidence[name], row["kind"]
            if row["lost_ns"] is not None and "lost_ns" in evidence:
                assert row["lost_ns"] == evidence["lost_ns"], row["kind"]


@pytest.mark.parametrize(
    ("keep_alive", "is_advised"),
    [("5m0s", True), ("20m0s", True), ("30m0s", False), ("1h0m0s", False), ("24h", False), ("-1", False), ("300", True), ("0", True)],
)
def test_a_model_gone_sooner_than_its_keep_alive_is_not_told_to_be_kept_longer(
    tmp_path: Path, keep_alive: str, *, is_advised: bool
) -> None:
    """F15: none without a cause. It was idle for 25 minutes before each load."""
    case = tomllib.loads((CASES / "recommendations" / "every_sum_that_is_enough.toml").read_text(encoding="utf-8"))
    for event in case["server_events"]:
        if event["event"] == "server_config":
            event["attrs"] = json.dumps({"env": f"map[OLLAMA_KEEP_ALIVE:{keep_alive} OLLAMA_NUM_PARALLEL:2]"})
    snapshot = snapshot_of(tmp_path, {name: case.get(name, []) for name in TABLES}, case.get("sources", []))
    with open_warehouse(snapshot, now=NOW) as warehouse:
        assert ("keep_alive" in warehouse.view("recommendations")["kind"]) is is_advised


def test_every_kind_is_looked_at() -> None:
    shown = {
        row["kind"]
        for path in (CASES / "recommendations").glob("*.toml")
        for row in tomllib.loads(path.read_text(encoding="utf-8")).get("expected", [])
    }
    assert shown == set(TOLD)
