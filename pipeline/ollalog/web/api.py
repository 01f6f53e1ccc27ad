"""The other endpoints: views, queries, the dashboard's data, live events, whether the service is alive."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterator

from starlette.responses import Response, StreamingResponse

from ollalog import export, store
from ollalog.core.rows import plain
from ollalog.core.tables import TABLES
from ollalog.export.answer import CONTENT_TYPES
from ollalog.warehouse import Warehouse, load_views
from ollalog.web.answers import Health, QueryRows, ViewList, ViewRows, ViewSummary
from ollalog.web.endpoints import Asked, Endpoint, json_response
from ollalog.web.operators import marks
from ollalog.web.panels import automatic_since, dashboard_lines, reach
from ollalog.web.parameters import DashboardParameters, MetricsParameters, QueryBody, ViewParameters, scope_of
from ollalog.web.problems import BusyError
from ollalog.web.rows import described, query_answer, view_answer, view_csv

JSON, CSV, LINES, EVENTS = "application/json", "text/csv; charset=utf-8", "application/x-ndjson", "text/event-stream"
METRICS = CONTENT_TYPES["prometheus"]


async def health(asked: Asked) -> Response:
    """Whether the service is alive."""
    return json_response(Health(status="ok", version=asked.service.version))


async def views(_asked: Asked) -> Response:
    """All views and tables."""
    names = [*load_views(), *TABLES]
    listed = [ViewSummary(name=name, purpose=purpose, grain=grain) for name in names for purpose, grain, _ in (described(name),)]
    return json_response(ViewList(views=listed))


async def view(asked: Asked) -> Response:
    """Rows of one view."""
    service, query, name = asked.service, asked.query, asked.path["name"]
    described(name)
    scope = scope_of(query, service.clock.now_utc(), service.timezone)
    # To keep to one model's rows changes what the warehouse says.
    answer = service.reader.plain_answer if scope.model is None else service.reader.answer
    if query.format == "csv":
        data = await answer((name, "csv", query.limit), scope, lambda house: view_csv(house, name, scope.model, query.limit))
        return Response(data, media_type=CSV, headers={"Content-Disposition": f'attachment; filename="{name}.csv"'})
    batch = service.reader.batch()
    data = await answer((name, query.limit), scope, lambda house: view_answer(house, name, scope.model, query.limit, batch))
    return Response(data, media_type=JSON)


async def sql(asked: Asked) -> Response:
    """Rows of a query that only reads."""
    service, body = asked.service, asked.body
    scope = scope_of(body, service.clock.now_utc(), service.timezone)
    data = await service.reader.query(
        ("sql", body.query, body.timeout_s, body.max_rows),
        scope,
        lambda house: query_answer(house, body.query, scope.model, body.timeout_s, body.max_rows),
    )
    return Response(data, media_type=JSON)


async def dashboard(asked: Asked) -> Response:
    """All that the page shows, a line a view."""
    service, query = asked.service, asked.query
    now = service.clock.now_utc()
    snapshot = await service.reader.snapshot()
    scope = scope_of(query, now, service.timezone)
    if query.range == "auto" and scope.since is None and scope.until is None:
        scope = dataclasses.replace(scope, since=automatic_since(snapshot, now))
    first, last = reach(snapshot)
    following = service.following
    meta = {
        "version": service.version,
        "batch": snapshot.batch,
        "now": plain(now),
        "since": plain(scope.since),
        "until": plain(scope.until),
        "timezone": scope.timezone or "UTC",
        "first": plain(first),
        "last": plain(last),
        "following": following is not None and following.is_running,
        "note": "started with --no-tail" if following is None else following.note,
    }
    said = await asyncio.to_thread(store.read_control, service.root)

    def ask(house: Warehouse) -> Iterator[bytes]:
        return dashboard_lines(house, scope, meta, lambda: marks(service.root, house, now))

    job = service.reader.job(("dashboard", scope, repr(said)), scope, ask)
    lines = job.follow()
    # What is wrong with the question is told with a status; only after the first line it is too late for one.
    first_line = await anext(lines)

    async def all_lines() -> AsyncIterator[bytes]:
        yield first_line
        async for line in lines:
            yield line

    return StreamingResponse(all_lines(), media_type=LINES)


async def metrics(asked: Asked) -> Response:
    """Counters, histograms and gauges for Prometheus; from the catalogue alone."""
    target = f"/metrics?format={asked.query.format}"
    accepted = asked.request.headers.get("accept-encoding", "")
    answered = await asyncio.to_thread(export.answer, asked.service.metrics, target, accepted)
    return Response(answered.body, int(answered.status), dict(answered.headers))


async def events(asked: Asked) -> Response:
    """Live events."""
    hub = asked.service.hub
    if hub.is_full():
        raise BusyError("too many streams are open", found=str(hub.count), fix="close some, or try again later")
    greeting = {"version": asked.service.version, "batch": asked.service.reader.batch()}
    return StreamingResponse(hub.stream(hub.subscribe(), greeting), media_type=EVENTS, headers={"X-Accel-Buffering": "no"})


ENDPOINTS = (
    Endpoint("GET", "/healthz", "Whether the service is alive; needs no token", health, Health),
    Endpoint("GET", "/api/views", "All views and tables with their purpose", views, ViewList),
    Endpoint(
        "GET", "/api/views/{name}", "Rows of one view, as JSON or CSV", view, ViewRows, ViewParameters,
        path_meanings={"name": "name of a view or table; see /api/views"},
    ),
    Endpoint("POST", "/api/sql", "Rows of one query that only reads", sql, QueryRows, body=QueryBody),
    Endpoint("GET", "/api/dashboard", "All that the dashboard shows: one JSON object a line", dashboard, LINES, DashboardParameters),
    Endpoint("GET", "/metrics", "Counters and histograms for Prometheus", metrics, METRICS, MetricsParameters),
    Endpoint("GET", "/events", "Server-sent events: hello, commit, alert, sample, dropped", events, EVENTS),
)  # fmt: skip
