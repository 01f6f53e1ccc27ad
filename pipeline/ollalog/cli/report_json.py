"""The report for programs: one JSON object with the rows of the views as they are, durations in ns, instants in UTC."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime
from typing import Any

from ollalog.cli.report_model import Report


def as_json(report: Report) -> str:
    """One object: `summary`, `sections` (name -> rows) and `notes`."""
    content = {
        "summary": report.summary,
        "sections": {section.name: list(section.rows) for section in report.sections},
        "notes": list(report.notes),
    }
    return json.dumps(_plain(content), indent=2)


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    """A value in the types that JSON has; NaN and infinity, which it has not, become null."""
    match value:
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value.tzinfo else value.isoformat()
        case date():
            return value.isoformat()
        case float() if not math.isfinite(value):
            return None
    return value
