"""A client of the `ollama` package whose requests are recorded: plain and streamed, synchronous and not."""

from __future__ import annotations

import copy
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Mapping
from contextlib import aclosing, closing
from functools import wraps
from types import TracebackType
from typing import Any, Self, TypeVar

from ollalog.recorder.collector import MetricsCollector
from ollalog.recorder.process import track_performance
from ollalog.recorder.replies import costs, member_of
from ollalog.recorder.taxonomy import OtherError
from ollalog.recorder.text import bounded
from ollalog.recorder.values import amount

OPERATIONS = {"generate": "generate", "chat": "chat", "embed": "embed", "embeddings": "embed"}
"""Methods of a client that ask a model, and their operations."""
COLD_S = 0.5
"""A request that waited so long for its model has loaded it."""
_OPTIONS = {"temperature": "temperature", "top_p": "top_p", "num_ctx": "context_length"}
_MARK = "_ollalog_records"

Client = TypeVar("Client")


def wrap_client(client: Client, collector: MetricsCollector | None = None) -> Client:
    """Have every request of a client recorded in performance.jsonl.

    A streamed reply is recorded at its end; one that is not read to its end has failed.

    Args:
        client: `ollama.Client` or `ollama.AsyncClient`; it stays as it is.
        collector: Counts the requests, their tokens and loads of models, too.

    Returns:
        A client like it. What it answers and what it raises is what the given client answers and raises.
    """
    if hasattr(client, _MARK):
        return client
    recorded = copy.copy(client)
    for name, operation in OPERATIONS.items():
        if callable(method := getattr(client, name, None)):
            setattr(recorded, name, _recorded(method, operation, collector))
    setattr(recorded, _MARK, True)
    return recorded


def _recorded(method: Callable[..., Any], operation: str, collector: MetricsCollector | None) -> Callable[..., Any]:
    """A method whose calls are recorded."""

    def request_of(args: tuple[object, ...], kwargs: Mapping[str, object]) -> _Request:
        model = kwargs.get("model", args[0] if args else None)
        return _Request(bounded(model), operation, kwargs.get("options"), collector)

    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the client's method takes and gives
        if kwargs.get("stream"):
            return _parts(request_of(args, kwargs), method(*args, **kwargs))
        with request_of(args, kwargs) as request:
            request.response = method(*args, **kwargs)
        return request.response

    async def call_async(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as above
        if kwargs.get("stream"):
            return _async_parts(request_of(args, kwargs), await method(*args, **kwargs))
        with request_of(args, kwargs) as request:
            request.response = await method(*args, **kwargs)
        return request.response

    return wraps(method)(call_async if inspect.iscoroutinefunction(method) else call)


def _parts(request: _Request, parts: Generator[object]) -> Iterator[object]:
    """The parts of a streamed reply; the last one tells its costs."""
    with request, closing(parts):
        for part in parts:
            request.response = part
            yield part


async def _async_parts(request: _Request, parts: AsyncGenerator[object]) -> AsyncIterator[object]:
    """The same of an asynchronous client."""
    with request:
        async with aclosing(parts):
            async for part in parts:
                request.response = part
                yield part


class _Request:
    """One request, recorded at the end of a `with` statement."""

    def __init__(self, model: str, operation: str, options: object, collector: MetricsCollector | None) -> None:
        self.response: object = None
        self._model = model
        self._collector = collector
        self._run = track_performance(model, operation, **_settings(options))
        self._timed = None if collector is None else collector.track_request_latency(model, request_type=operation)
        self._operation = operation

    def __enter__(self) -> Self:
        if self._collector is not None and self._timed is not None:
            self._collector.increment_request_count(self._model, request_type=self._operation)
            self._timed.__enter__()
        self._run.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, GeneratorExit):
            error = OtherError("the reply was not read to its end")
        self._run.response = self.response
        self._run.__exit__(kind, error, trace)
        if self._collector is not None and self._timed is not None:
            self._timed.__exit__(kind, error, trace)
            if error is None:
                _count_costs(self._collector, self._model, costs(self.response))


def _count_costs(collector: MetricsCollector, model: str, told: Mapping[str, object]) -> None:
    """Count the tokens of a reply, and the load of its model if it waited for one."""
    read, written, load_ms = (told.get(name) for name in ("prompt_tokens", "generated_tokens", "load_duration_ms"))
    if read is not None or written is not None:
        collector.record_tokens(model, int(_amount(read)), int(_amount(written)))
    if _amount(load_ms) >= COLD_S * 1e3:
        collector.record_model_load(model, _amount(load_ms) / 1e3)


def _settings(options: object) -> dict[str, object]:
    """What a request asks for, as a record has it (C1)."""
    if options is None:
        return {}
    member = member_of(options)
    return {field: value for name, field in _OPTIONS.items() if (value := amount(member(name))) is not None}


def _amount(value: object) -> float:
    return value if isinstance(value, float | int) else 0.0
