"""A server in a thread, for real browsers and real sockets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from ollalog.web.app import make_app
from ollalog.web.guard import guard_of
from ollalog.web.server import listen
from ollalog.web.service import Service


class _Server(uvicorn.Server):
    """Tells when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets: object = None) -> None:
        """As always, and tell."""
        await super().startup(sockets)  # type: ignore[arg-type]
        self.is_up.set()


@contextmanager
def served(service: Service, token: str | None = None) -> Iterator[str]:
    """Serve on a free port while the block lasts; the address."""
    with listen("127.0.0.1", 0) as opened:
        app = make_app(service, guard_of("127.0.0.1", (), token))
        server = _Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=lambda: server.run(sockets=[opened]), daemon=True)
        thread.start()
        try:
            assert server.is_up.wait(60)
            yield f"http://127.0.0.1:{opened.getsockname()[1]}"
        finally:
            server.should_exit = True
            service.hub.close()
            thread.join(10)
