"""The families are those of the requirements, and every event feeds families that are there."""

from __future__ import annotations

import re
from pathlib import Path

from ollalog.recorder import families
from ollalog.recorder.families import BOUNDS_S, CREW_FAMILIES, CREW_FEEDS, FAMILIES, FEEDS, Family, Feed

D_FAMILIES = re.findall(
    r"\w+",
    """
requests_total request_latency_seconds active_requests tokens_input_total tokens_output_total model_load_duration_seconds
errors_total circuit_breaker_state circuit_breaker_failures_total node_executions_total node_execution_duration_seconds
node_errors_total graph_executions_total graph_execution_duration_seconds cache_hits_total cache_misses_total queue_size
queue_wait_time_seconds queue_requests_total queue_requests_rejected_total queue_active_workers system_info
rate_limit_wait_seconds memory_operations_total
""",
)


def test_families_are_the_24_of_d_and_those_of_b4() -> None:
    """D1 to D7, B4."""
    assert [family.name for family in FAMILIES] == D_FAMILIES
    assert len(D_FAMILIES) == 24
    assert [family.name for family in CREW_FAMILIES] == [
        "requests_total", "request_duration_seconds", "cache_hits_total", "cache_misses_total", "memory_usage_bytes",
    ]  # fmt: skip


def test_histograms_and_only_they_have_bounds_up_to_two_hours() -> None:
    for family in (*FAMILIES, *CREW_FAMILIES):
        assert family.bounds == (BOUNDS_S if family.kind == "histogram" else ())
    assert list(BOUNDS_S) == sorted(BOUNDS_S)
    assert {0.1, 0.5, 1.0, 7680.0} <= set(BOUNDS_S)


def test_every_family_is_fed_and_every_feed_has_its_family() -> None:
    for definitions, feeds in ((FAMILIES, FEEDS), (CREW_FAMILIES, CREW_FEEDS)):
        assert {feed.family for told in feeds.values() for feed in told} == {family.name for family in definitions}


def test_only_counters_end_in_total() -> None:
    for family in (*FAMILIES, *CREW_FAMILIES):
        assert (family.kind == "counter") == family.name.endswith("_total")
        assert re.fullmatch(r"[a-z_]+", family.name)


def test_only_gauges_move() -> None:
    kinds = {(feeds is FEEDS, family.name): family.kind for feeds, definitions in _tables() for family in definitions}
    moving = {kinds[feeds is FEEDS, feed.family] for feeds, _ in _tables() for told in feeds.values() for feed in told if feed.moves}
    assert moving == {"gauge"}


def test_the_module_is_data_alone() -> None:
    """It is read by those who must not load the rest."""
    source = Path(families.__file__).read_text(encoding="utf-8")
    assert re.findall(r"^(?:from|import) (\S+)", source, re.MULTILINE) == ["__future__", "typing"]


def _tables() -> list[tuple[dict[str, tuple[Feed, ...]], tuple[Family, ...]]]:
    return [(FEEDS, FAMILIES), (CREW_FEEDS, CREW_FAMILIES)]
