"""Local times to UTC: a batch of times means the same as each of them read by the zone's own rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ollalog.parsing.zones import Zone, to_utc

NAMES = ("Europe/Berlin", "America/New_York", "Africa/Casablanca", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")


@given(
    name=st.sampled_from(NAMES),
    start=st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 1)),  # noqa: DTZ001 - local times
    steps_s=st.lists(st.integers(0, 3 * 86_400), min_size=1, max_size=12),
)
def test_a_batch_of_times_is_read_as_each_of_them(name: str, start: datetime, steps_s: list[int]) -> None:
    local = [start := start + timedelta(seconds=step) for step in steps_s]
    found = to_utc(pl.Series("local", local, dtype=pl.Datetime("us")), Zone(name=name), None).to_list()
    for naive, instant in zip(local, found, strict=True):
        choices = {naive.replace(tzinfo=ZoneInfo(name), fold=fold).astimezone(ZoneInfo("UTC")) for fold in (0, 1)}
        assert instant in choices
