"""Every case below tests/cases/views: rows of base tables in, complete rows of the view out.

A case is a TOML file `<view>/<case>.toml`: `why`; `timezone`, `since`, `until` as `report` takes them; `[[requests]]`,
`[[inferences]]`, `[[pairs]]`, `[[server_events]]`, `[[rejects]]`, `[[sources]]`: the rows that there are; `[[expected]]`: all rows of the
view. A column that a row omits is null. Source and byte offset are numbered when omitted.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from ollalog.core.tables import TABLES
from ollalog.warehouse import load_views, open_warehouse
from tests.warehouse.snapshots import snapshot_of

CASES = Path(__file__).parent.parent / "cases" / "views"
NOW = datetime(2026, 6, 23, 12, tzinfo=UTC)
KEYS = {"why", "timezone", "since", "until", "sources", "expected", *TABLES}
MARK = "\n[[expected]]\n"


@pytest.mark.parametrize("path", sorted(CASES.glob("*/*.toml")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_view_shows_what_its_case_expects(path: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    assert case.get("why"), "a case says what it shows"
    assert set(case) <= KEYS, "no key is mistyped"
    view = load_views()[path.parent.name]
    snapshot = snapshot_of(tmp_path, {name: case.get(name, []) for name in TABLES}, case.get("sources", []))
    given: dict[str, Any] = {name: case.get(name) for name in ("since", "until", "timezone")}

    with open_warehouse(snapshot, now=NOW, **given) as warehouse:
        shown = warehouse.view(view.name).sort(view.grain, nulls_last=True).to_dicts()

    if request.config.getoption("--update-golden"):
        rewrite(path, shown)
        return
    expected = [dict.fromkeys(view.columns) | row for row in case.get("expected", [])]
    assert [rounded(row) for row in shown] == [rounded(row) for row in expected]


def test_every_view_has_a_case() -> None:
    assert {path.parent.name for path in CASES.glob("*/*.toml")} == set(load_views())


def rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose ratios and rates have nine significant digits: the last bits depend on the order of a sum."""
    return {name: float(f"{value:.9g}") if isinstance(value, float) else value for name, value in row.items()}


def rewrite(path: Path, rows: list[dict[str, Any]]) -> None:
    """Replace the expected rows of a case by those that came; a person reads the difference."""
    given = (path.read_text(encoding="utf-8") + MARK).split(MARK, 1)[0].rstrip()
    tables = (
        "[[expected]]\n" + "".join(f"{name} = {literal(value)}\n" for name, value in row.items() if value is not None) for row in rows
    )
    path.write_text("\n\n".join([given, *(table.rstrip() for table in tables)]) + "\n", encoding="utf-8")


def literal(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, datetime | date):
        return value.isoformat().replace("+00:00", "Z")
    return f"{value:.9g}" if isinstance(value, float) and value % 1 else json.dumps(value, ensure_ascii=False)
