"""The endpoints below /api/ai/ollama/performance."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from ollalog import asking, cleaning, runtime, store
from ollalog.asking import Scope
from ollalog.core.errors import StoreError, UsageError
from ollalog.core.retention import read_retention
from ollalog.core.rows import csv_rows, json_rows, plain
from ollalog.core.sqlfile import SEVERITIES
from ollalog.web.answers import (
    AlertList,
    Gpu,
    ModelMetrics,
    Monitoring,
    OllamaHealth,
    Removed,
    Status,
    Summary,
    SystemHealth,
    SystemSamples,
    Written,
)  # fmt: skip
from ollalog.web.endpoints import Asked, Endpoint, json_response
from ollalog.web.operators import marked, marks
from ollalog.web.parameters import (
    STEPS,
    AlertParameters,
    CleanupBody,
    ExportBody,
    MonitoringBody,
    ScopeParameters,
    SystemParameters,
    scope_of,
)  # fmt: skip
from ollalog.web.problems import RequestError
from ollalog.web.rows import described, encoded, of_model

if TYPE_CHECKING:
    import polars as pl

    from ollalog.warehouse import Warehouse
    from ollalog.web.service import Service

BASE = "/api/ai/ollama/performance"
MOST_ALERTS, MOST_EXPORTED, MOST_SAMPLES = 20, 1_000_000, 10_000
ORDERS_S = 10
NO_SAMPLES = "no sample of the host was taken"
GPU = """
    SELECT event FROM server_events WHERE event IN ('gpu_found', 'gpu_missing')
    ORDER BY happened_at DESC, source DESC, byte_offset DESC LIMIT 1
