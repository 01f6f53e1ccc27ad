"""The columns that sections of the report share, and how their values are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Axis:
    """The time from the first to the last point of a series in equal steps, merged to at most `longest` marks."""

    first: datetime
    last: datetime
    step: timedelta
    longest: int

    @property
    def steps(self) -> int:
        """How many steps there are from the first point to the last, both included."""
        return (self.last - self.first) // self.step + 1

    @property
    def steps_per_mark(self) -> int:
        """How many steps one mark stands for."""
        return -(-self.steps // self.longest)

    def marks(self, points: Mapping[datetime, float | None]) -> list[float | None]:
        """One value a mark: the greatest of its steps; None where there is none."""
        marks: list[float | None] = [None] * -(-self.steps // self.steps_per_mark)
        for start, value in points.items():
            place = (start - self.first) // self.step // self.steps_per_mark
            marks[place] = max((known for known in (marks[place], value) if known is not None), default=None)
        return marks


def shortened(rows: Sequence[Row], longest: int, view: str) -> tuple[list[str], Sequence[Row]]:
    """Where the rest is when not all rows are shown, and the rows that are shown."""
    rest = len(rows) - longest
    return ([f'{rest} more: ollalog sql "FROM {view}"'] if rest > 0 else [], rows[:longest])
