"""Receivers of alerts that are real: an HTTP server on loopback that does as it is told, and Debian's Alertmanager."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0


@dataclass
class Receiver:
    """What came, and what the server answers to the next: a status, or nothing until it is closed."""

    answers: list[int | None] = field(default_factory=list)
    port: int = 0
    _came: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    _bell: threading.Condition = field(default_factory=threading.Condition)
    _is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def came(self, count: int) -> list[Any]:
        """The bodies of the first so many requests; waits for them."""
        with self._bell:
            assert self._bell.wait_for(lambda: len(self._came) >= count, PATIENCE_S), f"{len(self._came)} of {count} came"
            return [body for _, _, body in self._came]

    def headers(self) -> list[dict[str, str]]:
        with self._bell:
            return [headers for _, headers, _ in self._came]

    def hear(self, path: str, headers: dict[str, str], body: bytes) -> int | None:
        with self._bell:
            self._came.append((path, headers, json.loads(body)))
            self._bell.notify_all()
            answer = self.answers.pop(0) if self.answers else 200
        if answer is None:
            self._is_over.wait(PATIENCE_S)
        return answer

    def end(self) -> None:
        self._is_over.set()


@contextmanager
def receiver(*answers: int | None) -> Iterator[Receiver]:
    """A server that answers so to its first requests, then 200."""
    heard = Receiver(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = heard.hear(self.path, dict(self.headers), body)
            if answer is not None:
                self.send_response(answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        heard.end()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Alertmanager:
    """One that runs."""

    url: str

    def alerts(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Its alerts by name, with their state."""
        return {alert["labels"]["alertname"]: (alert["status"]["state"], alert) for alert in self._asked("/api/v2/alerts")}

    def silence(self, name: str, start: str, end: str) -> None:
        matchers = [{"name": "alertname", "value": name, "isRegex": False, "isEqual": True}]
        self._asked("/api/v2/silences", {"matchers": matchers, "startsAt": start, "endsAt": end, "createdBy": "test", "comment": "test"})

    def shows(self, holds: Callable[[dict[str, tuple[str, dict[str, Any]]]], bool]) -> bool:
        """Whether it comes about in time."""
        pause = threading.Event()
        for _ in range(int(PATIENCE_S / 0.05)):
            if holds(self.alerts()):
                return True
            pause.wait(0.05)
        return False

    def _asked(self, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 - loopback
            return json.load(answer)


@contextmanager
def alertmanager(folder: Path) -> Iterator[Alertmanager]:
    """Debian's prometheus-alertmanager on a free port of loopback."""
    config = folder / "alertmanager.yml"
    config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    command = [
        "prometheus-alertmanager", f"--config.file={config}", f"--storage.path={folder / 'alertmanager'}",
        "--web.listen-address=127.0.0.1:0", "--cluster.listen-address=",
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        try:
            address = next(found[1] for line in process.stderr if (found := re.search(r"address=(127\.0\.0\.1:\d+)", line)))
            drain = threading.Thread(target=process.stderr.read, daemon=True)
            drain.start()
            yield Alertmanager(f"http://{address}")
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
            drain.join(PATIENCE_S)
