"""Which days are over a limit, and how limits are written (C8)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollalog.core.errors import ConfigError
from ollalog.core.retention import Day, Limits, Retention, days_over, read_retention

TODAY = date(2026, 6, 21)


def day(table: str, ago: int, rows: int = 10, size_bytes: int = 100) -> Day:
    return Day(table, (TODAY - timedelta(days=ago)).isoformat(), rows, size_bytes)


STORE = [day(table, ago) for ago in (3, 2, 1, 0) for table in ("requests", "inferences", "pairs", "rejects", "day_rollups")]
REQUESTS = ("inferences", "pairs", "requests")


@pytest.mark.parametrize(
    ("settings", "gone"),
    [
        ({"keep_days": 3}, {}),
        ({"keep_days": 2}, {3: (*REQUESTS, "rejects")}),
        ({"keep_days": 0}, dict.fromkeys((1, 2, 3), (*REQUESTS, "rejects"))),
        ({"keep_days": 2, "requests": {"keep_days": 9}}, {3: ("rejects",)}),
        ({"rejects": {"keep_days": 1}}, {3: ("rejects",), 2: ("rejects",)}),
        ({"day_rollups": {"keep_days": 1}}, {3: ("day_rollups",), 2: ("day_rollups",)}),
        ({"max_rows": 40}, {}),
        ({"max_rows": 39}, {3: (*REQUESTS, "rejects")}),
        ({"requests": {"max_rows": 25}}, {3: REQUESTS, 2: REQUESTS}),
        ({"requests": {"max_bytes": 900}}, {3: REQUESTS}),
        ({"max_bytes": "2kB"}, {}),
        ({"max_bytes": 1999}, {3: (*REQUESTS, "rejects")}),
        ({"max_bytes": 0}, dict.fromkeys((1, 2, 3), (*REQUESTS, "rejects"))),
        ({"max_bytes": 1600, "keep_days": 2}, {3: (*REQUESTS, "rejects")}),
        ({}, {}),
    ],
)
def test_days_over_a_limit_go_oldest_first(settings: Mapping[str, Any], gone: Mapping[int, tuple[str, ...]]) -> None:
    over = days_over(STORE, read_retention(settings), TODAY)
    expected = {((TODAY - timedelta(days=ago)).isoformat(), table) for ago, tables in gone.items() for table in tables}
    assert {(day.date, day.table) for day in over} == expected
    assert [day.date for day in over] == sorted(day.date for day in over)


DAYS = st.tuples(st.sampled_from(["requests", "pairs", "rejects"]), st.integers(-1, 9), st.integers(1, 20))
LIMIT = st.none() | st.integers(0, 60)


@given(st.lists(DAYS, max_size=20, unique_by=lambda found: found[:2]), LIMIT, LIMIT, LIMIT)
def test_what_is_left_keeps_every_limit_and_no_more_went_than_needed(
    found: list[tuple[str, int, int]], keep_days: int | None, max_rows: int | None, max_bytes: int | None
) -> None:
    days = [day(table, ago, rows, rows) for table, ago, rows in found]
    gone = days_over(days, Retention(Limits(keep_days, max_rows), {}, max_bytes), TODAY)
    left = [day for day in days if day not in gone]
    assert not any(day.date >= TODAY.isoformat() for day in gone)
    closed = [day for day in left if day.date < TODAY.isoformat()]
    if keep_days is not None:
        assert all(TODAY - date.fromisoformat(day.date) <= timedelta(days=keep_days) for day in closed)
    if max_bytes is not None and closed:
        assert sum(day.size_bytes for day in left) <= max_bytes
    for table in ("requests", "rejects"):
        rows = [day for day in left if day.table == table]
        if max_rows is not None and any(day in closed for day in rows):
            assert sum(day.rows for day in rows) <= max_rows
    for group in ("requests", "rejects"):
        dates = sorted(day.date for day in closed if day.group == group)
        assert not dates or all(day.date < dates[0] for day in gone if day.group == group), "the oldest go first"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"keep_day": 3}, "keep_day"),
        ({"keep_days": -1}, "keep_days"),
        ({"max_bytes": "10XB"}, "XB"),
        ({"inferences": {"keep_days": 3}}, "inferences"),
        ({"rejects": {"keep_for": 3}}, "rejects.keep_for"),
        ({"rejects": 3}, "rejects"),
    ],
)
def test_a_limit_that_cannot_be_is_named(settings: Mapping[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        read_retention(settings)
