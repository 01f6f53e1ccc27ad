"""What the report is about, in a few sentences, and what it cannot know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ollalog.cli import units
from ollalog.cli.report_fields import House, rows_of
from ollalog.cli.report_model import Row

SUMMARY = """
    SELECT
        coalesce(min(started_at), min(happened_at)) AS first_start, max(happened_at) AS last_end, count(*) AS requests,
        count(*) FILTER (WHERE success) AS successes,
        CAST(round((quantile_cont(latency_ns, [0.5, 0.95]) FILTER (WHERE success))[1]) AS BIGINT) AS p50_ns,
        CAST(round((quantile_cont(latency_ns, [0.5, 0.95]) FILTER (WHERE success))[2]) AS BIGINT) AS p95_ns,
        CAST(sum(prompt_tokens) AS BIGINT) AS prompt_tokens, CAST(sum(generated_tokens) AS BIGINT) AS generated_tokens,
        count(DISTINCT model) AS models, count(*) FILTER (WHERE model IS NULL) AS requests_without_model,
        count(*) FILTER (WHERE generated_tokens IS NULL AND success AND operation IS DISTINCT FROM 'embed') AS requests_without_tokens,
        count(*) FILTER (WHERE model_basis = 'resident') AS requests_of_resident_model,
        count(*) FILTER (WHERE happened_at IS NULL) AS requests_without_time,
        count(DISTINCT client) AS clients,
        local_time(coalesce(min(started_at), min(happened_at))) AS first_start_local, local_time(max(happened_at)) AS last_end_local
    FROM requests_without_loads
"""
OTHERS = "SELECT count(*) AS requests FROM requests WHERE operation NOT IN ('generate', 'chat', 'embed')"
# Ollama prints the tokens of its runs since 0.30; 0.0.0 is what people build themselves.
FIRST_TO_TELL, UNNUMBERED = 30, "0.0.0"


def summary(house: House, *, whole_store: bool) -> dict[str, Any]:
    """The figures of the head: one row."""
    found: dict[str, Any] = house.query(SUMMARY).to_dicts()[0]
    runs = rows_of(house, "versions")
    found["versions_without_tokens"] = sorted({run["version"] for run in runs if run["version"] and _is_silent(run["version"])})
    if whole_store:
        found["other_requests"] = house.query(OTHERS).item()
        found["servers"] = _servers(runs)
    return found


def _is_silent(version: str) -> bool:
    """Whether an Ollama of this version prints no tokens."""
    major, minor = (*version.split("."), "", "")[:2]
    return version != UNNUMBERED and major.isdecimal() and minor.isdecimal() and int(major) == 0 and int(minor) < FIRST_TO_TELL


def _servers(runs: Sequence[Row]) -> list[dict[str, Any]]:
    """One row a machine: its runs, and the versions of Ollama that it ran."""
    hosts = sorted({run["host"] for run in runs}, key=lambda host: (host is None, host or ""))
    of_host = {host: [run["version"] for run in runs if run["host"] == host] for host in hosts}
    return [
        {"host": host, "runs": len(versions), "versions": sorted({version for version in versions if version}) or None}
        for host, versions in of_host.items()
    ]


def facts(found: Row, zone: str | None) -> list[tuple[str, str]]:
    """The head of the report."""
    ok = units.percent(found["successes"] / found["requests"])
    others = f"; for other things: {found['other_requests']:,}" if found.get("other_requests") else ""
    known = f" to models ({found['models']:,} known by name)" if "servers" in found else ""
    lines = [
        ("from", _span(found["first_start_local"], found["last_end_local"], zone)),
        ("requests", f"{found['requests']:,}{known}, {ok} ok{others}"),
    ]
    if found["p50_ns"] is not None:
        lines.append(("latency", f"p50 {units.duration(found['p50_ns'])}, p95 {units.duration(found['p95_ns'])} of successful requests"))
    if found["generated_tokens"]:
        lines.append(("tokens", f"{units.count(found['prompt_tokens'])} read, {units.count(found['generated_tokens'])} generated"))
    if found.get("servers"):
        lines.append(("servers", "; ".join(_server(server) for server in found["servers"])))
    return lines


def _span(first: datetime | None, last: datetime | None, zone: str | None) -> str:
    """From when to when the requests were, and how long that is."""
    if first is None or last is None:
        return "no known time: none of the requests tells one"
    length = units.duration((last - first).total_seconds() * 1e9)
    return f"{first:%a %Y-%m-%d %H:%M} to {last:%a %Y-%m-%d %H:%M} {zone or 'UTC'} ({length})"


def _server(server: Row) -> str:
    """A machine with the versions of Ollama that it ran."""
    versions = server["versions"] or []
    return units.shown(server["host"]) + (f" (Ollama {', '.join(map(units.shown, versions))})" if versions else "")


def notes(found: Row) -> list[str]:
    """What the figures leave out, honestly."""
    said = ["Statistics are of requests to generate, chat and embed; latencies of the successful ones, with exact percentiles."]
    unknown, resident, tokenless, timeless = (
        units.counted(found[name], "request")
        for name in ("requests_without_model", "requests_of_resident_model", "requests_without_tokens", "requests_without_time")
    )
    if found["requests_without_model"]:
        said.append(
            f"(unknown): {unknown} of the server log, whose access lines name no model, without a run in the log or a record in "
            "performance.jsonl that fits, and with not exactly one model loaded at the time."
        )
    if found["requests_of_resident_model"]:
        said.append(f"{resident} counted for the only model that was loaded at the time (model_basis resident).")
    if found["requests_without_tokens"]:
        said.append(f"{tokenless} went well without telling tokens: {_silence(found)}")
    if found["requests_without_time"]:
        said.append(
            f"{timeless} of no known time, such as replies of /api/embed, which tell none: in the figures, but in no hour or range."
        )
    return said


def _silence(found: Row) -> str:
    """Why tokens are missing, and what would give them."""
    silent = found["versions_without_tokens"]
    if not silent:
        return "no run in the log and no record in performance.jsonl fits (a load, a cut-off stream, or an Ollama before 0.30)."
    return (
        f"Ollama {', '.join(map(units.shown, silent))} does not print them in its log; "
        "Ollama 0.30 or later does, and a performance.jsonl of the program that asks would give them too."
    )
