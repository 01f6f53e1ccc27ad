"""model_requests against a plain reading of its rule: every line with every record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from ollalog.warehouse import open_warehouse
from tests.warehouse.snapshots import Row, snapshot_of

START = datetime(2026, 6, 21, 18, tzinfo=UTC)
OPERATIONS = ("generate", "chat")
latencies = st.one_of(
    st.integers(0, 60_000_000), st.integers(490_000_000, 520_000_000), st.sampled_from([61_000_000_000, 61_990_000_000, 75_000_000_000])
)


@st.composite
def lines(draw: st.DrawFn) -> Row:
    latency_ns = draw(latencies)
    resolution_ns = 1_000_000_000 if latency_ns >= 60_000_000_000 else 1
    return {
        "ended_at": START + timedelta(seconds=draw(st.integers(0, 9))), "latency_ns": latency_ns // resolution_ns * resolution_ns,
        "latency_resolution_ns": resolution_ns, "operation": draw(st.sampled_from(OPERATIONS)), "method": "POST", "status": 200,
    }  # fmt: skip


@st.composite
def records(draw: st.DrawFn) -> Row:
    return {
        "happened_at": START + timedelta(milliseconds=draw(st.integers(-3_000, 12_000).map(lambda ms: ms // 250 * 250))),
        "total_ns": draw(latencies), "operation": draw(st.sampled_from((*OPERATIONS, None))), "origin": "performance_jsonl", "model": "m",
    }  # fmt: skip


def fit(line: Row, record: Row) -> bool:
    """The rule as DESIGN §6 words it, with what the log cuts off the latency."""
    apart_s = (record["happened_at"] - line["ended_at"]).total_seconds()
    slack_ns = max(5_000_000, line["latency_ns"] / 100)
    least_ns, most_ns = line["latency_ns"] - slack_ns, line["latency_ns"] + line["latency_resolution_ns"] - 1 + slack_ns
    fits: bool = record["operation"] == line["operation"] and -2 <= apart_s <= 1 and least_ns <= record["total_ns"] <= most_ns
    return fits


def pairs(requests: list[Row], inferences: list[Row]) -> set[tuple[int, int]]:
    """Numbers of line and record that fit each other and nothing else."""
    fits = {(a, b) for a, line in enumerate(requests) for b, record in enumerate(inferences) if fit(line, record)}
    return {(a, b) for a, b in fits if sum(a == x for x, _ in fits) == 1 and sum(b == y for _, y in fits) == 1}


@settings(max_examples=60, deadline=None)
@given(st.lists(lines(), max_size=12), st.lists(records(), max_size=12))
def test_pairs_are_those_that_a_plain_reading_of_the_rule_finds(requests: list[Row], inferences: list[Row]) -> None:
    with TemporaryDirectory() as folder:
        snapshot = snapshot_of(Path(folder), {"requests": requests, "inferences": inferences})
        with open_warehouse(snapshot, now=START) as warehouse:
            rows = warehouse.view("model_requests").to_dicts()

    expected = pairs(requests, inferences)
    assert {(row["byte_offset"] // 100, row["record_offset"] // 100) for row in rows if row["origin"] == "both"} == expected
    assert len(rows) == len(requests) + len(inferences) - len(expected)
    assert len({(row["source"], row["byte_offset"]) for row in rows}) == len(rows)
