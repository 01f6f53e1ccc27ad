"""Sections about when: trend, spread of latencies, hours of the week."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from ollalog.cli import units
from ollalog.cli.report_fields import Axis, House, bar, line, number, rows_of, share, text
from ollalog.cli.report_model import Field, Row, Section

TREND_WIDTH = 48
# More days than these are shown by day.
DAYS_BY_HOUR = 4
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# All models together: their percentiles cannot be made from those of each model.
POINTS = """
    SELECT date_trunc('{step}', local_time(happened_at)) AS start_local, count(*) AS requests,
        count(*) FILTER (WHERE NOT success) AS failures,
        CAST(round((quantile_cont(latency_ns, [0.5, 0.95]) FILTER (WHERE success))[1]) AS BIGINT) AS p50_ns,
        CAST(round((quantile_cont(latency_ns, [0.5, 0.95]) FILTER (WHERE success))[2]) AS BIGINT) AS p95_ns,
        CAST(sum(generated_tokens) AS BIGINT) AS generated_tokens,
        sum(generated_tokens) FILTER (WHERE success AND eval_ns > 0)
            / nullif(sum(eval_ns) FILTER (WHERE success AND generated_tokens IS NOT NULL) / 1e9, 0) AS tokens_per_second
    FROM requests_without_loads WHERE happened_at IS NOT NULL GROUP BY ALL ORDER BY start_local
"""
MEASURES: Mapping[str, tuple[str, Callable[[float | None], str]]] = {
    "requests": ("requests", units.count),
    "failures": ("failures", units.count),
    "p50_ns": ("p50", units.duration),
    "p95_ns": ("p95", units.duration),
    "tokens_per_second": ("tok/s", units.rate),
    "generated_tokens": ("tokens", units.count),
}
COUNTS = ("requests", "failures")


def trend(house: House, span: timedelta) -> Section:
    """E10: every hour (every day, when there are many) as one mark of a line."""
    step, size = ("hour", timedelta(hours=1)) if span <= timedelta(days=DAYS_BY_HOUR) else ("day", timedelta(days=1))
    points: list[dict[str, Any]] = house.query(POINTS.format(step=step)).to_dicts()
    if not points:
        return Section("trend", "Trend", (), ())
    axis = Axis(points[0]["start_local"], points[-1]["start_local"], size, TREND_WIDTH)
    fields = (
        text("measure", ""),
        line("values", f"{axis.first:%a %d %b %H:%M} → {axis.last:%a %d %b %H:%M}", optional=False),
        text("least", "least"),
        text("greatest", "greatest"),
    )
    mark = f"{axis.steps_per_mark} {step}s, the greatest of them" if axis.steps_per_mark > 1 else f"one {step}"
    lines = [shown for key in MEASURES if (shown := _line(points, axis, key))]
    return Section("trend", f"Trend by {step}", fields, points, [f"A mark is {mark}; a blank: nothing."], lines)


def _line(points: Sequence[Row], axis: Axis, key: str) -> dict[str, Any] | None:
    """One measure as a line; None when nothing tells of it."""
    known = {point["start_local"]: point[key] for point in points}
    found = [value for value in known.values() if value is not None]
    if not any(found):
        return None
    name, shown = MEASURES[key]
    least = 0 if key in COUNTS and len(points) < axis.steps else min(found)
    return {"measure": name, "values": axis.marks(known), "least": shown(least), "greatest": shown(max(found))}


def histogram(house: House, model: str) -> Section:
    """A6: how many requests took how long; `model` "(all)" for all of them."""
    rows = [row for row in rows_of(house, "latency_histogram") if row["model"] == model]
    greatest = max((row["ratio"] for row in rows), default=0) or 1
    lines = [row | {"range": _range(row["above_ns"], row["up_to_ns"]), "length": row["ratio"] / greatest} for row in rows]
    first = next((number for number, row in enumerate(rows) if row["requests"]), 0)
    last = next((number for number in reversed(range(len(rows))) if rows[number]["requests"]), -1)
    fields = (
        Field("range", "latency", lambda value, charset: charset.text(value)),
        number("requests", "requests"),
        share("ratio", "share"),
        share("cumulative_ratio", "so far"),
        bar("length", "", 36),
    )
    return Section("histogram", "Latency of successful requests", fields, rows, (), lines[first : last + 1])


def _range(above_ns: int, up_to_ns: int | None) -> str:
    return f"above {units.duration(above_ns)}" if up_to_ns is None else f"up to {units.duration(up_to_ns)}"


def week(house: House) -> Section:
    """E10, E14: the hours of the week, and what the busiest of them costs."""
    rows = rows_of(house, "hour_of_week")
    greatest = max((row["requests"] for row in rows), default=1)
    lines = [_day(rows, day) for day in sorted({row["day_of_week"] for row in rows})]
    fields = (
        text("day", ""),
        Field("hours", "0     6     12    18", lambda value, charset: charset.sparkline(value, greatest), left=True),
        number("requests", "requests"),
        text("busiest", "busiest"),
    )
    return Section("week", "Hours of the week", fields, rows, _peak(rows), lines)


def _day(rows: Sequence[Row], day: int) -> dict[str, Any]:
    """One day as a line of 24 marks."""
    requests = {row["hour_of_day"]: row["requests"] for row in rows if row["day_of_week"] == day}
    busiest = max(requests, key=lambda hour: requests[hour])
    return {
        "day": WEEKDAYS[day - 1],
        "hours": [requests.get(hour) for hour in range(24)],
        "requests": sum(requests.values()),
        "busiest": f"{busiest:02d}:00 ({units.count(requests[busiest])})",
    }


def _peak(rows: Sequence[Row]) -> list[str]:
    """A sentence on the busiest hour of all."""
    if not rows:
        return []
    peak = max(rows, key=lambda row: row["requests"])
    when = f"{WEEKDAYS[peak['day_of_week'] - 1]} {peak['hour_of_day']:02d}:00"
    usual = f", median latency {peak['p50_per_usual']:.2f} × the usual" if peak["p50_per_usual"] is not None else ""
    p95 = f", p95 {units.duration(peak['p95_ns'])}" if peak["p95_ns"] is not None else ""
    return [f"Busiest: {when} with {units.counted(peak['requests'], 'request')}{p95}{usual}."]
