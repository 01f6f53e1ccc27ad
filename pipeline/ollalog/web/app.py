"""The application: routes, failures, what runs beside the requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ollalog.core.errors import PipelineError
from ollalog.web import api, openapi, operators, pages, performance, problems
from ollalog.web.closer import Closer
from ollalog.web.endpoints import Endpoint, route_of
from ollalog.web.guard import Gate, Guard
from ollalog.web.service import Service
from ollalog.web.watching import Watch

ENDPOINTS: Sequence[Endpoint] = (*performance.ENDPOINTS, *operators.ENDPOINTS, *api.ENDPOINTS)


def make_app(service: Service, guard: Guard) -> Starlette:
    """The application of a service, behind its guard."""
    document = openapi.document(ENDPOINTS)

    async def definition(_request: Request) -> Response:
        return JSONResponse(document)

    async def page(request: Request) -> Response:
        return pages.page(request, is_empty=not service.reader.batch())

    async def docs(_request: Request) -> Response:
        return HTMLResponse(openapi.page(ENDPOINTS))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        watch = Watch(service.hub, service.reader, service.clock)
        watching = asyncio.create_task(watch.run())
        closer = Closer(service.root, service.clock)
        closer.start()
        if service.following is not None:
            service.following.start()
        try:
            yield
        finally:
            watch.stop()
            service.hub.close()
            service.reader.close()
            closer.stop()
            await watching
            await asyncio.to_thread(closer.join)
            if service.following is not None:
                await asyncio.to_thread(service.following.close)

    return Starlette(
        routes=[
            *(route_of(endpoint, service) for endpoint in ENDPOINTS),
            Route("/", page),
            Route("/ollama-performance-dashboard", page),
            Route("/static/{name}", pages.static),
            Route("/favicon.ico", pages.icon),
            Route("/openapi.json", definition),
            Route("/docs", docs),
        ],
        middleware=[Middleware(Gate, guard=guard)],
        exception_handlers={
            HTTPException: problems.on_http_exception,
            PipelineError: problems.on_pipeline_error,
            Exception: problems.on_fault(service.say),
        },
        lifespan=lifespan,
    )
