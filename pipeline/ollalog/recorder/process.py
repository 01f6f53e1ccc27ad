"""The recorder of this process: what `ollalog.record_performance` and its siblings write to."""

from __future__ import annotations

import threading
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from ollalog.recorder.collector import MetricsCollector
from ollalog.recorder.forks import renew_at_fork
from ollalog.recorder.performance import PerformanceRecorder, TrackedRequest

if TYPE_CHECKING:
    from ollalog.recorder.server import MetricsServer

_DIRECTORY = Path("logs")


class _Process:
    """What this process records with."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.options: tuple[Path, int | None, int] = (_DIRECTORY, None, 5)
        self.recorder = PerformanceRecorder(_DIRECTORY)
        self.collector: MetricsCollector | None = None
        renew_at_fork(self)

    def renew(self) -> None:
        """In a new process: a lock that no thread of the parent holds."""
        self.lock = threading.Lock()


_process = _Process()


def configure(directory: str | PathLike[str] = _DIRECTORY, *, max_bytes: int | None = None, backups: int = 5) -> None:
    """Say where this process writes performance.jsonl and events.jsonl; without it that is `logs` in the working folder.

    Statistics of requests begin anew; the collector of this process goes on, and writes there from now on.

    Args:
        directory: Folder of the files; it is made with the first record.
        max_bytes: Size beyond which a file is renamed to `NAME.1` (`NAME.1` to `NAME.2`, …) and begun anew; None: never.
        backups: How many renamed files are kept.
    """
    with _process.lock:
        _process.options = (Path(directory), max_bytes, backups)
        former = _process.recorder
        _process.recorder = PerformanceRecorder(Path(directory), max_bytes=max_bytes, backups=backups)
        if _process.collector is not None:
            _process.collector.write_to(directory, max_bytes=max_bytes, backups=backups)
    former.file.close()


def record_performance(
    model: str,
    operation: str,
    total_latency_ms: float | None,
    success: bool,  # noqa: FBT001 - as in the loggers that it takes the place of
    response: object = None,
    error: object = None,
    **fields: object,
) -> None:
    """Append a request that has just ended to performance.jsonl. Never raises; what cannot be written is counted as dropped.

    Args:
        model: Name of the model.
        operation: generate, chat or embed.
        total_latency_ms: Time from the request to the end of its reply; None: what the response tells.
        success: Whether it succeeded.
        response: Ollama's reply, as a mapping or an object of the `ollama` package: durations, tokens, speeds.
        error: An exception or a text; its kind is found.
        fields: What else is known: context_length, temperature, top_p, memory_bytes, gpu_ratio, model_bytes, cached_tokens, …;
            `timestamp`, a datetime, where the request did not end just now.
    """
    _process.recorder.record(model, operation, total_latency_ms, success, response, error, fields)


def track_performance(model: str, operation: str, **fields: object) -> TrackedRequest:
    """Time the request in the body of a `with` statement and record it; an exception makes it a failed one and goes on its way.

    ```
    with ollalog.track_performance("llama3.1:8b", "chat") as run:
        run.response = client.chat(model="llama3.1:8b", messages=messages)
    ```
    """
    return _process.recorder.track(model, operation, fields)


def get_performance_stats(model: str | None = None) -> dict[str, object]:
    """Statistics of the requests that this process recorded since it was configured.

    Args:
        model: Only of this one.

    Returns:
        `total_requests`, `successful_requests`, `failed_requests`, `success_rate` (0 to 1); `avg_`, `min_`, `max_`, `p50_`,
        `p90_`, `p95_`, `p99_latency_ms` of successful requests (percentiles of the newest 1,000 of each model and operation);
        `avg_tokens_per_second`, `avg_prompt_tokens_per_second`, `avg_load_time_ms`, `avg_prompt_eval_time_ms`,
        `avg_generation_time_ms` of requests that told them; `total_prompt_tokens`, `total_generated_tokens`; `errors_by_type`;
        the same in `by_model` and `by_operation`; `dropped` (records that are not in the file). Null where nothing tells.
    """
    return _process.recorder.stats(model)


def get_metrics_collector() -> MetricsCollector:
    """The collector of this process; it writes events.jsonl to the configured folder."""
    with _process.lock:
        if _process.collector is None:
            directory, max_bytes, backups = _process.options
            _process.collector = MetricsCollector(directory, max_bytes=max_bytes, backups=backups)
        return _process.collector


def start_metrics_server(port: int, address: str = "127.0.0.1") -> MetricsServer:
    """Serve the metrics of the collector of this process: GET /metrics?format=json|prometheus.

    Raises:
        MetricsServerError: The port is in use, or the address is none of this machine.
    """
    return get_metrics_collector().start_metrics_server(port, address)
