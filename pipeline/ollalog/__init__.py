"""ollalog: which Ollama model is slow, since when, why, and what to do, from the logs the server already writes.

For programs that use Ollama it is a recorder, too: `ollalog.record_performance`, `ollalog.MetricsCollector`, …: see `__all__`.
They are loaded when they are first used, and need the standard library only.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in `typing`, which takes most of the time that this import took
if TYPE_CHECKING:
    from ollalog.recorder.client import wrap_client
    from ollalog.recorder.collector import MetricsCollector
    from ollalog.recorder.handler import RecorderHandler
    from ollalog.recorder.process import (
        configure,
        get_metrics_collector,
        get_performance_stats,
        record_performance,
        start_metrics_server,
        track_performance,
    )
    from ollalog.recorder.server import MetricsServerError
    from ollalog.recorder.taxonomy import (
        ConnectionFailedError,
        InvalidModelError,
        InvalidRequestError,
        ModelNotLoadedError,
        OllamaError,
        OllamaTimeoutError,
        OtherError,
        ResourceExhaustedError,
    )

__version__ = "0.1.0"
__all__ = [
    "ConnectionFailedError",
    "InvalidModelError",
    "InvalidRequestError",
    "MetricsCollector",
    "MetricsServerError",
    "ModelNotLoadedError",
    "OllamaError",
    "OllamaTimeoutError",
    "OtherError",
    "RecorderHandler",
    "ResourceExhaustedError",
    "configure",
    "get_metrics_collector",
    "get_performance_stats",
    "record_performance",
    "start_metrics_server",
    "track_performance",
    "wrap_client",
]

_MODULES = {
    "client": ("wrap_client",),
    "collector": ("MetricsCollector",),
    "handler": ("RecorderHandler",),
    "process": ("configure", "get_metrics_collector", "get_performance_stats", "record_performance", "start_metrics_server",
                "track_performance"),
    "server": ("MetricsServerError",),
    "taxonomy": (
        "ConnectionFailedError", "InvalidModelError", "InvalidRequestError", "ModelNotLoadedError", "OllamaError", "OllamaTimeoutError",
        "OtherError", "ResourceExhaustedError",
    ),
}  # fmt: skip
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load what is exported when it is first asked for: the command line need not, and need not wait."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    globals()[name] = getattr(import_module(f"ollalog.recorder.{_HOMES[name]}"), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
