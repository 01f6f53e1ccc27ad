"""The metric families that recorded events feed: names, help, types, labels, bounds, and what each event adds to which family.

Plain data, so that what a producer exports of itself and what is exported from the store are the same families. A family has a
name without its namespace: `requests_total` of FAMILIES is `tinyllm_requests_total`, or `ollama_requests_total`, as asked for;
those of CREW_FAMILIES are always `crew_…`.

What an event adds is told by its feeds: each feed whose condition the event meets adds to the series of a family that has the
event's values as labels. A counter grows by the amount, a histogram observes it, a gauge is set to it or, where the feed says
so, moves by it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]

BOUNDS_S = (
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1280.0, 2560.0, 7680.0,
)  # fmt: skip
"""Upper bounds of the buckets of every histogram; s. Local models answer in minutes, so they end at two hours."""

BREAKER_STATES = {"closed": 0.0, "half_open": 1.0, "open": 2.0}
"""States of a circuit breaker and the values of their gauge."""

NAMESPACE = "tinyllm"
"""Namespace of FAMILIES unless another one is asked for."""

OTHER = "other"
"""What every label says in the series that takes what comes after a family has as many series as are kept."""


class Family(NamedTuple):
    """One metric family."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


class Feed(NamedTuple):
    """What an event adds to a family.

    Attributes:
        family: Name of the family.
        value: Key of the event that holds the amount; None: the amount is `amount`. An event without that key adds nothing.
        amount: What is added where no key holds it.
        when: Key of the event and the value that it must have; None: always.
        fixed: Labels that this feed sets itself; every other label is the event's value of the same name.
        moves: Whether a gauge moves by the amount instead of being set to it.
    """

    family: str
    value: str | None = None
    amount: float = 1.0
    when: tuple[str, str | bool] | None = None
    fixed: tuple[tuple[str, str], ...] = ()
    moves: bool = False


def _counter(name: str, help_text: str, *labels: str) -> Family:
    return Family(name, "counter", help_text, labels)


def _gauge(name: str, help_text: str, *labels: str) -> Family:
    return Family(name, "gauge", help_text, labels)


def _histogram(name: str, help_text: str, *labels: str) -> Family:
    return Family(name, "histogram", help_text, labels, BOUNDS_S)


FAMILIES = (
    _counter("requests_total", "Requests to a model, as counted by the producer.", "model", "graph", "request_type"),
    _histogram("request_latency_seconds", "Time from a request to the end of its reply, failed requests included.", "model", "graph"),
    _gauge("active_requests", "Requests that are being answered.", "model", "graph"),
    _counter("tokens_input_total", "Tokens of prompts.", "model", "graph"),
    _counter("tokens_output_total", "Tokens generated.", "model", "graph"),
    _histogram("model_load_duration_seconds", "Time to load a model.", "model"),
    _counter("errors_total", "Failed requests by kind of error.", "error_type"),
    _gauge("circuit_breaker_state", "State of a circuit breaker: 0 closed, 1 half open, 2 open.", "name"),
    _counter("circuit_breaker_failures_total", "Failures that a circuit breaker saw.", "name"),
    _counter("node_executions_total", "Executions of a node, failed ones included.", "node", "graph"),
    _histogram("node_execution_duration_seconds", "Time that an execution of a node took.", "node", "graph"),
    _counter("node_errors_total", "Failed executions of a node by kind of error.", "node", "graph", "error_type"),
    _counter("graph_executions_total", "Executions of a graph by how they ended.", "graph", "status"),
    _histogram("graph_execution_duration_seconds", "Time that an execution of a graph took.", "graph"),
    _counter("cache_hits_total", "Look-ups that a cache answered.", "cache"),
    _counter("cache_misses_total", "Look-ups that a cache could not answer.", "cache"),
    _gauge("queue_size", "Requests that wait in a queue.", "queue"),
    _histogram("queue_wait_time_seconds", "Time that a request waited in a queue.", "queue"),
    _counter("queue_requests_total", "Requests that came to a queue.", "queue"),
    _counter("queue_requests_rejected_total", "Requests that a queue refused.", "queue"),
    _gauge("queue_active_workers", "Workers that serve a queue.", "queue"),
    _gauge("system_info", "What the producer says of itself, as labels; the value is always 1."),
    _histogram("rate_limit_wait_seconds", "Time that a rate limiter made a request wait.", "name"),
    _counter("memory_operations_total", "Operations on the memory of agents.", "operation"),
)
"""The families of `tinyllm` (D1 to D7). `system_info` has the labels of the last event `system_info`."""

