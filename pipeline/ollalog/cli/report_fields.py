"""The columns that sections of the report share, and how their values are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from ollalog.cli import units
from ollalog.cli.charts import Charset
from ollalog.cli.report_model import Field, Row



class House(Protocol):
    """What the report needs of a warehouse: rows of a view, rows of a query."""

    def view(self, name: str) -> Any:  # noqa: ANN401 - a polars frame; polars is not imported to list commands
        """All rows of a view."""
        ...

    def query(self, sql: str) -> Any:  # noqa: ANN401 - as above
        """All rows of a query."""
        ...


def rows_of(house: House, view: str) -> list[dict[str, Any]]:
    """The rows of a view."""
    found: list[dict[str, Any]] = house.view(view).to_dicts()
    return found


def text(key: str, title: str, *, width: int | None = None, optional: bool = False) -> Field:
    """A column of words, made harmless."""
    return Field(key, title, lambda value, _: units.shown(None if value is None else str(value), width), left=True, optional=optional)


def number(key: str, title: str, *, optional: bool = False) -> Field:
    """A column of counts."""
    return Field(key, title, lambda value, _: units.count(value), optional=optional)


def time(key: str, title: str, *, optional: bool = False) -> Field:
    """A column of durations in ns."""
    return Field(key, title, lambda value, charset: charset.text(units.duration(value)), optional=optional)


def share(key: str, title: str, *, optional: bool = False) -> Field:
    """A column of shares of one."""
    return Field(key, title, lambda value, _: units.percent(value), optional=optional)


def speed(key: str, title: str, *, optional: bool = False) -> Field:
    """A column of things per second."""
    return Field(key, title, lambda value, _: units.rate(value), optional=optional)


def bar(key: str, title: str, width: int, *, optional: bool = True) -> Field:
    """A column of bars for shares of one."""
    return Field(key, title, lambda value, charset: charset.bar(value, width), left=True, optional=optional)


def line(key: str, title: str, *, optional: bool = True) -> Field:
    """A column of sparklines for series of numbers."""
    return Field(key, title, lambda value, charset: charset.sparkline(value or []), left=True, optional=optional)


def when(key: str, title: str, *, optional: bool = False) -> Field:
    """A column of instants or days, to the minute."""
    return Field(key, title, _moment, left=True, optional=optional)


def _moment(value: datetime | date | None, _: Charset) -> str:
    if value is None:
        return units.MISSING
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else f"{value:%Y-%m-%d}"


def change(key: str, title: str, *, optional: bool = False) -> Field:
    """A column of relative changes: +12%, -3.4%."""
    return Field(key, title, lambda value, _: units.MISSING if value is None else f"{value * 100:+.1f}%", optional=optional)


def thinned(values: Sequence[float | None], longest: int) -> list[float | None]:
    """A series of at most so many values: neighbours are merged, the greatest stands for them."""
    step = max(-(-len(values) // longest), 1)
    groups = (values[start : start + step] for start in range(0, len(values), step))
    return [max((value for value in group if value is not None), default=None) for group in groups]


def shortened(rows: Sequence[Row], longest: int, view: str) -> tuple[list[str], Sequence[Row]]:
    """Where the rest is when not all rows are shown, and the rows that are shown."""
    rest = len(rows) - longest
    return ([f'{rest} more: ollalog sql "FROM {view}"'] if rest > 0 else [], rows[:longest])


def hours_between(first: datetime, last: datetime) -> list[datetime]:
    """Every whole hour from the first to the last."""
    return [first + timedelta(hours=number) for number in range(int((last - first) / timedelta(hours=1)) + 1)]
