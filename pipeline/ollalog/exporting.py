"""The metrics of a store over HTTP/1.1, for Prometheus: from the catalogue alone, beside whoever writes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

from ollalog import export, store
from ollalog.core.clock import Clock
from ollalog.core.errors import UsageError
from ollalog.core.interrupt import interruptible
from ollalog.recorder.server import AnsweringServer

DEFAULT_PORT = 9464
IDLE_S = 30.0
"""A connection that is kept open and says nothing for so long is closed."""
CLOSING_S = 2.0
LOOPBACK = ("127.0.0.1", "::1")


def asked_of(root: Path, clock: Clock, namespaces: Sequence[str], most_series: int) -> export.Asked:
    """What a store exports."""
    return export.Asked(lambda: store.read_series(root, clock.now_utc()), clock.now_utc, namespaces, most_series)


class MetricsServer:
    """Answers in threads until it is closed."""

    def __init__(self, asked: export.Asked, host: str, port: int) -> None:
        """Listen.

        Raises:
            UsageError: the port is in use, or the address is none of this machine.
        """
        try:
            self._server = AnsweringServer((host, port), partial(_Handler, asked))
        except (OSError, OverflowError) as failure:
            raise UsageError(
                "the metrics cannot be served",
                at=f"--host {host} --port {port}",
                found=str(failure),
                want="an address of this machine, and a port that nobody listens on",
                fix="choose another --port (0: any that is free), or end the program that has it",
            ) from failure
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="metrics", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the metrics are."""
        host, port = self._server.server_address[:2]
        shown = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"http://{shown}:{port}/metrics"

    def close(self) -> None:
        """Take no more requests; those that are being answered are answered."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.finish(CLOSING_S)


def serve_metrics(asked: export.Asked, host: str, port: int, announce: Callable[[str], object]) -> None:
    """Serve metrics until SIGINT or SIGTERM; `announce` is told where.

    Raises:
        UsageError: the port is in use, or the address is none of this machine.
    """
    with interruptible(signal.SIGINT, signal.SIGTERM) as stop:
        server = MetricsServer(asked, host, port)
        try:
            announce(server.url)
            stop.wait_for(threading.Event().wait)
        finally:
            server.close()


class _Handler(BaseHTTPRequestHandler):
    """One connection, which may ask more than once."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    wbufsize = -1  # head and body leave together: apart, the second waits 40 ms until the client acknowledges the first
    disable_nagle_algorithm = True
    server_version = "ollalog"
    sys_version = ""

    def __init__(self, asked: export.Asked, *arguments: object) -> None:
        self._asked = asked
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        answered = export.answer(self._asked, self.path, self.headers.get("Accept-Encoding", ""))
        if not self._is_asked_by_its_name():
            answered = export.refused("the Host of the request is not this machine: on the loopback only it is answered")
        self.send_response(answered.status)
        for name, value in answered.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answered.body)

    do_HEAD = do_GET  # noqa: N815 - http.server looks for this name

    def _is_asked_by_its_name(self) -> bool:
        """On the loopback no other name may be asked for: a page of the web could have given us one of its own, to read what we say."""
        if self.connection.getsockname()[0] not in LOOPBACK:
            return True
        host = urlsplit(f"//{self.headers.get('Host', 'localhost')}").hostname
        return host in {*LOOPBACK, "localhost"}

    def log_message(self, *_arguments: object) -> None:
        """Requests for metrics are no news."""