"""


async def summary(asked: Asked) -> Response:
    """Everything in short."""
    service = asked.service
    scope = scope_of(asked.query, service.clock.now_utc(), service.timezone)
    found = json.loads(await service.reader.answer("summary", scope, lambda house: encoded(_summary(house, scope.model))))
    gpu = found.pop("gpu")
    known = {"gpu_found": True, "gpu_missing": False}.get(gpu)
    basis = "what the server said when it last looked for one" if gpu else "no line of the server's log tells"
    status = await asyncio.to_thread(store.read_status, service.root)
    system = SystemHealth(
        last_sample=found.pop("sample"), store_bytes=status.size_bytes, sources=len(status.sources), last_error=status.last_error
    )
    return json_response(Summary(monitoring=await _monitoring(service), gpu=Gpu(available=known, basis=basis), system=system, **found))


def _summary(house: Warehouse, model: str | None) -> dict[str, Any]:
    house.keep_small_tables()
    shown = None if model is None else asking.known_model(house, model)
    house.keep_requests(model=shown)
    scores = {row["model"]: row for row in house.view("model_score").to_dicts()}
    models = of_model(house.view("model_summary"), shown).to_dicts()
    gpu = house.query(GPU)["event"].to_list()
    return {
        "overview": next(iter(house.view("overview").to_dicts()), None),
        "models": [row | {"score": (scores.get(row["model"]) or {}).get("score")} for row in models],
        "recent_alerts": of_model(house.view("alert_states"), shown).head(MOST_ALERTS).to_dicts(),
        "recommendations": of_model(house.view("recommendations"), shown).to_dicts(),
        "sample": _last_sample(house),
        "gpu": gpu[0] if gpu else None,
    }


def _last_sample(house: Warehouse) -> dict[str, Any] | None:
    rows = house.query("SELECT * FROM resource_samples WHERE scope = 'host' ORDER BY happened_at DESC LIMIT 1").to_dicts()
    return rows[0] if rows else None


async def model_metrics(asked: Asked) -> Response:
    """What is known of one model."""
    service = asked.service
    name = asked.path["model_name"]
    if len(name) > 300:
        raise RequestError(404, "no model of so long a name")
    scope = scope_of(asked.query, service.clock.now_utc(), service.timezone)

    def ask(house: Warehouse) -> bytes:
        house.keep_small_tables()
        try:
            shown = asking.known_model(house, name)
        except UsageError as unknown:
            raise RequestError(404, unknown.what, want=unknown.want, fix=unknown.fix) from unknown
        house.keep_requests(model=shown)
        views = ("model_summary", "model_score", "model_speed", "model_load", "latency_breakdown")
        return encoded({"model": shown, **{view: _one(house.view(view), shown) for view in views}})

    found = json.loads(await service.reader.answer(("metrics", name), scope, ask))
    row, score = found["model_summary"] or {}, found["model_score"]
    mean_ns = row.get("mean_ns")
    return json_response(
        ModelMetrics(
            model=found["model"],
            total_requests=row.get("requests", 0),
            successful_requests=row.get("successes", 0),
            failed_requests=row.get("failures", 0),
            success_rate=row.get("success_ratio"),
            average_response_ms=None if mean_ns is None else mean_ns / 1e6,
            performance_score=None if score is None else score["score"],
            last_used=row.get("last_seen"),
            summary=row,
            score=score,
            speed=found["model_speed"],
            load=found["model_load"],
            breakdown=found["latency_breakdown"],
        )
    )


def _one(rows: pl.DataFrame, model: str) -> dict[str, Any] | None:
    import polars as pl

    found = rows.filter(pl.col("model") == model).to_dicts()
    return found[0] if found else None


async def system(asked: Asked) -> Response:
    """Samples of the host."""
    service, hours = asked.service, asked.query.hours
    step_s = max(1.0, hours * 3_600 / STEPS)
    now = service.clock.now_utc()
    since = now - timedelta(hours=hours, seconds=now.timestamp() % step_s)

    def ask(house: Warehouse) -> bytes:
        return encoded(house.query(f"SELECT * FROM resource_samples ORDER BY happened_at DESC LIMIT {MOST_SAMPLES}").reverse().to_dicts())  # noqa: S608

    samples = json.loads(await service.reader.plain_answer("system", Scope(since=since), ask))
    return json_response(SystemSamples(hours=hours, samples=samples, note=None if samples else NO_SAMPLES))


async def ollama_health(asked: Asked) -> Response:
    """Whether Ollama answered when the host was sampled last."""
    service = asked.service
    now = service.clock.now_utc()
    recent = Scope(since=now - timedelta(seconds=60 + now.timestamp() % ORDERS_S))
    sample = json.loads(await service.reader.plain_answer("health", recent, lambda house: encoded(_last_sample(house)))) or {}
    return json_response(
        OllamaHealth(
            available=sample.get("is_available"),
            sampled_at=sample.get("happened_at"),
            models_loaded=sample.get("models_loaded"),
            models_total=sample.get("models_total"),
        )
    )


async def alerts(asked: Asked) -> Response:
    """Alerts, the newest first."""
    least: str | None = asked.query.severity
    severities = SEVERITIES[SEVERITIES.index(least) :] if least else SEVERITIES

    def ask(house: Warehouse) -> bytes:
        rows = house.view("alert_states")
        return encoded(rows.filter(rows["severity"].is_in(list(severities))).to_dicts())

    service = asked.service
    found = json.loads(await service.reader.plain_answer(("alerts", least), Scope(), ask))
    # What operators say is no commit: an answer holds while they say nothing else, and no silence ends.
    orders = (repr(await asyncio.to_thread(store.read_control, service.root)), service.clock.now_utc().timestamp() // ORDERS_S)
    said = await service.reader.plain_answer(
        ("orders", *orders), Scope(), lambda house: encoded(marks(service.root, house, service.clock.now_utc()))
    )
    found = marked(found, json.loads(said))
    return json_response(AlertList(alerts=found[: asked.query.limit], total=len(found)))


async def start(asked: Asked) -> Response:
    """Begin to sample the host, beside following the logs."""
    return await _sampled(asked, asked.body.interval)


async def stop(asked: Asked) -> Response:
    """Sample the host no more; the logs are followed all the same."""
    return await _sampled(asked, None)


async def _sampled(asked: Asked, every_s: float | None) -> Response:
    following = asked.service.following
    if following is None and every_s is not None:
        raise RequestError(
            409, "this service leaves the logs and the host alone", found="--no-tail", fix="start `ollalog serve` without --no-tail"
        )
    if following is not None:
        await asyncio.to_thread(following.sample, every_s)
    return json_response(await _monitoring(asked.service))


async def _monitoring(service: Service) -> Monitoring:
    return await asyncio.to_thread(service.monitoring)


async def status(asked: Asked) -> Response:
    """How the service and its store are."""
    service = asked.service
    now = service.clock.now_utc()
    found = await asyncio.to_thread(store.read_status, service.root)
    sources = await asyncio.to_thread(lambda: [_source(summary) for summary in found.sources])
    return json_response(
        Status(
            version=service.version,
            started_at=plain(service.started_at),
            uptime_s=max(0.0, (now - service.started_at).total_seconds()),
            monitoring=await _monitoring(service),
            store=str(service.root),
            batch=found.batch,
            committed_at=None if found.committed_at is None else plain(found.committed_at),
            store_bytes=found.size_bytes,
            sources=sources,
            lag_bytes=sum(source["lag_bytes"] or 0 for source in sources),
            last_error=found.last_error,
            subscribers=service.hub.count,
            events_dropped=service.hub.dropped,
        )
    )


def _source(summary: Any) -> dict[str, Any]:  # noqa: ANN401 - a SourceSummary
    source = summary.source
    try:
        size = Path(source.path).stat().st_size if Path(source.path).is_file() else None
    except OSError:
        size = None
    unread = None if size is None or source.path.endswith(".gz") else max(0, size - source.offset)
    return {
        "source": source.id,
        "path": source.path,
        "host": source.host,
        "offset": source.offset,
        "lag_bytes": unread,
        "lines": summary.lines,
        "rejected": summary.fates.get("rejected", 0),
        "gap_bytes": summary.gap_bytes,
    }


async def export(asked: Asked) -> Response:
    """Write a view to a file below the export folder."""
    service, body = asked.service, asked.body
    described(body.view)
    path = export_path(service.exports, body.filepath or f"{body.view}.{body.format}")
    rows_written: list[int] = []

    def ask(house: Warehouse) -> bytes:
        rows = house.query(f'SELECT * FROM "{body.view}" LIMIT {MOST_EXPORTED}')  # noqa: S608 - a name that was looked up
        rows_written.append(rows.height)
        return (csv_rows(rows) if body.format == "csv" else json_rows(rows)).encode("utf-8", "backslashreplace")

    data = await service.reader.once(Scope(timezone=service.timezone), ask)
    await asyncio.to_thread(_write, path, data)
    written = Written(filepath=str(path.relative_to(service.exports)), format=body.format, rows=rows_written[-1], bytes=len(data))
    return json_response(written)


def export_path(folder: Path, name: str) -> Path:
    """The file that a name means.

    Raises:
        RequestError: it lies elsewhere than below the folder.
    """
    given = Path(name)
    if "\x00" in name or given.is_absolute() or ".." in given.parts or not given.name or given.name.startswith("."):
        raise RequestError(
            400, "not a file below the export folder", found=name[:200], want="a relative path without ..", fix="write: today.json"
        )
    base = folder.resolve()
    path = (base / given).resolve()
    if not path.is_relative_to(base) or path == base or path.is_dir():
        raise RequestError(400, "not a file below the export folder", found=name[:200], fix="write: today.json")
    return folder / given


def _write(path: Path, data: bytes) -> None:
    """Put a file in place in one step.

    Raises:
        RequestError: the disk refuses.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_bytes(data)
        fresh.replace(path)
    except (OSError, ValueError) as fault:
        reason = (fault.strerror if isinstance(fault, OSError) else None) or str(fault)
        raise RequestError(400, "the file cannot be written", found=reason, fix="choose another name, or free some space") from fault


