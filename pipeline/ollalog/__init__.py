"""ollalog: which Ollama model is slow, since when, why, and what to do, from the logs the server already writes.

For programs that use Ollama it is a recorder, too: `ollalog.record_performance`, `ollalog.MetricsCollector`, …: see `__all__`.
They are loaded when they are first used, and need the standard library only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ollalog.recorder.collector import MetricsCollector
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
    "ResourceExhaustedError",
    "configure",
    "get_metrics_collector",
    "get_performance_stats",
    "record_performance",
    "start_metrics_server",
    "track_performance",
]

_MODULES = {
    "collector": ("MetricsCollector",),
    "process": tuple(name for name in __all__ if name.islower()),
    "server": ("MetricsServerError",),
    "taxonomy": tuple(name for name in __all__ if name.endswith("Error") and name != "MetricsServerError"),
}
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
