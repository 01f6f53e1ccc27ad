"""What leaves a collector: JSON of A4 and B4, Prometheus text, files, HTTP."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from hypothesis import given
from prometheus_client.parser import text_string_to_metric_families

import ollalog
from ollalog import MetricsCollector
from ollalog.recorder.durations import go_duration
from ollalog.recorder.families import BOUNDS_S, CREW_FAMILIES, FAMILIES
from tests.recorder.demonstration import record_everything
from tests.recorder.test_performance import TEXTS

Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


def parsed(text: str) -> tuple[dict[str, str], Samples]:
    """Families with their types, and samples by name and labels, as prometheus-client reads them."""
    types: dict[str, str] = {}
    samples: Samples = {}
    for family in text_string_to_metric_families(text):
        types[family.name + ("_total" if family.type == "counter" else "")] = family.type
        assert family.documentation
        for sample in family.samples:
            samples.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return types, samples


def test_every_family_of_d_and_b4_has_a_sample_after_a_run() -> None:
    """D1 to D8, B4."""
    collector = MetricsCollector()
    record_everything(collector)
    types, samples = parsed(collector.export_prometheus())
    expected = {f"tinyllm_{family.name}": family.kind for family in FAMILIES} | {
        f"crew_{family.name}": family.kind for family in CREW_FAMILIES
    }
    assert types == expected
    for name, kind in expected.items():
        assert samples[f"{name}_count" if kind == "histogram" else name]


def test_samples_are_what_was_recorded() -> None:
    """B4, D1 to D7."""
    collector = MetricsCollector()
    record_everything(collector)
    _, samples = parsed(collector.export_prometheus())
    model = ("model", "llama3.1:8b")
    graph = ("graph", "default")
    assert samples["tinyllm_requests_total"] == {(("graph", "chat"), model, ("request_type", "chat")): 1}
    assert samples["tinyllm_request_latency_seconds_count"][(graph, model)] == 3
    assert samples["tinyllm_request_latency_seconds_sum"][(graph, model)] == pytest.approx(45.304)
    assert samples["tinyllm_errors_total"] == {(("error_type", "timeout"),): 1, (("error_type", "connection_failed"),): 1}
    assert samples["tinyllm_tokens_input_total"] == {(("graph", "answer"), ("model", "qwen2.5:7b")): 120}
    assert samples["tinyllm_circuit_breaker_state"] == {(("name", "ollama"),): 1}
    assert samples["tinyllm_node_executions_total"] == {
        (("graph", "answer"), ("node", "rank")): 1, (("graph", "answer"), ("node", "retrieve")): 1,
    }  # fmt: skip
    assert samples["tinyllm_node_errors_total"] == {(("error_type", "connection_failed"), ("graph", "answer"), ("node", "rank")): 1}
    assert samples["tinyllm_graph_executions_total"] == {
        (("graph", "answer"), ("status", "success")): 1, (("graph", "plan"), ("status", "error")): 1,
    }  # fmt: skip
    assert samples["tinyllm_system_info"] == {(("app", "demo"), ("version", "1.2")): 1}
    assert samples["crew_requests_total"] == {(("status", "success"),): 1, (("status", "error"),): 1}
    assert samples["crew_request_duration_seconds_sum"] == {(): 3}
    assert samples["crew_cache_hits_total"] == {(): 3}
    assert samples["crew_memory_usage_bytes"] == {(): 50_000_000}


def test_buckets_are_cumulative_and_end_at_two_hours() -> None:
    collector = MetricsCollector()
    for seconds in (0.001, 0.0011, 7680, 7681):
        collector.record_latency("m", seconds)
    _, samples = parsed(collector.export_prometheus("ollama"))
    buckets = {dict(labels)["le"]: value for labels, value in samples["ollama_request_latency_seconds_bucket"].items()}
    assert [float(bound) for bound in buckets] == [*BOUNDS_S, float("inf")]
    assert (buckets["0.001"], buckets["0.005"], buckets["2560"], buckets["7680"], buckets["+Inf"]) == (1, 2, 2, 3, 4)


@given(model=TEXTS, label=TEXTS)
def test_hostile_labels_are_read_back_as_they_were_recorded(model: str, label: str) -> None:
    """R3."""
    collector = MetricsCollector()
    collector.record_latency(model, 0.1)
    collector.set_system_info(**{label: model, "plain": label})
    text = collector.export_prometheus()
    _, samples = parsed(text)
    (labels,) = samples["tinyllm_request_latency_seconds_count"]
    if len(model) <= 256 and not any("\ud800" <= character <= "\udfff" for character in model):
        assert dict(labels)["model"] == model
    assert len(text) < 60_000


def test_promtool_finds_nothing_to_complain_of() -> None:
    if not (promtool := shutil.which("promtool")):
        pytest.skip("needs promtool (Debian package prometheus)")
    collector = MetricsCollector()
    record_everything(collector)
    for name in ("a\nb", 'quo"te', "back\\slash", "x" * 10_000, "\udcff\ud800", "\x1b[31m\x00\r", "😀"):
        collector.record_latency(name, 0.1)
        collector.record_cache_hit(name)
    done = subprocess.run(
        [promtool, "check", "metrics"], input=collector.export_prometheus().encode(), capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_json_has_the_shape_of_a4() -> None:
    """A4."""
    collector = MetricsCollector()
    record_everything(collector)
    document = json.loads(collector.export_json())
    assert list(document) == ["start_time", "models", "tasks", "resources"]
    assert list(document["models"]) == ["llama3.1:8b", "qwen2.5:7b"]
    assert list(document["models"]["qwen2.5:7b"]) == [
        "total", "successful", "failed", "min_latency_ms", "avg_latency_ms", "max_latency_ms", "throughput_rps", "error_rate_percent",
        "tokens", "avg_tokens_per_request", "histogram",
    ]  # fmt: skip
    assert list(document["tasks"]) == [
        "total",
        "completed",
        "failed",
        "avg_seconds",
        "min_seconds",
        "max_seconds",
        "success_rate",
        "last_updated",
    ]
    assert document["resources"] | {"timestamp": ""} == {"memory_mb": 52.5, "cpu_percent": 12.5, "threads": 8, "timestamp": ""}


def test_json_has_the_shape_of_b4() -> None:
    """B4."""
    collector = MetricsCollector()
    record_everything(collector)
    document = json.loads(collector.export_metrics("json"))
    assert list(document) == ["system_metrics", "agent_metrics"]
    assert list(document["system_metrics"]) == [
        "start_time", "last_updated", "total_requests", "successful_requests", "failed_requests", "total_execution_time",
        "average_request_time", "memory_usage_mb", "max_memory_usage_mb", "cache_hits", "cache_misses", "cache_hit_rate",
    ]  # fmt: skip
    assert list(document["agent_metrics"]["a1"]) == [
        "agent_id", "agent_name", "execution_count", "success_count", "error_count", "timeout_count", "total_duration",
        "average_duration", "min_duration", "max_duration", "tool_metrics",
    ]  # fmt: skip
    assert list(document["agent_metrics"]["a1"]["tool_metrics"]["search"]) == [
        "execution_count", "success_count", "error_count", "average_duration",
    ]  # fmt: skip
    assert document["system_metrics"]["total_execution_time"] == "3s"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (1e-9, "1ns"), (1.5e-6, "1.5µs"), (0.25, "250ms"), (0.0015, "1.5ms"), (1, "1s"), (1.05, "1.05s"), (150, "2m30s"),
     (59.9999, "59.9999s"), (60, "1m0s"), (3600, "1h0m0s"), (5025.5, "1h23m45.5s"), (0.9999999996, "1s")],
)  # fmt: skip
def test_durations_are_written_as_go_does(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text


def test_an_unknown_format_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="json, prometheus: 'xml'"):
        MetricsCollector().export_metrics("xml")


def test_files_are_whole_readable_and_replaced(tmp_path: Path) -> None:
    """A4."""
    collector = MetricsCollector()
    path = tmp_path / "deep" / "metrics.json"
    for _ in range(2):
        collector.export_json_to_file(path)
        collector.record_latency("m", 1.0)
    collector.export_json_to_file(path)
    assert json.loads(path.read_text(encoding="utf-8"))["models"]["m"]["total"] == 2
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]
    with pytest.raises(OSError, match=r"metrics\.json"):
        collector.export_json_to_file(path / "below a file")


def test_periodic_exports_go_on_after_a_failure_and_end_with_a_last_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A9."""
    collector = MetricsCollector()
    path = tmp_path / "metrics.json"
    path.mkdir()  # in the way of the first exports
    collector.start_periodic_export(path, 0.01)
    waited = threading.Event()
    for _ in range(2000):
        if caplog.records:
            break
        waited.wait(0.01)
    path.rmdir()
    collector.record_latency("m", 1.0)
    collector.close()
    assert json.loads(path.read_text(encoding="utf-8"))["models"]["m"]["total"] == 1
    assert len(caplog.records) == 1
    with pytest.raises(ValueError, match="more than 0"):
        collector.start_periodic_export(path, 0)


