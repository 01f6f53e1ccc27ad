"""Sections about requests: models, operations, endpoints, failures, clients."""

from __future__ import annotations

from datetime import datetime, timedelta

from ollalog.cli import units
from ollalog.cli.report_fields import Axis, House, line, number, rows_of, share, shortened, speed, text, time, when
from ollalog.cli.report_model import Section

SPARKLINE = 24
# Requests of an hour add up, so no percentile of the trend is computed for a picture of counts.
HOURS = """
    SELECT date_trunc('hour', local_time(happened_at)) AS hour_local, shown AS model,
        count(*) AS requests
    FROM model_requests WHERE happened_at IS NOT NULL GROUP BY ALL ORDER BY hour_local
"""
ALIASES = """
    SELECT model, list(name ORDER BY name) AS others FROM model_names
    WHERE name <> model AND model IN (SELECT model FROM model_requests) GROUP BY model_blob, model ORDER BY model
"""
FAILURES_SHOWN, CLIENTS_SHOWN, ENDPOINTS_SHOWN = 10, 10, 15
LATENCY = (time("p50_ns", "p50"), time("p95_ns", "p95"), time("p99_ns", "p99"))


def models(house: House) -> Section:
    """E4, E7: one line a model."""
    hours = house.query(HOURS).to_dicts()
    by_hour: dict[str, dict[datetime, float | None]] = {}
    for point in hours:
        by_hour.setdefault(point["model"], {})[point["hour_local"]] = point["requests"]
    axis = Axis(hours[0]["hour_local"], hours[-1]["hour_local"], timedelta(hours=1), SPARKLINE) if hours else None
    rows = rows_of(house, "model_summary")
    lines = [row | {"requests_by_hour": axis.marks(by_hour.get(row["model"], {})) if axis else []} for row in rows]
    fields = (
        text("model", "model"),
        number("requests", "requests"),
        share("success_ratio", "ok"),
        *LATENCY,
        speed("tokens_per_second", "tok/s"),
        number("generated_tokens", "tokens", optional=True),
        line("requests_by_hour", "by hour"),
    )
    notes = ["p50, p95, p99: latency of successful requests, exact. tok/s: generated tokens / generation time.", *_aliases(house)]
    return Section("models", "Models", fields, rows, notes, lines)


def _aliases(house: House) -> list[str]:
    """Models that have several names."""
    named = house.query(ALIASES).to_dicts()
    return [f"{units.shown(row['model'])} is the same file as {', '.join(map(units.shown, row['others']))}." for row in named]


def operations(house: House) -> Section:
    """E4 by operation."""
    fields = (
        text("operation", "operation"),
        number("requests", "requests"),
        share("success_ratio", "ok"),
        time("mean_ns", "mean"),
        *LATENCY,
    )
    return Section("operations", "Operations", (*fields, time("max_ns", "longest", optional=True)), rows_of(house, "operation_latency"))


def endpoints(house: House) -> Section:
    """E4 by endpoint: every request of the server log, model operations or not."""
    rows = rows_of(house, "endpoint_latency")
    fields = (
        text("method", "method"),
        text("route", "route", width=40),
        number("requests", "requests"),
        share("success_ratio", "ok"),
        *LATENCY,
        time("max_ns", "longest", optional=True),
    )
    return Section("endpoints", "Endpoints of the server log", fields, rows, *shortened(rows, ENDPOINTS_SHOWN, "endpoint_latency"))


def statuses(house: House) -> Section:
    """E4 by status."""
    fields = (
        text("status", "status"),
        number("requests", "requests"),
        share("ratio", "share"),
        number("model_requests", "of models"),
        number("other_requests", "others"),
        when("last_seen", "last (UTC)", optional=True),
    )
    return Section("statuses", "HTTP statuses", fields, rows_of(house, "status_counts"))


def errors(house: House) -> Section:
    """E5: failures by type, each with an example."""
    rows = rows_of(house, "errors_by_type")
    fields = (
        text("error_type", "type"),
        number("failures", "failures"),
        share("ratio", "share"),
        when("last_seen", "last (UTC)", optional=True),
        text("example", "newest example", width=100),
    )
    return Section("errors", "Failures", fields, rows, *shortened(rows, FAILURES_SHOWN, "errors_by_type"))


def clients(house: House) -> Section:
    """E14: who uses the models."""
    rows = rows_of(house, "usage_by_client")
    fields = (
        text("client", "client", width=40),
        number("requests", "requests"),
        share("ratio", "share"),
        number("failures", "failures"),
        time("p50_ns", "p50"),
        time("p95_ns", "p95"),
        time("total_ns", "time in all"),
        number("generated_tokens", "tokens", optional=True),
        when("last_seen", "last (UTC)", optional=True),
    )
    return Section("clients", "Clients", fields, rows, *shortened(rows, CLIENTS_SHOWN, "usage_by_client"))
