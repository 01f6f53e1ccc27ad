"""MetricsCollector: every operation, every reading, in memory and in events.jsonl."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

import ollalog
from ollalog import MetricsCollector
from ollalog.recorder.series import MOST_SERIES
from tests.recorder.demonstration import record_everything
from tests.recorder.recorded import events, told

# Python 3.12 and later say so wherever a thread runs, and one does: it ends tests that hang.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
FORK = multiprocessing.get_context("fork")


def test_every_operation_is_an_event_of_the_schema(tmp_path: Path) -> None:
    """A, B, D: what the parser reads."""
    collector = MetricsCollector(tmp_path, record_memory=False)
    collector.record_latency("m", 1.5)
    collector.record_error("m", "connection refused")
    collector.record_tokens("m", 5, 7, graph="g")
    collector.record_task_completion(True, 2.0)
    collector.update_resource_metrics(100, 50.0, 4)
    collector.update_memory_usage(1000)
    collector.record_tool_execution("t", 0.5, "timeout", "a", "timeout: x", 1, 2, 3)
    collector.record_tool_execution("t", 0.5, "success")
    collector.record_agent_execution("a", "Agent", 1.0, "error")
    collector.record_cache_hit()
    collector.record_cache_miss("c")
    collector.increment_request_count("m", "g", "chat")
    collector.record_model_load("m", 3)
    collector.set_circuit_breaker_state("b", "open")
    collector.record_circuit_breaker_failure("b")
    collector.set_queue_size("q", 4)
    collector.record_queue_wait("q", 0.25)
    collector.record_queue_request("q")
    collector.record_queue_rejection("q")
    collector.set_active_workers("q", 2)
    collector.record_rate_limit_wait("r", 0.125)
    collector.record_memory_operation("add")
    collector.set_system_info(version=1, **{"odd name": "x"})
    assert told(tmp_path) == [
        {"event": "latency", "model": "m", "seconds": 1.5, "graph": "default", "request_type": "generate"},
        {"event": "error", "model": "m", "error": "connection refused", "error_type": "connection_failed"},
        {"event": "tokens", "model": "m", "input_tokens": 5, "output_tokens": 7, "graph": "g"},
        {"event": "task", "success": True, "seconds": 2.0},
        {"event": "resource", "memory_bytes": 100_000_000, "cpu_ratio": 0.5, "threads": 4},
        {"event": "memory_usage", "memory_bytes": 1000},
        {"event": "tool", "tool": "t", "seconds": 0.5, "status": "timeout", "agent": "a", "error": "timeout: x", "error_type": "timeout",
         "input_bytes": 1, "output_bytes": 2, "retries": 3},
        {"event": "tool", "tool": "t", "seconds": 0.5, "status": "success", "retries": 0},
        {"event": "agent", "agent_id": "a", "agent_name": "Agent", "seconds": 1.0, "status": "error"},
        {"event": "cache", "cache": "default", "outcome": "hit"},
        {"event": "cache", "cache": "c", "outcome": "miss"},
        {"event": "request", "model": "m", "graph": "g", "request_type": "chat"},
        {"event": "model_load", "model": "m", "seconds": 3},
        {"event": "breaker", "name": "b", "state": "open"},
        {"event": "breaker_failure", "name": "b"},
        {"event": "queue_size", "queue": "q", "size": 4},
        {"event": "queue_wait", "queue": "q", "seconds": 0.25},
        {"event": "queue_request", "queue": "q"},
        {"event": "queue_rejection", "queue": "q"},
        {"event": "queue_workers", "queue": "q", "workers": 2},
        {"event": "rate_limit", "name": "r", "seconds": 0.125},
        {"event": "memory_operation", "operation": "add"},
        {"event": "system_info", "labels": {"version": "1", "odd_name": "x"}},
    ]  # fmt: skip
    assert {event["pid"] for event in events(tmp_path)} == {os.getpid()}
    assert all(str(event["timestamp"]).endswith("Z") and len(str(event["timestamp"])) == 27 for event in events(tmp_path))
    assert collector.dropped == 0


def test_context_managers_time_requests_nodes_graphs_and_tools_and_count_their_errors(tmp_path: Path) -> None:
    """D8."""
    collector = MetricsCollector(tmp_path, record_memory=False)
    with collector.track_graph("g"), collector.track_node("n"), collector.track_request_latency("m", request_type="chat"):
        assert 'tinyllm_active_requests{model="m",graph="g"} 1\n' in collector.export_prometheus()
    with pytest.raises(MemoryError), collector.track_node("n", "other"):
        raise MemoryError
    with suppress(TimeoutError), collector.track_tool("t", "a") as tool:
        tool.input_bytes = 3
        raise TimeoutError("too slow")
    with collector.track_request_latency("m") as request:
        request.error = ollalog.ModelNotLoadedError("gone")
    seen = told(tmp_path)
    assert all(float(str(event.pop("seconds"))) > 0 for event in seen if event["event"] != "request_started")
    assert seen == [
        {"event": "request_started", "model": "m", "graph": "g", "request_type": "chat"},
        {"event": "request_ended", "model": "m", "graph": "g", "request_type": "chat", "success": True},
        {"event": "node", "node": "n", "graph": "g", "status": "success"},
        {"event": "graph", "graph": "g", "status": "success"},
        {"event": "node", "node": "n", "graph": "other", "status": "error", "error": "MemoryError", "error_type": "resource_exhausted"},
        {"event": "tool", "tool": "t", "agent": "a", "status": "timeout", "error": "too slow", "error_type": "timeout", "input_bytes": 3,
         "retries": 0},
        {"event": "request_started", "model": "m", "graph": "default", "request_type": "generate"},
        {"event": "request_ended", "model": "m", "graph": "default", "request_type": "generate", "success": False, "error": "gone",
         "error_type": "model_not_loaded"},
    ]  # fmt: skip
    assert 'tinyllm_active_requests{model="m",graph="g"} 0\n' in collector.export_prometheus()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), "timeout"),
        (ConnectionRefusedError(), "connection_failed"),
        (MemoryError(), "resource_exhausted"),
        (type("ReadTimeout", (Exception,), {})(), "timeout"),
        (type("ConnectError", (Exception,), {})(), "connection_failed"),
        (type("ResponseError", (Exception,), {"status_code": 404})("gone"), "invalid_model"),
        (type("ResponseError", (Exception,), {"status_code": 503})("no"), "resource_exhausted"),
        (type("ResponseError", (Exception,), {"status_code": 418})("no"), "invalid_request"),
        (ValueError("model 'x' not found"), "invalid_model"),
        (ValueError("whatever"), "other"),
        (ollalog.OllamaError("timeout"), "other"),
        *((getattr(ollalog, name)("x"), kind) for name, kind in (
            ("OllamaTimeoutError", "timeout"), ("ConnectionFailedError", "connection_failed"), ("InvalidModelError", "invalid_model"),
            ("ResourceExhaustedError", "resource_exhausted"), ("ModelNotLoadedError", "model_not_loaded"),
            ("InvalidRequestError", "invalid_request"), ("OtherError", "other"),
        )),
    ],
)  # fmt: skip
def test_errors_have_the_kinds_of_the_taxonomy(error: Exception, kind: str, tmp_path: Path) -> None:
    """A8."""
    collector = MetricsCollector(tmp_path)
    collector.record_error("m", error)
    assert told(tmp_path)[0]["error_type"] == kind


@pytest.mark.parametrize("is_closed", [True, False])
def test_nothing_is_recorded_where_that_is_not_wanted(tmp_path: Path, is_closed: bool) -> None:  # noqa: FBT001
    collector = MetricsCollector(tmp_path, enabled=is_closed)
    if is_closed:
        collector.close()
        collector.close()
    record_everything(collector)
    assert list(tmp_path.iterdir()) == []
    assert collector.get_all_model_metrics() == {}


def test_what_cannot_be_is_dropped_and_counted_and_never_raised(tmp_path: Path) -> None:
    collector = MetricsCollector(tmp_path)
    collector.record_latency("m", -1)
    collector.record_latency("m", float("nan"))
    collector.record_latency("m", None)  # type: ignore[arg-type]
    collector.update_resource_metrics("much", 1, 1)  # type: ignore[arg-type]
    collector.record_tool_execution("t", 1, "splendid")
    collector.set_circuit_breaker_state("b", "ajar")
    collector.record_tokens("m", 1 << 80, 1)
    assert collector.dropped == 7
    assert not (tmp_path / "events.jsonl").exists()


def test_subscribers_see_four_kinds_of_events_and_never_hold_up_the_writer() -> None:
    """A5."""
    collector = MetricsCollector()
    with collector.subscribe() as all_of_it, collector.subscribe(capacity=2) as small:
        collector.record_latency("m", 1.0)
        collector.record_error("m", "timeout")
        collector.record_task_completion(True, 1.0)
        collector.update_resource_metrics(1, 1, 1)
        collector.record_cache_hit()
        with collector.track_request_latency("m"):
            pass
        collector.close()
        assert [event["event"] for event in all_of_it] == ["latency", "error", "task_complete", "resource", "latency"]
        assert [event["event"] for event in small] == ["latency", "error"]
        assert (all_of_it.dropped, small.dropped) == (0, 3)
    assert collector.subscribe().get(timeout=0) is None


def test_a_subscriber_that_waits_is_woken_by_the_next_event() -> None:
    collector = MetricsCollector()
    subscription = collector.subscribe()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(subscription.get, 60)
        collector.record_latency("m", 1.0)
        event = waiting.result(60)
    assert event
    assert event["event"] == "latency"


def test_counts_of_ten_and_more_writers_are_exact(tmp_path: Path) -> None:
    """A9."""
    collector = MetricsCollector(tmp_path)
    ready = threading.Barrier(16)

    def write(_number: int) -> None:
        ready.wait(60)
        for _ in range(200):
            collector.record_latency("m", 0.5)
            collector.record_tokens("m", 1, 2)
            with collector.track_request_latency("m"):
                collector.record_cache_hit()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(16)))
    numbers = collector.get_model_metrics("m")
    assert numbers
    assert (numbers["total"], numbers["successful"], numbers["tokens"]) == (6400, 6400, 9600)
    assert collector.get_system_metrics()["cache_hits"] == 3200
    assert 'tinyllm_active_requests{model="m",graph="default"} 0\n' in collector.export_prometheus()
    assert len(events(tmp_path)) == 16 * 200 * 5


def test_names_without_end_are_bounded() -> None:
    collector = MetricsCollector()
    for number in range(100_000):
        collector.record_latency(f"model-{number}", 0.1)
    for number in range(1000):
        collector.record_tool_execution(f"tool-{number}", 0.1, "success", f"agent-{number}")
    models = collector.get_all_model_metrics()
    assert len(models) == 1001
    assert models["other"]["total"] == 99_000
    text = collector.export_prometheus()
    assert text.count("tinyllm_request_latency_seconds_count{") == MOST_SERIES + 1
    assert 'tinyllm_request_latency_seconds_count{model="other",graph="other"} 99000\n' in text
    assert len(json.loads(collector.export_metrics("json"))["agent_metrics"]) == 201


def test_the_collector_of_the_process_follows_the_configured_folder(tmp_path: Path) -> None:
    ollalog.configure(directory=tmp_path / "one")
    collector = ollalog.get_metrics_collector()
    assert collector is ollalog.get_metrics_collector()
    collector.record_cache_hit()
    ollalog.configure(directory=tmp_path / "two", max_bytes=10_000)
    collector.record_cache_hit()
    ollalog.configure()
    assert (len(events(tmp_path / "one")), len(events(tmp_path / "two"))) == (1, 1)


def test_the_graph_of_a_thread_is_its_own(tmp_path: Path) -> None:
    collector = MetricsCollector(tmp_path)

    def other_thread() -> None:
        collector.set_graph_context("theirs")
        collector.record_tokens("m", 1, 1)

    with collector.track_graph("ours"):
        thread = threading.Thread(target=other_thread)
        thread.start()
        thread.join()
        collector.record_tokens("m", 1, 1)
    collector.record_tokens("m", 1, 1)
    assert [event["graph"] for event in told(tmp_path)] == ["theirs", "ours", "ours", "default"]


def test_a_child_process_goes_on_with_a_lock_a_number_and_a_file_of_its_own(tmp_path: Path) -> None:
    collector = MetricsCollector(tmp_path)
    server = collector.start_metrics_server(0)
    collector.start_periodic_export(tmp_path / "metrics.json", 3600)
    with collector.subscribe() as subscription, collector._lock:  # noqa: SLF001 - a thread of the parent is in the middle of a count
        child = FORK.Process(target=_record_and_close, args=(collector,))
        child.start()
        child.join(60)
    assert child.exitcode == 0
    assert events(tmp_path)[0]["pid"] == child.pid
    assert subscription.get(0) is None
    with socket.create_connection((server.address, server.port), timeout=30):
        pass
    collector.close()


def _record_and_close(collector: MetricsCollector) -> None:
    collector.record_latency("m", 1.0)
    collector.close()
