"""The metrics of a producer over HTTP (B5): GET /metrics?format=json|prometheus."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from ollalog.recorder.exposition import CONTENT_TYPE

FORMATS = {"json": "application/json", "prometheus": CONTENT_TYPE}
_CLOSING_S = 5.0

Export = Callable[[str], str]


class MetricsServerError(OSError):
    """The server cannot listen where it was told to."""


class MetricsServer:
    """Answers in threads of its own until it is closed.

    Attributes:
        address: Address that it listens on.
        port: Port that it listens on, also where 0 was asked for.
    """

    def __init__(self, export: Export, port: int, address: str) -> None:
        """Listen.

        Args:
            export: Gives the metrics in a format of FORMATS.
            port: TCP port; 0: any that is free.
            address: Address of this machine.

        Raises:
            MetricsServerError: The port is in use, or the address is none of this machine.
        """
        try:
            self._server = AnsweringServer((address, port), _handler(export))
        except (OSError, OverflowError) as error:
            raise MetricsServerError(
                f"the metrics server cannot listen\n  at     {address}:{port}\n  found  {error}\n"
                "  want   an address of this machine and a port that nobody listens on\n"
                "  fix    start_metrics_server(0) takes any free port; `port` of what it returns says which"
            ) from error
        self.address = str(self._server.server_address[0])
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="ollalog-metrics", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the metrics are."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self.port}/metrics"

    def close(self) -> None:
        """Take no more requests, and wait for those that are being answered."""
        self._server.shutdown()
        self._thread.join()
        self._server.finish(_CLOSING_S)
        self._server.server_close()

    def abandon(self) -> None:
        """In a child process: the parent goes on listening, this one does not."""
        self._server.socket.close()


class AnsweringServer(ThreadingHTTPServer):
    """One thread a connection; they are waited for at the end, but not for ever."""

    daemon_threads = True

    def __init__(self, place: tuple[str, int], handler: Callable[..., BaseHTTPRequestHandler]) -> None:
        self._answering: set[threading.Thread] = set()
        if ":" in place[0]:
            import socket

            self.address_family = socket.AF_INET6
        super().__init__(place, handler)

    def process_request_thread(self, request: object, client_address: object) -> None:
        """Answer one connection, and be known as answering meanwhile."""
        self._answering.add(threading.current_thread())
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self._answering.discard(threading.current_thread())

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no event."""

    def finish(self, seconds: float) -> None:
        """Wait for the threads that are answering; s."""
        deadline = time.monotonic() + seconds
        for thread in list(self._answering):
            thread.join(max(0.0, deadline - time.monotonic()))


def _handler(export: Export) -> type[BaseHTTPRequestHandler]:
    """What answers the requests."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 5.0
        server_version = "ollalog"
        sys_version = ""

        def do_GET(self) -> None:
            status, content_type, body = answer(export, self.path)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - http.server looks for this name

        def log_message(self, *_arguments: object) -> None:
            """Requests for metrics are no news."""

    return Handler


def answer(export: Export, target: str) -> tuple[HTTPStatus, str, bytes]:
    """What a request for a path with its query is answered: status, type of content, content."""
    path, _, query = target.partition("?")
    wanted = parse_qs(query, keep_blank_values=True).get("format", ["prometheus"])[-1]
    plain = "text/plain; charset=utf-8"
    if path.rstrip("/") != "/metrics":
        return HTTPStatus.NOT_FOUND, plain, b"the metrics are at /metrics\n"
    if wanted not in FORMATS:
        return HTTPStatus.BAD_REQUEST, plain, f"format is none of {', '.join(FORMATS)}\n".encode()
    return HTTPStatus.OK, FORMATS[wanted], export(wanted).encode()
