"""Every operation of a collector once or more: what the tests of its exports count."""

from __future__ import annotations

from contextlib import suppress

from ollalog import MetricsCollector


def record_everything(collector: MetricsCollector) -> None:
    """One event of each kind and outcome, and a few more."""
    collector.set_system_info(version="1.2", app="demo")
    for seconds in (0.004, 0.3, 45.0):
        collector.record_latency("llama3.1:8b", seconds)
    collector.record_error("llama3.1:8b", TimeoutError("no answer"))
    collector.increment_request_count("llama3.1:8b", "chat", "chat")
    with collector.track_graph("answer"), collector.track_node("retrieve"), collector.track_request_latency("qwen2.5:7b"):
        collector.record_tokens("qwen2.5:7b", 120, 80)
    for track in (collector.track_node("rank", "answer"), collector.track_graph("plan"), collector.track_request_latency("qwen2.5:7b")):
        with suppress(ConnectionResetError), track:
            raise ConnectionResetError("went away")
    with collector.track_tool("search", "a1") as tool:
        tool.input_bytes, tool.output_bytes, tool.retries = 10, 2000, 1
    collector.record_tool_execution("search", 0.5, "error", "a1", error="no such host")
    collector.record_agent_execution("a1", "Researcher", 2.0, "success")
    collector.record_agent_execution("a1", "Researcher", 1.0, "timeout")
    collector.record_task_completion(True, 3.0)
    collector.record_task_completion(False, 1.0)
    collector.update_resource_metrics(52.5, 12.5, 8)
    collector.update_memory_usage(50_000_000)
    for _ in range(3):
        collector.record_cache_hit("prompts")
    collector.record_cache_miss("prompts")
    collector.record_model_load("llama3.1:8b", 4.2)
    collector.set_circuit_breaker_state("ollama", "half-open")
    collector.record_circuit_breaker_failure("ollama")
    collector.set_queue_size("main", 3)
    collector.record_queue_wait("main", 0.2)
    collector.record_queue_request("main")
    collector.record_queue_rejection("main")
    collector.set_active_workers("main", 2)
    collector.record_rate_limit_wait("api", 0.05)
    collector.record_memory_operation("add")
