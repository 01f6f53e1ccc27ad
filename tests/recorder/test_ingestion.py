"""What the recorder writes is what ollalog reads: no event is rejected, whatever the producer does."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollalog import MetricsCollector
from ollalog.cli.main import run
from ollalog.parsing.event_models import EVENT
from ollalog.recorder.events import UnusableValueError, event_record
from ollalog.recorder.families import CREW_FEEDS, FEEDS
from ollalog.recorder.performance import PerformanceRecorder
from tests.parsing.reading import context, read_file
from tests.recorder.demonstration import record_everything
from tests.recorder.test_performance import TEXTS

NUMBERS = st.one_of(
    st.none(), st.booleans(), st.text(max_size=3), st.integers(), st.floats(), st.sampled_from([2**53, 2**53 + 1, 2**62, 1e9, 1e9 + 1, 0.1])
)
NAMES = {"model", "graph", "request_type", "agent", "agent_id", "agent_name", "tool", "node", "cache", "name", "queue", "operation"}


def test_every_event_of_a_run_is_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """E13, D: from the producer's call to the rows."""
    collector = MetricsCollector(tmp_path / "logs")
    record_everything(collector)
    store = str(tmp_path / "store")
    assert run(["ingest", "--json", "--store", store, str(tmp_path / "logs")]) == 0
    summary = json.loads(capsys.readouterr().out)
    lines = (tmp_path / "logs" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    assert summary["fates"] == {"row": len(lines), "folded": 0, "noise": 0, "rejected": 0, "held": 0}
    written = Counter(json.loads(line)["event"] for line in lines)
    assert set(written) == {*FEEDS, *CREW_FEEDS, "task", "tool"}
    assert summary["rows"]["resource_samples"] == written["resource"] + written["memory_usage"]
    query = "SELECT name, count(*) AS n FROM executions WHERE kind = 'tool' AND status = 'error' GROUP BY ALL"
    assert run(["sql", "--store", store, "--format", "json", query]) == 0
    assert json.loads(capsys.readouterr().out) == [{"name": "search", "n": 1}]


def test_rotated_files_are_read_once_each_while_the_producer_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """E13: rotation by size, met in the middle of its work."""
    collector = MetricsCollector(tmp_path / "logs", max_bytes=20_000, backups=50)
    stored = 0
    for begin in range(0, 1000, 250):
        for number in range(begin, begin + 250):
            collector.record_model_load(f"model-{number}", number)
        assert run(["ingest", "--json", "--store", str(tmp_path / "store"), str(tmp_path / "logs")]) == 0
        stored += json.loads(capsys.readouterr().out)["rows"]["executions"]
    assert stored == 1000
    assert len(list((tmp_path / "logs").iterdir())) > 4
    query = "SELECT count(DISTINCT name) AS models, sum(duration_ns) / 1e9 AS seconds FROM executions"
    assert run(["sql", "--store", str(tmp_path / "store"), "--format", "json", query]) == 0
    assert json.loads(capsys.readouterr().out) == [{"models": 1000, "seconds": 499_500.0}]


@pytest.mark.parametrize(
    ("event", "values"),
    [
        ("latency", {"model", "seconds", "graph", "request_type"}),
        ("request_ended", {"model", "seconds", "graph", "request_type", "success", "error"}),
        ("tokens", {"model", "input_tokens", "output_tokens", "graph"}),
        ("resource", {"memory_mb", "cpu_percent", "threads"}),
        ("memory_usage", {"memory_bytes"}),
        ("tool", {"tool", "seconds", "status", "agent", "error", "input_bytes", "output_bytes", "retries"}),
        ("agent", {"agent_id", "agent_name", "seconds", "status"}),
        ("breaker", {"name", "state"}),
        ("queue_size", {"queue", "size"}),
        ("queue_workers", {"queue", "workers"}),
        ("model_load", {"model", "seconds"}),
    ],
)
def test_whatever_a_producer_hands_over_is_an_event_or_nothing(event: str, values: set[str]) -> None:
    """R3."""

    @given(st.fixed_dictionaries({name: TEXTS if name in NAMES else st.one_of(NUMBERS, TEXTS, st.just("success")) for name in values}))
    def holds(given_values: dict[str, object]) -> None:
        try:
            record = event_record(event, given_values, 1)
        except UnusableValueError:
            return
        EVENT.validate_json(json.dumps(record, allow_nan=False))

    holds()


FIELDS = [
    "load_duration_ms", "prompt_eval_duration_ms", "eval_duration_ms", "prompt_tokens", "generated_tokens", "cached_tokens",
    "tokens_per_second", "prompt_tokens_per_second", "context_length", "temperature", "top_p", "memory_bytes", "gpu_ratio", "model_bytes",
    "error_type", "done_reason", "path", "truncated", "something_else",
]  # fmt: skip


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(TEXTS, st.one_of(NUMBERS, TEXTS), st.booleans(), st.dictionaries(st.sampled_from(FIELDS), st.one_of(NUMBERS, TEXTS))),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_a_producer_hands_over_is_a_row_of_inferences(
    tmp_path_factory: pytest.TempPathFactory, given_records: list[tuple[str, object, bool, dict[str, object]]]
) -> None:
    """R3."""
    folder = tmp_path_factory.mktemp("records")
    recorder = PerformanceRecorder(folder)
    for model, latency_ms, success, fields in given_records:
        recorder.record(model, "chat", latency_ms, success, error=None if success else model, fields=fields)
    recorder.file.close()
    outcome = read_file(folder / "performance.jsonl", context("UTC"))
    assert (outcome.fates["row"], outcome.fates.total()) == (len(given_records), len(given_records))
    assert len(outcome.rows("inferences")) == len(given_records)