async def cleanup(asked: Asked) -> Response:
    """Remove whole days that are older than they are to be kept."""
    service, days = asked.service, asked.body.days_to_keep
    retention = read_retention({"keep_days": days})

    def clean() -> dict[str, Any]:
        with service.pause(), store.open_store(service.root, command="cleanup", clock=service.clock) as opened:
            return cleaning.clean_up(service.root, opened, retention, runtime.opened_warehouse, service.clock.now_utc()).as_dict()

    try:
        removed = await asyncio.to_thread(clean)
    except StoreError as busy:
        raise RequestError(
            409, busy.what, found=busy.found, want=busy.want, fix="stop the other writer, or use its own retention"
        ) from busy
    return json_response(Removed(days_to_keep=days, removed=removed))


ENDPOINTS = (
    Endpoint("GET", f"{BASE}/summary", "Monitoring, models, alerts, recommendations in short", summary, Summary, ScopeParameters),
    Endpoint(
        "GET", f"{BASE}/metrics/{{model_name:path}}", "One model", model_metrics, ModelMetrics, ScopeParameters,
        path_meanings={"model_name": "as Ollama shows it; may hold : and /; llama3.1 means llama3.1:latest"},
    ),
    Endpoint("GET", "/api/ai/ollama/health", "Whether Ollama answered when the host was sampled last", ollama_health, OllamaHealth),
    Endpoint("GET", f"{BASE}/system", "Samples of the host", system, SystemSamples, SystemParameters),
    Endpoint("GET", f"{BASE}/alerts", "Alerts, the newest first", alerts, AlertList, AlertParameters),
    Endpoint("POST", f"{BASE}/monitoring/start", "Sample the host so often", start, Monitoring, body=MonitoringBody),
    Endpoint("POST", f"{BASE}/monitoring/stop", "Sample the host no more", stop, Monitoring),
    Endpoint("GET", f"{BASE}/status", "How the service and its store are", status, Status),
    Endpoint("POST", f"{BASE}/export", "Write a view to a file below the export folder", export, Written, body=ExportBody),
    Endpoint("POST", f"{BASE}/cleanup", "Remove what is older than it is to be kept", cleanup, Removed, body=CleanupBody),
)  # fmt: skip
