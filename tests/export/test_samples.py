"""Kept series as metric families: every family that is promised, valid whatever the labels say, bounded in number (D, B4, F10, R3)."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from ollalog import MetricsCollector
from ollalog.core.series import KEPT, Series
from ollalog.export import Exported, Metric, Sample, document, families, metrics, written
from ollalog.export.writers import prometheus_text
from ollalog.recorder.families import CREW_FAMILIES, FAMILIES
from ollalog.store import read_series
from tests.test_runtime import CLOCK, ingest

ROOT = Path(__file__).parent.parent.parent
EVENTS = ROOT / "tests" / "cases" / "formats" / "events_jsonl" / "every_event.toml"
NAMESPACES = ("ollama", "tinyllm", "crew")
D = """
    requests_total request_latency_seconds active_requests tokens_input_total tokens_output_total model_load_duration_seconds
    errors_total circuit_breaker_state circuit_breaker_failures_total
    node_executions_total node_execution_duration_seconds node_errors_total graph_executions_total graph_execution_duration_seconds
    cache_hits_total cache_misses_total
    queue_size queue_wait_time_seconds queue_requests_total queue_requests_rejected_total queue_active_workers
    system_info rate_limit_wait_seconds memory_operations_total
"""
B4 = "requests_total request_duration_seconds cache_hits_total cache_misses_total memory_usage_bytes"
GEN_AI = (
    "gen_ai_client_token_usage gen_ai_client_operation_duration_seconds gen_ai_server_request_duration_seconds "
    "gen_ai_server_time_per_output_token_seconds gen_ai_server_time_to_first_token_seconds"
)
OLLAMA = (
    "ollama_requests_queued ollama_runs_active ollama_queue_capacity ollama_models_loaded http_requests_total "
    "ollama_total_duration_seconds ollama_load_duration_seconds "
    "ollama_prompt_eval_total ollama_prompt_eval_duration_seconds ollama_eval_total ollama_eval_duration_seconds ollama_build_info "
    "ollama_peak_memory_bytes"
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the sample logs, every event, and a cache that missed."""
    folder = tmp_path_factory.mktemp("exported")
    lines = tomllib.loads(EVENTS.read_text(encoding="utf-8"))["lines"]
    missed = '{"event":"cache","timestamp":"2026-06-21T18:01:00Z","pid":1,"cache":"answers","outcome":"miss"}'
    (folder / "events.jsonl").write_text("\n".join([*lines, missed, ""]), encoding="utf-8")
    ingest(folder / "store", ROOT / "sample_logs", folder / "events.jsonl")
    return folder / "store"


def exported(root: Path, namespaces: Sequence[str] = NAMESPACES) -> list[Metric]:
    """What is exported when requests at the end of a log have waited long enough for lines of their run."""
    later = CLOCK.now_utc() + timedelta(minutes=1)
    return metrics(read_series(root, later), families(namespaces), later)


def test_every_family_that_is_promised_is_there_and_those_of_recorded_programs_have_samples(root: Path) -> None:
    """D1-D7, B4, F10."""
    there = {metric.name: metric for metric in exported(root)}
    promised = [
        *(f"tinyllm_{name}" for name in D.split()),
        *(f"ollama_{name}" for name in D.split()),
        *(f"crew_{name}" for name in B4.split()),
    ]
    for name in promised:
        assert there[name].samples, name
        assert there[name].help
    assert len(FAMILIES) == 24
    assert len(CREW_FAMILIES) == 5
    assert {*GEN_AI.split(), *OLLAMA.split()} <= set(there)
    for name in (
        *GEN_AI.split(),
        "http_requests_total",
        "ollama_total_duration_seconds",
        "ollama_eval_total",
        "ollama_build_info",
        "ollama_requests_queued",
    ):
        assert there[name].samples, name


def test_a_parser_reads_every_family_back(root: Path) -> None:
    text = prometheus_text(exported(root))
    assert text.count("# HELP ") == text.count("# TYPE ")
    read = {family.name: family for family in text_string_to_metric_families(text)}
    latency = read["tinyllm_request_latency_seconds"]
    bounds = [sample.labels["le"] for sample in latency.samples if sample.name.endswith("_bucket")]
    assert bounds[:1] == ["0.001"]
    assert bounds[20:22] == ["7680", "+Inf"]
    requests = {tuple(sample.labels.items()): sample.value for sample in read["tinyllm_requests"].samples}
    assert requests == {(("model", "llama3.1:latest"), ("graph", "default"), ("request_type", "chat")): 1}
    assert sum(sample.value for sample in read["http_requests"].samples) == 2005
    runs = read["ollama_runs"].samples
    models = {sample.labels["model"] for sample in runs if sample.labels["origin"] == "server_log"}
    assert models - {"(unknown)"} <= {sample.labels.get("model") for sample in read["http_requests"].samples}


