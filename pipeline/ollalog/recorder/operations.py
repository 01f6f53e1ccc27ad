"""What can be recorded: one method for each thing that can happen. None of them raises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextvars import Token

from ollalog.recorder.graphs import current_graph, enter_graph, leave_graph
from ollalog.recorder.timing import Timed


class Operations(ABC):
    """The operations of A, B and D; each is an event. A graph that is not named is that of `set_graph_context`, else `default`."""

    @abstractmethod
    def _record(self, event: str, values: dict[str, object]) -> None:
        """Record an event; values that are None are left out."""

    def record_latency(self, model: str, seconds: float) -> None:
        """A request was answered, after so many seconds."""
        self._record("latency", {"model": model, "seconds": seconds, "graph": current_graph(None), "request_type": "generate"})

    def record_error(self, model: str, error: BaseException | str) -> None:
        """A request failed; the kind of error is found."""
        self._record("error", {"model": model, "error": error})

    def record_tokens(self, model: str, input_tokens: int, output_tokens: int, graph: str | None = None) -> None:
        """So many tokens were read and generated."""
        tokens: dict[str, object] = {"input_tokens": input_tokens, "output_tokens": output_tokens}
        self._record("tokens", {"model": model, **tokens, "graph": current_graph(graph)})

    def set_graph_context(self, graph: str) -> None:
        """From now on this thread or task is in this graph."""
        enter_graph(graph)

    def record_task_completion(self, success: bool, seconds: float) -> None:  # noqa: FBT001 - as producers know it
        """A task has ended."""
        self._record("task", {"success": success, "seconds": seconds})

    def update_resource_metrics(self, memory_mb: float, cpu_percent: float, threads: int) -> None:
        """What the producer uses: memory in MB (10^6 bytes), CPU in % (100: one core), threads."""
        self._record("resource", {"memory_mb": memory_mb, "cpu_percent": cpu_percent, "threads": threads})

    def update_memory_usage(self, bytes: int) -> None:  # noqa: A002 - as producers know it
        """The memory that the producer uses."""
        self._record("memory_usage", {"memory_bytes": bytes})

    def record_tool_execution(
        self,
        tool: str,
        seconds: float,
        status: str,
        agent: str | None = None,
        error: BaseException | str | None = None,
        input_bytes: int | None = None,
        output_bytes: int | None = None,
        retries: int = 0,
    ) -> None:
        """A tool has run; the status is success, timeout or error."""
        sizes: dict[str, object] = {"input_bytes": input_bytes, "output_bytes": output_bytes, "retries": retries}
        self._record("tool", {"tool": tool, "seconds": seconds, "status": status, "agent": agent, "error": error, **sizes})

    def record_agent_execution(self, agent_id: str, agent_name: str, seconds: float, status: str) -> None:
        """An agent has run; the status is success, timeout or error."""
        self._record("agent", {"agent_id": agent_id, "agent_name": agent_name, "seconds": seconds, "status": status})

    def record_cache_hit(self, cache: str = "default") -> None:
        """A cache could answer."""
        self._record("cache", {"cache": cache, "outcome": "hit"})

    def record_cache_miss(self, cache: str = "default") -> None:
        """A cache could not answer."""
        self._record("cache", {"cache": cache, "outcome": "miss"})

    def increment_request_count(self, model: str, graph: str | None = None, request_type: str = "generate") -> None:
        """One more request, for the counter of requests."""
        self._record("request", {"model": model, "graph": current_graph(graph), "request_type": request_type})

    def track_request_latency(self, model: str, graph: str | None = None, request_type: str = "generate") -> Timed:
        """Time a request in the body of a `with` statement, which is an active one meanwhile; an exception makes it a failed one."""
        labels: dict[str, object] = {"model": model, "graph": current_graph(graph), "request_type": request_type}

        def end(timed: Timed) -> None:
            ended: dict[str, object] = {"seconds": timed.seconds, "success": timed.error is None, "error": timed.error}
            self._record("request_ended", labels | ended)

        return Timed(end, lambda: self._record("request_started", labels))

    def track_node(self, node: str, graph: str | None = None) -> Timed:
        """Time a node of a graph in the body of a `with` statement; an exception makes it a failed one."""

        def end(timed: Timed) -> None:
            self._record("node", {"node": node, "graph": current_graph(graph), **_ended(timed)})

        return Timed(end)

    def track_graph(self, graph: str) -> Timed:
        """Time a graph in the body of a `with` statement, which is in this graph meanwhile; an exception makes it a failed one."""
        tokens: list[Token[str]] = []

        def end(timed: Timed) -> None:
            self._record("graph", {"graph": graph, **_ended(timed)})
            leave_graph(tokens.pop() if tokens else None)

        return Timed(end, lambda: tokens.append(enter_graph(graph)))

    def track_tool(self, tool: str, agent: str | None = None) -> Timed:
        """Time a tool in the body of a `with` statement; an exception makes it a failed one."""

        def end(timed: Timed) -> None:
            sizes: dict[str, object] = {"input_bytes": timed.input_bytes, "output_bytes": timed.output_bytes, "retries": timed.retries}
            self._record("tool", {"tool": tool, "agent": agent, **_ended(timed), **sizes})

        return Timed(end)

    def record_model_load(self, model: str, seconds: float) -> None:
        """A model was loaded."""
        self._record("model_load", {"model": model, "seconds": seconds})

    def set_circuit_breaker_state(self, name: str, state: str) -> None:
        """A circuit breaker is closed, open or half_open."""
        self._record("breaker", {"name": name, "state": state})

    def record_circuit_breaker_failure(self, name: str) -> None:
        """A circuit breaker saw a failure."""
        self._record("breaker_failure", {"name": name})

    def set_queue_size(self, queue: str, n: int) -> None:
        """So many requests wait in a queue."""
        self._record("queue_size", {"queue": queue, "size": n})

    def record_queue_wait(self, queue: str, seconds: float) -> None:
        """A request waited in a queue."""
        self._record("queue_wait", {"queue": queue, "seconds": seconds})

    def record_queue_request(self, queue: str) -> None:
        """A request came to a queue."""
        self._record("queue_request", {"queue": queue})

    def record_queue_rejection(self, queue: str) -> None:
        """A queue refused a request."""
        self._record("queue_rejection", {"queue": queue})

    def set_active_workers(self, queue: str, n: int) -> None:
        """So many workers serve a queue."""
        self._record("queue_workers", {"queue": queue, "workers": n})

    def record_rate_limit_wait(self, name: str, seconds: float) -> None:
        """A rate limiter made a request wait."""
        self._record("rate_limit", {"name": name, "seconds": seconds})

    def record_memory_operation(self, operation: str) -> None:
        """Somebody read, wrote or did something else to the memory of agents."""
        self._record("memory_operation", {"operation": operation})

    def set_system_info(self, **labels: object) -> None:
        """What the producer says of itself: its version, for one."""
        self._record("system_info", {"labels": labels})


def _ended(timed: Timed) -> dict[str, object]:
    """How a timed body ended."""
    status = "success" if timed.error is None else "timeout" if isinstance(timed.error, TimeoutError) else "error"
    return {"seconds": timed.seconds, "status": status, "error": timed.error}
