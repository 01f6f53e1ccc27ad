"""events.jsonl, as documented: one kind of object for each thing that a program can record. `ollalog schema events` prints it.

Imported only where a record is judged: pydantic takes its time to load.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NotRequired, TypeAlias

from pydantic import AwareDatetime, ConfigDict, Field, Strict, TypeAdapter, with_config
from typing_extensions import TypedDict

LARGEST = 2**53
"""Numbers lie between 0 and this, the largest up to which JSON's numbers are whole."""
LONGEST_S = 1e9

Name: TypeAlias = Annotated[str, Strict()]
Count: TypeAlias = Annotated[int, Field(ge=0, le=LARGEST)]
Seconds: TypeAlias = Annotated[float, Field(ge=0, le=LONGEST_S, description="seconds")]
Ratio: TypeAlias = Annotated[float, Field(ge=0, le=LARGEST, description="1 is all of it")]
Bytes: TypeAlias = Annotated[int, Field(ge=0, le=LARGEST, description="bytes")]
Status: TypeAlias = Literal["success", "timeout", "error"]
Instant: TypeAlias = Annotated[
    AwareDatetime, Strict(), Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(2262, 1, 1, tzinfo=UTC), description="end of the thing")
]

_GIVEN = with_config(ConfigDict(extra="ignore", str_max_length=1 << 20, allow_inf_nan=False))


@_GIVEN
class _Common(TypedDict):
    timestamp: Instant
    pid: NotRequired[Count | None]


@_GIVEN
class _Failing(_Common):
    error: NotRequired[Name | None]
    error_type: NotRequired[Name | None]


@_GIVEN
class Latency(_Common):
    """A request of a model that went well."""

    event: Literal["latency"]
    model: Name
    seconds: Seconds
    graph: NotRequired[Name | None]
    request_type: NotRequired[Name | None]


@_GIVEN
class Request(_Common):
    """A request is counted."""

    event: Literal["request"]
    model: Name
    graph: NotRequired[Name | None]
    request_type: NotRequired[Name | None]


@_GIVEN
class RequestStarted(_Common):
    """A request that is timed begins."""

    event: Literal["request_started"]
    model: Name
    graph: NotRequired[Name | None]
    request_type: NotRequired[Name | None]


@_GIVEN
class RequestEnded(_Failing):
    """A request that was timed ends."""

    event: Literal["request_ended"]
    model: Name
    graph: NotRequired[Name | None]
    request_type: NotRequired[Name | None]
    seconds: NotRequired[Seconds | None]
    success: NotRequired[bool | None]


@_GIVEN
class Error(_Failing):
    """A request of a model failed."""

    event: Literal["error"]
    model: NotRequired[Name | None]
    graph: NotRequired[Name | None]


@_GIVEN
class Tokens(_Common):
    """What a request read and wrote."""

    event: Literal["tokens"]
    model: Name
    input_tokens: Count
    output_tokens: Count
    graph: NotRequired[Name | None]


@_GIVEN
class Task(_Common):
    """A task ended."""

    event: Literal["task"]
    success: bool
    seconds: Seconds


@_GIVEN
class Resource(_Common):
    """What the process uses."""

    event: Literal["resource"]
    memory_bytes: NotRequired[Bytes | None]
    cpu_ratio: NotRequired[Ratio | None]
    threads: NotRequired[Count | None]


@_GIVEN
class MemoryUsage(_Common):
    """The memory that the process uses."""

    event: Literal["memory_usage"]
    memory_bytes: Bytes


@_GIVEN
class Tool(_Failing):
    """A tool was used."""

    event: Literal["tool"]
    tool: Name
    seconds: Seconds
    status: Status
    agent: NotRequired[Name | None]
    input_bytes: NotRequired[Bytes | None]
    output_bytes: NotRequired[Bytes | None]
    retries: NotRequired[Count | None]


@_GIVEN
class Agent(_Failing):
    """An agent ended what it was asked."""

    event: Literal["agent"]
    agent_id: Name
    agent_name: NotRequired[Name | None]
    seconds: Seconds
    status: Status


@_GIVEN
class Node(_Failing):
    """A node of a graph ended."""

    event: Literal["node"]
    node: Name
    graph: NotRequired[Name | None]
    seconds: Seconds
    status: Status


@_GIVEN
class Graph(_Failing):
    """A graph ended."""

    event: Literal["graph"]
    graph: Name
    seconds: Seconds
    status: Status


@_GIVEN
class Cache(_Common):
    """A cache was asked."""

    event: Literal["cache"]
    cache: Name
    outcome: Literal["hit", "miss"]


@_GIVEN
class ModelLoad(_Common):
    """A model was loaded."""

    event: Literal["model_load"]
    model: Name
    seconds: Seconds


@_GIVEN
class Breaker(_Common):
    """A circuit breaker changed its state."""

    event: Literal["breaker"]
    name: Name
    state: Literal["closed", "open", "half_open"]


@_GIVEN
class BreakerFailure(_Common):
    """A circuit breaker counted a failure."""

    event: Literal["breaker_failure"]
    name: Name


@_GIVEN
class QueueSize(_Common):
    """How many entries wait in a queue."""

    event: Literal["queue_size"]
    queue: Name
    size: Count


@_GIVEN
class QueueWait(_Common):
    """How long an entry waited in a queue."""

    event: Literal["queue_wait"]
    queue: Name
    seconds: Seconds


@_GIVEN
class QueueRequest(_Common):
    """An entry was put into a queue."""

    event: Literal["queue_request"]
    queue: Name


@_GIVEN
class QueueRejection(_Common):
    """A queue was full."""

    event: Literal["queue_rejection"]
    queue: Name


@_GIVEN
class QueueWorkers(_Common):
    """How many workers serve a queue."""

    event: Literal["queue_workers"]
    queue: Name
    workers: Count


@_GIVEN
class RateLimit(_Common):
    """How long a rate limit made something wait."""

    event: Literal["rate_limit"]
    name: Name
    seconds: Seconds


@_GIVEN
class MemoryOperation(_Common):
    """An operation on the memory of an agent."""

    event: Literal["memory_operation"]
    operation: Name


@_GIVEN
class SystemInfo(_Common):
    """What the program says of itself."""

    event: Literal["system_info"]
    labels: dict[str, str]


Event: TypeAlias = Annotated[
    Latency | Request | RequestStarted | RequestEnded | Error | Tokens | Task | Resource | MemoryUsage | Tool | Agent | Node | Graph | Cache
    | ModelLoad | Breaker | BreakerFailure | QueueSize | QueueWait | QueueRequest | QueueRejection | QueueWorkers | RateLimit
    | MemoryOperation | SystemInfo,
    Field(discriminator="event"),
]  # fmt: skip
EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def schema() -> dict[str, Any]:
    """The JSON Schema of a line of events.jsonl."""
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "a line of events.jsonl"}
    return title | EVENT.json_schema()
