"""The report as data: sections of rows, with how each column is shown to people. Programs get the rows as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ollalog.cli.charts import Charset

Row = Mapping[str, Any]
Shown = Callable[[Any, Charset], str]


@dataclass(frozen=True)
class Field:
    """One column of a section: its key in the rows, its title, how its value is shown.

    A column that is `optional` goes first when the terminal is narrow; `left` columns hold words, the others numbers.
    """

    key: str
    title: str
    shown: Shown
    left: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Section:
    """One part of the report: its rows for programs, how people see them, and honest remarks about them.

    People see `lines` where those differ from the rows: fewer of them, or a series of rows as one picture.
    """

    name: str
    title: str
    fields: Sequence[Field]
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    lines: Sequence[Row] | None = None

    @property
    def shown_rows(self) -> Sequence[Row]:
        """The rows that people see."""
        return self.rows if self.lines is None else self.lines

    def only(self, model: str) -> Section:
        """The section with its rows of one model; rows that tell of no model stay."""
        rows = [row for row in self.rows if row.get("model", model) == model]
        lines = None if self.lines is None else [row for row in self.lines if row.get("model", model) == model]
        return replace(self, rows=rows, lines=lines)


@dataclass(frozen=True)
class Report:
    """The whole report: what it is about (`facts`: label and sentence), its sections, and remarks about all of it."""

    title: str
    facts: Sequence[tuple[str, str]]
    summary: Row
    sections: Sequence[Section]
    notes: Sequence[str] = field(default=())
