"""The server process: listens, serves until SIGINT or SIGTERM, ends within two seconds."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from ollalog.core.errors import UsageError

BACKLOG = 512
GRACE_S = 1
LEAVE_S = 0.2


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        UsageError: the port is taken, or the address is none of this machine.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        opened = socket.socket(family, kind, protocol)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind(address)
            opened.listen(BACKLOG)
        except OSError:
            opened.close()
            raise
    except OSError as fault:
        raise _unusable(host, port, fault) from fault
    return opened


def _unusable(host: str, port: int, fault: OSError) -> UsageError:
    place = f"{host}:{port}"
    if fault.errno == errno.EADDRINUSE:
        fix = "end the program that listens there, or choose another port: --port 8001 (0: any that is free)"
        return UsageError(f"port {port} is in use", at=place, fix=fix)
    if fault.errno == errno.EACCES:
        return UsageError(f"port {port} needs more rights", at=place, fix="choose a port above 1023: --port 8000")
    return UsageError("the address cannot be listened on", at=place, found=fault.strerror or str(fault), fix="write: --host 127.0.0.1")


class _Server(uvicorn.Server):
    """A server whose signals are ours: it ends with exit code 0."""

    def capture_signals(self) -> Any:  # noqa: ANN401 - a context manager
        """Leave signals alone."""
        return nullcontext()


def run(app: ASGIApp, opened: socket.socket, on_stop: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        app: The application.
        opened: What `listen` made.
        on_stop: Called once when the end begins, to end what would not by itself, such as open streams.
    """
    # It would print tracebacks; what went wrong is told in our own words (problems.on_fault).
    logging.getLogger("uvicorn.error").addHandler(logging.NullHandler())
    logging.getLogger("uvicorn.error").propagate = False
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, date_header=True, lifespan="on", backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S, timeout_keep_alive=30, h11_max_incomplete_event_size=32 << 10, ws="none",
    )  # fmt: skip
    server = _Server(config)
    asyncio.run(_serve(server, opened, on_stop))


def leave() -> None:
    """Return when nothing is worked out any more; end the process where something still is.

    Native code does not always heed an interruption, and an interpreter that ends beneath it aborts with words of its own. What was
    answered is sent, and what is written is put in place in one step, so nothing is lost.
    """
    until_s = time.monotonic() + LEAVE_S
    others = [thread for thread in threading.enumerate() if thread is not threading.current_thread()]
    for thread in others:
        thread.join(max(0.0, until_s - time.monotonic()))
    if any(thread.is_alive() for thread in others):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


async def _serve(server: uvicorn.Server, opened: socket.socket, on_stop: Callable[[], None]) -> None:
    def stop() -> None:
        if not server.should_exit:
            server.should_exit = True
            on_stop()
        else:
            server.force_exit = True

    with _on_signals(stop):
        await server.serve(sockets=[opened])


@contextmanager
def _on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGINT and SIGTERM, in the event loop."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
