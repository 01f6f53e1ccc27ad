"""Kinds of errors (A8): by the words of a message, by what an exception is, or as a producer says by raising `OllamaError`."""

from __future__ import annotations

import re
from functools import lru_cache

from ollalog.recorder.text import MOST_ERROR_CHARACTERS, bounded

ERROR_TYPES = (
    ("timeout", r"time[d ]*out|deadline exceeded|took too long"),
    ("connection_failed", r"connection|connect:|refused|reset by peer|broken pipe|\bEOF\b|unreachable|no such host|network"),
    ("resource_exhausted", r"out of memory|\boom\b|resource|exhausted|server busy|queue|too many requests|memory|\b429\b|\b503\b"),
    ("model_not_loaded", r"not loaded|failed to load|unable to load|loading model|load failed"),
    ("invalid_model", r"model.*(?:not found|does not exist|unknown|invalid)|(?:unknown|invalid|no such) model|not found|\b404\b"),
    ("invalid_request", r"invalid|bad request|malformed|unsupported|required|missing|does not support|\b400\b|exceeds"),
)
"""Kinds and the words that tell them; the first that fits counts, and what fits none is `other`."""
ERROR_KINDS = (*(kind for kind, _ in ERROR_TYPES), "other")
_BY_STATUS = {
    404: "invalid_model",
    **dict.fromkeys((408, 499, 504), "timeout"),
    502: "connection_failed",
    **dict.fromkeys((402, 429, 503, 507), "resource_exhausted"),
    501: "invalid_request",
}


class OllamaError(Exception):
    """A request to Ollama failed; `error_type` says how. Its subclasses are the kinds of the taxonomy, this one is `other`."""

    error_type = "other"


class OllamaTimeoutError(OllamaError, TimeoutError):
    """No answer in time."""

    error_type = "timeout"


class ConnectionFailedError(OllamaError, ConnectionError):
    """The server could not be reached, or went away."""

    error_type = "connection_failed"


class InvalidModelError(OllamaError):
    """There is no such model."""

    error_type = "invalid_model"


class ResourceExhaustedError(OllamaError):
    """Out of memory, or the server's queue is full."""

    error_type = "resource_exhausted"


class ModelNotLoadedError(OllamaError):
    """The model could not be loaded, or is not."""

    error_type = "model_not_loaded"


class InvalidRequestError(OllamaError):
    """The server refuses to answer such a request."""

    error_type = "invalid_request"


class OtherError(OllamaError):
    """An error of no other kind."""


@lru_cache(maxsize=1024)
def error_type(text: str | None) -> str:
    """The kind of an error by the words of its message: timeout, connection_failed, …, other."""
    for kind, pattern in ERROR_TYPES:
        if text and re.search(pattern, text, re.IGNORECASE):
            return kind
    return "other"


def describe(error: object) -> tuple[str, str]:
    """The text and the kind of an error.

    Args:
        error: An exception, or the text of a message.

    Returns:
        What the exception says, or what it is called where it says nothing, at most MOST_ERROR_CHARACTERS; one of ERROR_KINDS.
    """
    text = bounded(error, MOST_ERROR_CHARACTERS)
    if not isinstance(error, BaseException):
        return text, error_type(text)
    return text or type(error).__name__, _kind_of(error, text)


def _kind_of(error: BaseException, text: str) -> str:
    """The kind of an exception: as it says itself, by its class, by its words, by the status that the server answered."""
    if isinstance(error, OllamaError):
        return error.error_type if error.error_type in ERROR_KINDS else "other"
    name = type(error).__name__
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return "timeout"
    if isinstance(error, ConnectionError) or "Connect" in name:
        return "connection_failed"
    if isinstance(error, MemoryError):
        return "resource_exhausted"
    kind = error_type(text)
    return _kind_by_status(getattr(error, "status_code", None)) if kind == "other" else kind


def _kind_by_status(status: object) -> str:
    """The kind of an error by its HTTP status."""
    if not isinstance(status, int):
        return "other"
    return _BY_STATUS.get(status, "invalid_request" if 400 <= status < 500 else "other")