def get(port: int, target: str, method: str = "GET") -> tuple[int, str, str]:
    """Status, type and text of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, target)
        reply = connection.getresponse()
        return reply.status, reply.headers["Content-Type"], reply.read().decode()
    finally:
        connection.close()


def test_metrics_are_served_in_both_formats_and_no_other() -> None:
    """B5."""
    collector = MetricsCollector()
    record_everything(collector)
    server = collector.start_metrics_server(0)
    try:
        assert server.url == f"http://127.0.0.1:{server.port}/metrics"
        assert get(server.port, "/metrics")[:2] == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert get(server.port, "/metrics?format=prometheus")[2] == collector.export_prometheus()
        status, content_type, body = get(server.port, "/metrics?format=json")
        assert (status, content_type) == (200, "application/json")
        assert json.loads(body) == json.loads(collector.export_metrics("json"))
        assert get(server.port, "/metrics?format=xml") == (400, "text/plain; charset=utf-8", "format is none of json, prometheus\n")
        assert get(server.port, "/metrics?format=")[0] == 400
        assert get(server.port, "/")[0] == 404
        assert get(server.port, "/metrics", "HEAD") == (200, "text/plain; version=0.0.4; charset=utf-8", "")
        assert get(server.port, "/metrics", "POST")[0] == 501
    finally:
        collector.close()
    with pytest.raises(ConnectionRefusedError):
        get(server.port, "/metrics")


def test_a_port_in_use_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ollalog.MetricsServerError) as refused:
            MetricsCollector().start_metrics_server(port)
    assert [line.split()[0] for line in str(refused.value).splitlines()] == ["the", "at", "found", "want", "fix"]
    assert f"127.0.0.1:{port}" in str(refused.value)
    with pytest.raises(ollalog.MetricsServerError):
        MetricsCollector().start_metrics_server(70_000)


def test_a_client_that_says_nothing_does_not_hold_up_others_nor_the_end() -> None:
    collector = MetricsCollector()
    server = collector.start_metrics_server(0)
    with socket.create_connection(("127.0.0.1", server.port)) as silent:
        assert get(server.port, "/metrics")[0] == 200
        silent.close()
        collector.close()


def test_the_server_of_the_process_serves_its_collector(tmp_path: Path) -> None:
    ollalog.configure(directory=tmp_path)
    ollalog.get_metrics_collector().record_cache_hit("a cache of its own")
    server = ollalog.start_metrics_server(0)
    try:
        assert 'tinyllm_cache_hits_total{cache="a cache of its own"} ' in get(server.port, "/metrics")[2]
    finally:
        server.close()
        ollalog.configure()