CREW_NAMESPACE = "crew"
CREW_FAMILIES = (
    _counter("requests_total", "Executions of agents by how they ended; a timeout is an error.", "status"),
    _histogram("request_duration_seconds", "Time that an execution of an agent took."),
    _counter("cache_hits_total", "Look-ups that a cache answered."),
    _counter("cache_misses_total", "Look-ups that a cache could not answer."),
    _gauge("memory_usage_bytes", "Memory that the producer used when it was last asked."),
)
"""The families of `crew` (B4). A request to a crew is an execution of one of its agents."""

_SUCCESS, _ERROR = (("status", "success"),), (("status", "error"),)

FEEDS: dict[str, tuple[Feed, ...]] = {
    "latency": (Feed("request_latency_seconds", "seconds"),),
    "request": (Feed("requests_total"),),
    "request_started": (Feed("active_requests", moves=True),),
    "request_ended": (
        Feed("active_requests", amount=-1.0, moves=True),
        Feed("request_latency_seconds", "seconds"),
        Feed("errors_total", when=("success", False)),
    ),
    "error": (Feed("errors_total"),),
    "tokens": (Feed("tokens_input_total", "input_tokens"), Feed("tokens_output_total", "output_tokens")),
    "model_load": (Feed("model_load_duration_seconds", "seconds"),),
    "breaker": tuple(Feed("circuit_breaker_state", amount=value, when=("state", state)) for state, value in BREAKER_STATES.items()),
    "breaker_failure": (Feed("circuit_breaker_failures_total"),),
    "node": (
        Feed("node_executions_total"),
        Feed("node_execution_duration_seconds", "seconds"),
        Feed("node_errors_total", when=("status", "error")),
        Feed("node_errors_total", when=("status", "timeout")),
    ),
    "graph": (Feed("graph_executions_total"), Feed("graph_execution_duration_seconds", "seconds")),
    "cache": (Feed("cache_hits_total", when=("outcome", "hit")), Feed("cache_misses_total", when=("outcome", "miss"))),
    "queue_size": (Feed("queue_size", "size"),),
    "queue_wait": (Feed("queue_wait_time_seconds", "seconds"),),
    "queue_request": (Feed("queue_requests_total"),),
    "queue_rejection": (Feed("queue_requests_rejected_total"),),
    "queue_workers": (Feed("queue_active_workers", "workers"),),
    "system_info": (Feed("system_info"),),
    "rate_limit": (Feed("rate_limit_wait_seconds", "seconds"),),
    "memory_operation": (Feed("memory_operations_total"),),
}
"""By event: what it adds to FAMILIES."""

CREW_FEEDS: dict[str, tuple[Feed, ...]] = {
    "agent": (
        Feed("requests_total", when=("status", "success"), fixed=_SUCCESS),
        Feed("requests_total", when=("status", "error"), fixed=_ERROR),
        Feed("requests_total", when=("status", "timeout"), fixed=_ERROR),
        Feed("request_duration_seconds", "seconds"),
    ),
    "cache": (Feed("cache_hits_total", when=("outcome", "hit")), Feed("cache_misses_total", when=("outcome", "miss"))),
    "memory_usage": (Feed("memory_usage_bytes", "memory_bytes"),),
    "resource": (Feed("memory_usage_bytes", "memory_bytes"),),
}
"""By event: what it adds to CREW_FAMILIES."""

LATENCY_BOUNDS_MS = (1, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 10_000)
"""Upper bounds of the latency histogram of A6; ms. What is above the last has a bucket of its own."""
