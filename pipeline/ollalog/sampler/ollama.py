"""What Ollama says of itself: whether it answers, how many models it has and holds in memory.

Each question is a line in the server's log (operations `ps` and `list`), so the list of all models is asked for rarely.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

DEFAULT_PORT = 11434
TIMEOUT_S = 2.0
TAGS_EVERY_S = 60.0
LONGEST_REPLY_BYTES = 4 << 20


@dataclass(frozen=True)
class ApiAddress:
    """Where Ollama's API is."""

    host: str
    port: int
    is_secure: bool = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> ApiAddress:
        """As OLLAMA_HOST says it: HOST, HOST:PORT, :PORT or a URL; a server that listens everywhere is asked on the loopback."""
        text = environ.get("OLLAMA_HOST", "").strip()
        parts = urlsplit(text if "://" in text else f"//{text}")
        try:
            port = parts.port
        except ValueError:
            port = None
        host = parts.hostname or "127.0.0.1"
        is_secure = parts.scheme == "https"
        usual = {"https": 443, "http": 80}.get(parts.scheme, DEFAULT_PORT)
        return cls({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port or usual, is_secure)  # noqa: S104 - not bound to

    @property
    def url(self) -> str:
        """The address for people."""
        return f"http{'s' if self.is_secure else ''}://{self.host}:{self.port}"


@dataclass(frozen=True)
class OllamaReading:
    """Whether Ollama answered, models that it holds and has, and the bytes that those it holds take."""

    is_available: bool
    models_loaded: int | None = None
    models_total: int | None = None
    model_memory_bytes: int | None = None


class OllamaProbe:
    """Asks Ollama's API; remembers the number of models between the questions for it."""

    def __init__(self, address: ApiAddress) -> None:
        self.address = address
        self._models_total: int | None = None
        self._asked_at_s: float | None = None

    def read(self, now_s: float) -> OllamaReading:
        """How it is now; an Ollama that does not answer, or answers something else, is not available."""
        held = _models(self.address, "/api/ps")
        if held is None:
            return OllamaReading(is_available=False)
        if self._models_total is None or self._asked_at_s is None or now_s - self._asked_at_s >= TAGS_EVERY_S:
            there = _models(self.address, "/api/tags")
            self._models_total = None if there is None else len(there)
            self._asked_at_s = now_s
        sizes = [model["size"] for model in held if isinstance(model, dict) and isinstance(model.get("size"), int)]
        return OllamaReading(
            is_available=True, models_loaded=len(held), models_total=self._models_total, model_memory_bytes=min(sum(sizes), 2**62)
        )


def _models(address: ApiAddress, path: str) -> list[Any] | None:
    """The list of models in a reply; None where there is none."""
    kind = http.client.HTTPSConnection if address.is_secure else http.client.HTTPConnection
    connection = kind(address.host, address.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        reply = connection.getresponse()
        body = reply.read(LONGEST_REPLY_BYTES)
        told = json.loads(body) if reply.status == http.client.OK else None
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        return None
    finally:
        connection.close()
    models = told.get("models") if isinstance(told, dict) else None
    return models if isinstance(models, list) else None
