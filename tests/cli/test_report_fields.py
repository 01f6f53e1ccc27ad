"""Series of the report: as long as the terminal has room, whatever times are in the logs."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ollalog.cli.report_fields import Axis

HOUR = timedelta(hours=1)
NOON = datetime(2026, 6, 21, 12)  # noqa: DTZ001 - a local time


def test_each_hour_is_a_mark_while_there_is_room() -> None:
    axis = Axis(NOON, NOON + 3 * HOUR, HOUR, 24)
    assert axis.marks({NOON: 1, NOON + 3 * HOUR: 4}) == [1, None, None, 4]


def test_the_greatest_stands_for_hours_that_are_merged() -> None:
    axis = Axis(NOON, NOON + 3 * HOUR, HOUR, 2)
    assert axis.steps_per_mark == 2
    assert axis.marks({NOON: 1, NOON + HOUR: 7, NOON + 2 * HOUR: None, NOON + 3 * HOUR: 0}) == [7, 0]


@given(st.lists(st.datetimes(), min_size=1, max_size=20), st.integers(1, 48))
def test_series_is_short_whatever_years_are_in_it(starts: list[datetime], longest: int) -> None:
    """R3: a log with a time of the year 9999 costs no memory."""
    hours = {start.replace(minute=0, second=0, microsecond=0): 1.0 for start in starts}
    axis = Axis(min(hours), max(hours), HOUR, longest)
    marks = axis.marks(dict(hours))
    assert len(marks) <= longest
    assert marks[0] == marks[-1] == 1.0