def test_promtool_finds_nothing_to_say(root: Path) -> None:
    """F10: promtool-clean."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("needs the program promtool")
    text = prometheus_text(exported(root))
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


LABELS = st.text(max_size=30) | st.sampled_from(['a"b', "new\nline", "back\\slash", "\\n", "\r", "\x00", "\x85", "é" * 9000, "{", "}", "="])


@given(values=st.lists(LABELS, min_size=1, max_size=5))
def test_whatever_labels_say_the_text_is_valid(values: list[str]) -> None:
    """R3: hostile labels; a parser reads them back as they were."""
    samples = tuple(Sample((("model", value),), 1) for value in dict.fromkeys(values) if value)
    text = prometheus_text([Metric("x_total", "counter", "h", (), samples)])
    (family,) = text_string_to_metric_families(text)
    assert [sample.labels.get("model") for sample in family.samples] == [dict(sample.labels)["model"] for sample in samples]


def test_series_beyond_the_limit_are_one_and_none_moves_between_exports() -> None:
    """R3: the series that came first stay; sums stay the same."""
    many = [Series("model_failures", (f"model{number}",), 1) for number in range(100)]
    family = Exported("failures_total", "counter", "h", "model_failures", (("model", "model"),))
    (bounded,) = metrics(many, [family], CLOCK.now_utc(), 10)
    (later,) = metrics([*many, Series("model_failures", ("a new one",), 5)], [family], CLOCK.now_utc(), 10)
    assert len(bounded.samples) == len(later.samples) == 11
    values, more = ({sample.labels: sample.value for sample in metric.samples} for metric in (bounded, later))
    assert values[(("model", "other"),)] == 90
    assert more[(("model", "other"),)] == 95
    assert {labels for labels, value in more.items() if values[labels] != value} == {(("model", "other"),)}


def test_what_was_sampled_long_ago_is_not_exported_as_how_it_is() -> None:
    now = CLOCK.now_utc()
    old_us = int((now - timedelta(minutes=6)).timestamp() * 1e6)
    kept = [
        Series("host.cpu_ratio", ("old",), 0.5, at_us=old_us),
        Series("host.cpu_ratio", ("new",), 0.25, at_us=old_us + 120_000_000),
        Series(f"recorded.{'queue_size'}", ("q",), 4, at_us=old_us),
    ]
    there = {metric.name: metric.samples for metric in metrics(kept, families(["ollama"]), now)}
    assert there["ollama_host_cpu_ratio"] == (Sample((("host", "new"),), 0.25),)
    assert there["ollama_queue_size"] == (Sample((("queue", "q"),), 4),)


def test_every_kept_family_is_exported_or_told_as_json() -> None:
    used = {family.series for family in families(NAMESPACES)}
    told = {"agents", "tools", "tasks", "models", "model_failures", "first_event", "last_event"}
    told |= {"process_memory_peak", "process_cpu", "process_threads"}
    assert set(KEPT) == used | told


def test_json_has_the_shapes_that_the_recorder_exports(root: Path, tmp_path: Path) -> None:
    """A4, B4: the same keys, whether a producer exports itself or the store does."""
    collector = MetricsCollector(directory=tmp_path)
    collector.record_latency("llama3.1:8b", 1.5)
    collector.record_task_completion(success=True, seconds=2.0)
    collector.record_agent_execution("a1", "Researcher", 2.5, "success")
    collector.record_tool_execution("search", 0.25, "success", agent="a1")
    programs, crew = json.loads(collector.export_json()), json.loads(collector.export_metrics("json"))
    collector.close()
    told = document(read_series(root), NAMESPACES[1:], CLOCK.now_utc())
    assert set(told) == {"start_time", "models", "tasks", "resources", "system_metrics", "agent_metrics"}
    assert set(document(read_series(root), ["crew"], CLOCK.now_utc())) == {"system_metrics", "agent_metrics"}
    assert set(document(read_series(root), ["tinyllm"], CLOCK.now_utc())) == {"start_time", "models", "tasks", "resources"}
    assert set(document(read_series(root), ["ollama"], CLOCK.now_utc())) == set(told)
    assert set(told["models"]["llama3.1:8b"]) == set(programs["models"]["llama3.1:8b"])
    assert set(told["tasks"]) == set(programs["tasks"])
    assert set(told["resources"]) == set(programs["resources"])
    assert set(told["system_metrics"]) == set(crew["system_metrics"])
    assert set(told["agent_metrics"]["a1"]) == set(crew["agent_metrics"]["a1"])
    assert set(told["agent_metrics"]["a1"]["tool_metrics"]["search"]) == set(crew["agent_metrics"]["a1"]["tool_metrics"]["search"])


def test_the_numbers_of_a4_and_b4_are_those_of_the_events(root: Path) -> None:
    told = document(read_series(root), ("tinyllm", "crew"), CLOCK.now_utc())
    model = told["models"]["llama3.1:8b"]
    assert (model["total"], model["successful"], model["failed"], model["error_rate_percent"]) == (2, 1, 1, 50.0)
    assert (model["min_latency_ms"], model["avg_latency_ms"], model["max_latency_ms"], model["tokens"]) == (1500.0, 1500.0, 1500.0, 357)
    assert [bucket["count"] for bucket in model["histogram"]["buckets"]] == [0] * 9 + [1, 0, 0]
    assert told["tasks"] == {
        "total": 2, "completed": 1, "failed": 1, "avg_seconds": 2.75, "min_seconds": 2.0, "max_seconds": 3.5, "success_rate": 0.5,
        "last_updated": "2026-06-21T18:00:09.123456Z",
    }  # fmt: skip
    assert told["resources"] == {
        "memory_mb": 0.000001, "cpu_percent": 125.0, "threads": 17, "timestamp": "2026-06-21T18:00:11.123456Z"
    }  # fmt: skip
    system = told["system_metrics"]
    assert (system["total_requests"], system["total_execution_time"], system["cache_hit_rate"]) == (1, "12.5s", 0.5)
    assert system["max_memory_usage_mb"] == 104.8576
    assert told["agent_metrics"]["a1"]["tool_metrics"]["search"]["average_duration"] == "250ms"


def test_runs_that_two_logs_tell_of_count_once_in_the_json_of_the_server() -> None:
    buckets = (0,) * 10 + (3,) + (0,) * 11
    kept = [
        Series("run_total", ("h", "a:1b", "chat", "server_log", ""), 3 * 10**9, buckets, 10**9, 10**9),
        Series("run_total", ("h", "a:1b", "chat", "performance_jsonl", ""), 2 * 10**9, (*buckets[:10], 2, *buckets[11:]), 10**9, 10**9),
    ]
    assert document(kept, ["ollama"], CLOCK.now_utc())["models"]["a:1b"]["total"] == 3


def test_csv_and_parquet_have_a_row_for_each_sample(root: Path, tmp_path: Path) -> None:
    found = exported(root)
    lines = [line for line in prometheus_text(found).splitlines() if not line.startswith("#")]
    (tmp_path / "m.parquet").write_bytes(written(found, None, "parquet"))
    rows = pl.read_parquet(tmp_path / "m.parquet")
    assert rows.height == len(lines)
    assert pl.read_csv(written(found, None, "csv")).height == rows.height
    assert rows.columns == ["family", "type", "sample", "labels", "value"]


def test_an_empty_store_exports_families_without_samples(tmp_path: Path) -> None:
    text = prometheus_text(exported(tmp_path / "none"))
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(line.startswith("crew_") and line.endswith(" 0") for line in samples), "what has no labels was counted no times"
    assert "crew_cache_misses_total 0" in samples
    assert document(read_series(tmp_path / "none"), NAMESPACES, CLOCK.now_utc())["models"] == {}


def test_hostile_and_countless_names_from_a_log_stay_valid_and_bounded(tmp_path: Path) -> None:
    """R3: newline, quote, backslash, 10 kB, invalid UTF-8, thousands of different models."""
    hostile = ["new\nline", 'quo"te', "back\\slash", "x" * 10_000, "<script>alert(1)</script>", "\x1b[31m", "\u2028", "{}=,"]
    said = [{"model": name, "seconds": 1} for name in (*hostile, *(f"model{number}:1b" for number in range(6_000)))]
    common = {"event": "latency", "timestamp": "2026-06-21T18:00:00Z", "pid": 1}
    lines = [json.dumps({**common, **event}).encode() for event in said]
    lines.append(b'{"event":"latency","timestamp":"2026-06-21T18:00:00Z","pid":1,"seconds":1,"model":"in\xffvalid"}')
    (tmp_path / "events.jsonl").write_bytes(b"\n".join([*lines, b""]))
    ingest(tmp_path / "store", tmp_path / "events.jsonl")
    text = prometheus_text(exported(tmp_path / "store", ["tinyllm"]))
    families_read = {family.name: family for family in text_string_to_metric_families(text)}
    counts = [sample for sample in families_read["tinyllm_request_latency_seconds"].samples if sample.name.endswith("_count")]
    assert len(counts) == 1001
    assert sum(sample.value for sample in counts) == len(lines)
    assert max(len(sample.labels["model"]) for sample in counts) <= 200
    assert len(text) < 4_000_000
    promtool = shutil.which("promtool")
    if promtool is not None:
        done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")


def test_what_a_program_says_of_itself_may_be_long_and_its_names_odd(tmp_path: Path) -> None:
    labels = {"app": "crew", "9 lives": 'a"b', "notes": "x" * 1_000, "le": "no bound"}
    event = {"event": "system_info", "timestamp": "2026-06-21T18:00:00Z", "pid": 1, "labels": labels}
    (tmp_path / "events.jsonl").write_text(json.dumps(event) + "\n", encoding="utf-8")
    ingest(tmp_path / "store", tmp_path / "events.jsonl")
    text = prometheus_text(exported(tmp_path / "store", ["tinyllm"]))
    (family,) = (each for each in text_string_to_metric_families(text) if each.name == "tinyllm_system_info")
    (sample,) = family.samples
    assert sample.labels == {"app": "crew", "label_9_lives": 'a"b', "notes": "x" * 200, "le": "no bound"}
