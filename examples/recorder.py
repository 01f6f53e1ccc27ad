"""A program that uses Ollama and records what it does, with everything that the recorder has. It needs no Ollama: replies are made up.

Command: python examples/recorder.py FOLDER
Writes FOLDER/logs/performance.jsonl and events.jsonl, which `ollalog ingest FOLDER/logs` reads; FOLDER/metrics.json and
FOLDER/metrics.prom; and prints what the program itself knows.
"""

from __future__ import annotations

import random
import sys
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import ollalog

MODELS = ("llama3.1:8b", "qwen2.5:7b")
DRAW = random.Random(7)


def ask(model: str) -> Mapping[str, object]:
    """A reply as Ollama's API gives it; stands in for `ollama.chat`."""
    load_ns, tokens = DRAW.choice((11_000_000, 11_000_000, 4_200_000_000)), DRAW.randrange(40, 400)
    prompt_ns, eval_ns = DRAW.randrange(50, 400) * 1_000_000, tokens * DRAW.randrange(12, 20) * 1_000_000
    return {
        "model": model,
        "total_duration": load_ns + prompt_ns + eval_ns,
        "load_duration": load_ns,
        "prompt_eval_count": DRAW.randrange(20, 900),
        "prompt_eval_duration": prompt_ns,
        "eval_count": tokens,
        "eval_duration": eval_ns,
        "done_reason": "stop",
    }


def record_requests(collector: ollalog.MetricsCollector) -> None:
    """Requests to models: performance.jsonl has their costs, the collector counts them."""
    for number in range(60):
        model = MODELS[number % 2]
        reply = ask(model)
        ollalog.record_performance(model, "chat", None, success=True, response=reply, temperature=0.7, context_length=8192)
        collector.increment_request_count(model, request_type="chat")
        collector.record_latency(model, int(str(reply["total_duration"])) / 1e9)
        collector.record_tokens(model, int(str(reply["prompt_eval_count"])), int(str(reply["eval_count"])))
    # An exception makes a request a failed one, and goes on its way.
    with suppress(TimeoutError), ollalog.track_performance(MODELS[0], "generate"):
        raise TimeoutError("no answer within 30 s")
    with suppress(ollalog.OllamaError), collector.track_request_latency(MODELS[0]):
        raise ollalog.InvalidModelError("model 'llama9' not found")
    collector.record_error(MODELS[1], "server busy, please try again")
    collector.record_model_load(MODELS[0], 4.2)


def record_agents(collector: ollalog.MetricsCollector) -> None:
    """Graphs, their nodes, agents and their tools."""
    collector.set_system_info(app="recorder-example", version=ollalog.__version__)
    for name in ("plan", "answer"):
        with collector.track_graph(name), collector.track_node("think"), collector.track_request_latency(MODELS[1]):
            pass
    with suppress(ConnectionError), collector.track_graph("answer"), collector.track_node("search"):
        raise ConnectionRefusedError("the index does not answer")
    with collector.track_tool("search", "researcher") as tool:
        tool.input_bytes, tool.output_bytes = 24, 1800
    collector.record_tool_execution("search", 2.5, "timeout", "researcher", "no answer in time: timeout", retries=2)
    for seconds, status in ((1.5, "success"), (0.7, "success"), (30.0, "timeout")):
        collector.record_agent_execution("researcher", "Researcher", seconds, status)
        collector.record_task_completion(status == "success", seconds)


def record_surroundings(collector: ollalog.MetricsCollector) -> None:
    """Caches, queues, circuit breakers, rate limits, memory."""
    for number in range(8):
        if number % 4:
            collector.record_cache_hit("prompts")
        else:
            collector.record_cache_miss("prompts")
        collector.record_queue_request("chat")
        collector.record_queue_wait("chat", 0.02 * number)
        collector.set_queue_size("chat", 8 - number)
    collector.record_queue_rejection("chat")
    collector.set_active_workers("chat", 4)
    collector.record_circuit_breaker_failure("ollama")
    collector.set_circuit_breaker_state("ollama", "half_open")
    collector.record_rate_limit_wait("per-user", 0.25)
    collector.record_memory_operation("add")
    collector.update_resource_metrics(memory_mb=182.5, cpu_percent=35.0, threads=12)
    collector.update_memory_usage(182_500_000)


def main(folder: Path) -> None:
    """Record everything, and show the ways to read it."""
    ollalog.configure(directory=folder / "logs")
    collector = ollalog.get_metrics_collector()
    with collector.subscribe(capacity=1000) as events:
        record_requests(collector)
        record_agents(collector)
        record_surroundings(collector)
    collector.export_json_to_file(folder / "metrics.json")
    server = collector.start_metrics_server(0)
    with urllib.request.urlopen(server.url, timeout=10) as reply:
        (folder / "metrics.prom").write_bytes(reply.read())
    stats = ollalog.get_performance_stats()
    sys.stdout.write(f"{stats['total_requests']} requests, success rate {stats['success_rate']:.3f}, errors {stats['errors_by_type']}\n")
    sys.stdout.write(f"{sum(1 for _ in events)} events came by\n\n{collector.get_summary()}\n\n{collector.get_histogram_summary()}\n")
    collector.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/recorder.py FOLDER")
    main(Path(sys.argv[1]))
