"""The report for programs: plain JSON, whatever is in the rows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone

from ollalog.cli.report_json import as_json
from ollalog.cli.report_model import Field, Report, Section
from ollalog.cli.report_quality import quality


def test_numbers_and_times_are_what_json_can_hold() -> None:
    east = timezone(timedelta(hours=2))
    row = {"nan": float("nan"), "day": date(2026, 6, 21), "instant": datetime(2026, 6, 21, 20, tzinfo=east), "list": [1.5, None]}
    section = Section("rows", "Rows", (Field("day", "day", lambda value, _: str(value)),), [row])
    content = json.loads(as_json(Report("Report", (), {"until": datetime(2026, 6, 21, tzinfo=UTC)}, [section])))
    assert content["summary"] == {"until": "2026-06-21T00:00:00Z"}
    assert content["sections"]["rows"] == [{"nan": None, "day": "2026-06-21", "instant": "2026-06-21T18:00:00Z", "list": [1.5, None]}]


class Answer:
    """A frame with given rows."""

    def __init__(self, rows: list[dict[str, object]]) -> None:
        self._rows = rows

    def to_dicts(self) -> list[dict[str, object]]:
        """The rows."""
        return self._rows


class House:
    """A warehouse whose views all have the same rows."""

    def __init__(self, *rows: tuple[str, str, int | None]) -> None:
        self._rows: list[dict[str, object]] = [
            {"source": 1, "path": "/var/log/ollama/server.log", "measure": measure, "name": name, "count": count}
            for measure, name, count in rows
        ]

    def view(self, name: str) -> Answer:
        """The rows, whatever the view."""
        return Answer(self._rows)

    def query(self, sql: str) -> Answer:
        """The rows, whatever the query."""
        return Answer(self._rows)


def test_lost_bytes_and_rejected_lines_are_sentences() -> None:
    """R2: a gap is reported, never silent."""
    house = House(
        ("lines", "lines", 5), ("fate", "row", 3), ("fate", "rejected", 2), ("reject", "gin: no status", 2), ("gap", "bytes", None)
    )
    assert quality(house).notes == [
        "Every line is accounted for: 5 = 3 rows + 2 rejected.",
        "Rejected: gin: no status (2).",
        "Gap: an unknown number of bytes of /var/log/ollama/server.log were gone before they could be read.",
    ]


def test_sums_that_do_not_add_up_are_said() -> None:
    house = House(("lines", "lines", 5), ("fate", "row", 3))
    assert quality(house).notes == ["5 lines, but 3 rows: run ollalog verify."]
