"""MetricsCollector: what was recorded is read back, added up."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollalog import MetricsCollector
from tests.recorder.demonstration import record_everything
from tests.recorder.recorded import events


def test_requests_of_a_model_are_added_up() -> None:
    """A1, A6."""
    collector = MetricsCollector()
    for seconds in (0.001, 0.2, 3.0):
        collector.record_latency("m", seconds)
    collector.record_error("m", "timeout")
    collector.record_tokens("m", 30, 10)
    numbers = collector.get_model_metrics("m")
    assert numbers
    histogram = numbers.pop("histogram")
    assert isinstance(histogram, dict)
    assert float(str(numbers.pop("throughput_rps"))) > 0
    assert numbers.pop("avg_latency_ms") == pytest.approx(1067)
    assert numbers == {
        "total": 4, "successful": 3, "failed": 1, "min_latency_ms": 1.0, "max_latency_ms": 3000.0, "error_rate_percent": 25.0,
        "tokens": 40, "avg_tokens_per_request": 10.0,
    }  # fmt: skip
    counts = {bucket["le_ms"]: bucket["count"] for bucket in histogram["buckets"]}
    assert list(counts) == [1, 5, 10, 25, 50, 100, 250, 500, 1000, 5000, 10_000, None]
    assert {bound for bound, count in counts.items() if count} == {1, 250, 5000}
    assert [bucket["percent"] for bucket in histogram["buckets"] if bucket["count"]] == [pytest.approx(100 / 3)] * 3
    assert (histogram["min_ms"], histogram["max_ms"], histogram["total"]) == (1.0, 3000.0, 3)
    assert collector.get_model_metrics("unknown") is None
    assert set(collector.get_all_model_metrics()) == {"m"}


def test_tasks_and_resources_are_read_back() -> None:
    """A2, A3."""
    collector = MetricsCollector()
    assert collector.get_task_statistics()["success_rate"] is None
    assert set(collector.get_resource_metrics().values()) == {None}
    collector.record_task_completion(True, 1.0)
    collector.record_task_completion(False, 3.0)
    collector.update_resource_metrics(52.5, 150.0, 8)
    tasks, resources = collector.get_task_statistics(), collector.get_resource_metrics()
    assert str(tasks.pop("last_updated")).endswith("Z")
    assert tasks == {
        "total": 2,
        "completed": 1,
        "failed": 1,
        "avg_seconds": 2.0,
        "min_seconds": 1.0,
        "max_seconds": 3.0,
        "success_rate": 0.5,
    }
    assert str(resources.pop("timestamp")).endswith("Z")
    assert resources == {"memory_mb": 52.5, "cpu_percent": 150.0, "threads": 8}


def test_agents_tools_and_the_system_are_read_back() -> None:
    """B1, B2, B3."""
    collector = MetricsCollector()
    assert collector.get_system_metrics()["cache_hit_rate"] is None
    collector.record_agent_execution("a1", "Researcher", 150.0, "success")
    collector.record_agent_execution("a1", "Researcher", 0.5, "timeout")
    collector.record_tool_execution("search", 0.25, "success", "a1")
    collector.record_tool_execution("search", 0.75, "timeout", "a1")
    collector.record_tool_execution("alone", 1, "success")
    collector.update_memory_usage(70_000_000)
    collector.update_memory_usage(50_000_000)
    for _ in range(3):
        collector.record_cache_hit()
    collector.record_cache_miss()
    assert collector.get_agent_metrics("a1") == {
        "agent_id": "a1", "agent_name": "Researcher", "execution_count": 2, "success_count": 1, "error_count": 0, "timeout_count": 1,
        "total_duration": "2m30.5s", "average_duration": "1m15.25s", "min_duration": "500ms", "max_duration": "2m30s",
        "tool_metrics": {"search": {"execution_count": 2, "success_count": 1, "error_count": 1, "average_duration": "500ms"}},
    }  # fmt: skip
    without = collector.get_agent_metrics("default")
    assert without
    assert list(without["tool_metrics"]) == ["alone"]  # type: ignore[call-overload]
    system = collector.get_system_metrics()
    assert str(system.pop("start_time")) < str(system.pop("last_updated"))
    assert system == {
        "total_requests": 2, "successful_requests": 1, "failed_requests": 1, "total_execution_time": "2m30.5s",
        "average_request_time": "1m15.25s", "memory_usage_mb": 50.0, "max_memory_usage_mb": 70.0, "cache_hits": 3, "cache_misses": 1,
        "cache_hit_rate": 0.75,
    }  # fmt: skip


def test_the_memory_of_the_process_is_recorded_with_agents_unless_the_producer_tells_it(tmp_path: Path) -> None:
    collector = MetricsCollector(tmp_path)
    for _ in range(3):
        collector.record_agent_execution("a", "A", 1.0, "success")
    assert [event["event"] for event in events(tmp_path)] == ["agent", "memory_usage", "agent", "agent"]
    assert float(str(collector.get_system_metrics()["memory_usage_mb"])) > 1
    collector.update_memory_usage(1000)
    assert collector.get_system_metrics()["max_memory_usage_mb"] == 0.001


def test_summaries_name_what_was_recorded() -> None:
    """A7."""
    collector = MetricsCollector()
    assert "no requests" in collector.get_summary()
    record_everything(collector)
    assert "llama3.1:8b: 4 requests, 25.0% failed, 15.1013s on average" in collector.get_summary()
    assert "caches: 3 hits, 1 misses, 75.0% hit rate" in collector.get_summary()
    assert "latency     4ms to 45s, 15.1013s on average" in collector.get_model_summary("llama3.1:8b")
    assert "nothing was recorded" in collector.get_model_summary("none")
    assert "3 requests, 4ms to 45s" in collector.get_histogram_summary("llama3.1:8b")
    assert "   up to 5ms         1   33.3%  ##########" in collector.get_histogram_summary("llama3.1:8b")
    assert "\x1b" not in MetricsCollector().get_model_summary("\x1b[31m")


def test_counts_begin_anew_at_reset_but_active_requests_stay_active() -> None:
    """A9."""
    collector = MetricsCollector()
    record_everything(collector)
    with collector.track_request_latency("m"):
        collector.reset()
        assert collector.get_all_model_metrics() == {}
        assert collector.get_task_statistics()["total"] == 0
        assert collector.get_agent_metrics("a1") is None
        text = collector.export_prometheus()
        assert "tinyllm_errors_total{" not in text
        assert 'tinyllm_active_requests{model="m",graph="default"} 1\n' in text
    assert 'tinyllm_active_requests{model="m",graph="default"} 0\n' in collector.export_prometheus()
