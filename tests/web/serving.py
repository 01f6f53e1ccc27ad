"""Stores to serve, and the application over them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from starlette.testclient import TestClient

from ollalog import exporting, runtime
from ollalog.core.clock import FrozenClock
from ollalog.core.events import NullEvents
from ollalog.core.summary import IngestOptions
from ollalog.web.app import make_app
from ollalog.web.guard import guard_of
from ollalog.web.service import Service

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_logs"
NOW = datetime(2026, 7, 15, 12, tzinfo=UTC)
BASE = "/api/ai/ollama/performance"
# What an attacker can put into a log: it must stay text on every page.
HOSTILE_MODEL = "<img src=x onerror=alert(1)>:7b"
HOSTILE_PATH = "/api/<script>alert(2)</script>"


def ingest(store: Path, *paths: Path) -> None:
    """Read logs into a store."""
    runtime.ingest(store, [str(path) for path in paths], IngestOptions(host="desk"), clock=FrozenClock(NOW), events=NullEvents())


def hostile_log(folder: Path) -> list[Path]:
    """A server log and a performance.jsonl with markup where a client can put it."""
    access = folder / "server.log"
    lines = [f'[GIN] 2026/07/15 - 11:{minute:02d}:00 | 404 | 1.2ms | 10.0.0.9 | POST "{HOSTILE_PATH}"' for minute in range(5)]
    access.write_text("\n".join(lines) + "\n", encoding="utf-8")
    records = folder / "performance.jsonl"
    record = (
        '{{"model": "{model}", "operation": "chat", "timestamp": "2026-07-15T11:{minute:02d}:30Z", "total_latency_ms": 1200, '
        '"success": {success}, "error": {error}, "generated_tokens": 20, "eval_duration_ms": 800}}'
    )
    rows = [
        record.format(model=HOSTILE_MODEL, minute=minute, success=str(minute > 1).lower(), error="null" if minute > 1 else '"<b>bold</b>"')
        for minute in range(8)
    ]
    records.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return [access, records]


def service_of(store: Path, *, exports: Path | None = None) -> Service:
    """A service that leaves the logs alone."""
    metrics = exporting.asked_of(store, FrozenClock(NOW), ["ollama"], 1_000)
    return Service(store, FrozenClock(NOW), None, None, lambda _text: None, exports or store / "exports", metrics)


@contextmanager
def client_of(store: Path, *, token: str | None = None, host: str = "127.0.0.1") -> Iterator[TestClient]:
    """A client of the application over a store."""
    app = make_app(service_of(store), guard_of(host, (), token))
    with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False, follow_redirects=False) as client:
        yield client
