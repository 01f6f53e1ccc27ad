"""Rows in five formats."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import polars as pl
import pytest

from ollalog.core.rows import csv_rows, json_rows, ndjson_rows, parquet_rows, plain, table_rows

ROWS = pl.DataFrame(
    {
        "model": ["a:1b", None, "tab\there"],
        "p50_ns": [2_500_000_000, None, 0],
        "ratio": [0.5, float("nan"), 1e-9],
        "ok": [True, False, None],
        "seen": [datetime(2026, 6, 21, 18, tzinfo=UTC), None, datetime(2026, 6, 21, 18, 0, 0, 5, tzinfo=UTC)],
        "tags": [["x", "y"], [], None],
    }
)


@pytest.mark.parametrize(
    ("value", "simple"),
    [
        (Decimal(12), 12),
        (Decimal("1.5"), 1.5),
        (float("inf"), None),
        (datetime(2026, 6, 21, 18, tzinfo=UTC), "2026-06-21T18:00:00Z"),
        (datetime(2026, 6, 21, 18), "2026-06-21T18:00:00"),  # noqa: DTZ001 - a local time of a trend has no zone
        (date(2026, 6, 21), "2026-06-21"),
        (time(1, 2), "01:02:00"),
        (timedelta(hours=1), "1:00:00"),
        (b"\x00\xff", "00ff"),
        ({"a": [Decimal(1), None]}, {"a": [1, None]}),
    ],
)
def test_every_value_has_a_form_in_json(value: object, simple: object) -> None:
    assert plain(value) == simple


def test_json_is_one_array_and_ndjson_one_object_a_line() -> None:
    objects = json.loads(json_rows(ROWS))
    assert objects == [json.loads(line) for line in ndjson_rows(ROWS).splitlines()]
    assert objects[0] == {
        "model": "a:1b",
        "p50_ns": 2500000000,
        "ratio": 0.5,
        "ok": True,
        "seen": "2026-06-21T18:00:00Z",
        "tags": ["x", "y"],
    }
    assert objects[1] == {"model": None, "p50_ns": None, "ratio": None, "ok": False, "seen": None, "tags": []}
    assert json.loads(json_rows(ROWS.clear())) == []


def test_csv_leaves_null_empty_and_spells_out_control_characters() -> None:
    assert csv_rows(ROWS).splitlines() == [
        "model,p50_ns,ratio,ok,seen,tags",
        'a:1b,2500000000,0.5,true,2026-06-21T18:00:00Z,"[""x"", ""y""]"',
        ",,,false,,[]",
        "tab\\there,0,1e-09,,2026-06-21T18:00:00.000005Z,",
    ]


def test_a_table_puts_numbers_to_the_right_and_cuts_long_cells() -> None:
    assert table_rows(pl.DataFrame({"name": ["a", "b" * 200], "n": [1, 20]})).splitlines()[2:] == [
        "a".ljust(120) + "   1",
        "b" * 117 + "...  20",
    ]


def test_a_table_without_rows_shows_its_columns() -> None:
    assert table_rows(ROWS.clear()).splitlines()[0].split() == ROWS.columns


def test_parquet_keeps_types() -> None:
    assert pl.read_parquet(io.BytesIO(parquet_rows(ROWS))).schema == ROWS.schema
