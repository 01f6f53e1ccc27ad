"""Sections about what only the runs in the server log tell: first tokens, cache, truncation, concurrency."""

from __future__ import annotations

from typing import Any

from ollalog.cli.report_fields import House, number, rows_of, share, speed, text, time, when
from ollalog.cli.report_model import Section

BUSIEST = """
    SELECT * FROM concurrency_by_minute WHERE in_flight_max > 1
    ORDER BY in_flight_max DESC, in_flight_mean DESC, host, minute_utc LIMIT 5
"""
CUT = ("prompts_truncated", "cut_tokens", "longest_prompt_tokens", "limit_tokens", "context_shifts")


def first_tokens(house: House) -> Section:
    """F4: how long until the first token, as far as it follows."""
    fields = (
        text("model", "model"),
        number("requests", "requests"),
        time("p50_ns", "p50"),
        time("p95_ns", "p95"),
        time("p99_ns", "p99"),
        time("cold_p50_ns", "cold p50"),
        time("warm_p50_ns", "warm p50"),
        time("wait_mean_ns", "mean wait", optional=True),
    )
    notes = ["Derived, not measured: wait (queue, load, transport) plus evaluation of the prompt, of requests whose run is in the log."]
    return Section("first_tokens", "Time to the first token", fields, rows_of(house, "time_to_first_token"), notes)


def context(house: House) -> Section:
    """F1: what the cache saved of prompts, and what did not fit the context."""
    rows: dict[str, dict[str, Any]] = {}
    for view in ("cache_reuse", "truncations"):
        for row in rows_of(house, view):
            rows.setdefault(row["model"], dict.fromkeys(CUT)).update(row)
    counted = [{**row, **{key: row[key] or 0 for key in ("prompts_truncated", "context_shifts")}} for row in rows.values()]
    fields = (
        text("model", "model"),
        number("prompt_tokens", "prompt tokens"),
        share("cache_ratio", "cached"),
        number("prompts_truncated", "truncated"),
        number("context_shifts", "overflowed"),
        number("longest_prompt_tokens", "longest cut", optional=True),
        number("limit_tokens", "limit", optional=True),
    )
    notes = [
        (
            "cached: share of prompt tokens found in the cache. truncated: prompts cut because they did not fit the context. "
            "overflowed: runs that forgot the beginning while they generated. A larger num_ctx avoids both."
        )
    ]
    return Section("context", "Prompts: cache and truncation", fields, counted, notes)


def concurrency(house: House) -> Section:
    """F5: the minutes with most requests at once, against the slots of the server."""
    rows = house.query(BUSIEST).to_dicts()
    fields = (
        text("host", "host", width=24),
        when("minute_utc", "minute (UTC)"),
        number("in_flight_max", "at once"),
        speed("in_flight_mean", "mean"),
        number("waiting_max", "waiting"),
        number("slots", "slots"),
        share("saturation_ratio", "of slots", optional=True),
        number("refused", "refused"),
    )
    notes = [
        (
            "The busiest minutes. Ends of requests are logged in whole seconds, so requests that follow each other within 1 s "
            "count as simultaneous. slots: OLLAMA_NUM_PARALLEL times the models loaded."
        )
    ]
    return Section("concurrency", "Requests at once", fields, rows, notes)
