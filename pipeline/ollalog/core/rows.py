"""Rows of a query -> table, JSON, NDJSON, CSV or Parquet."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ollalog.core.printable import printable

if TYPE_CHECKING:
    import polars as pl

NULL = "NULL"
WIDEST_CELL = 120
# What EXPLAIN returns: a drawing of many lines.
EXPLAINED = ["explain_key", "explain_value"]


def plain(value: object) -> Any:  # noqa: ANN401 - what JSON can hold has no narrower type
    """A value as JSON can hold it: instants ISO 8601 with Z, whole numbers as integers, bytes as hex, NaN as null."""
    simple: Any = str(value)
    match value:
        case None | bool() | int() | str():
            simple = value
        case float():
            simple = value if math.isfinite(value) else None
        case Decimal():
            simple = int(value) if value == value.to_integral_value() else float(value)
        case datetime():
            simple = value.isoformat().replace("+00:00", "Z")
        case date() | time():
            simple = value.isoformat()
        case bytes():
            simple = value.hex()
        case Mapping():
            simple = {str(key): plain(item) for key, item in value.items()}
        case Iterable():
            simple = [plain(item) for item in value]
    return simple


def json_rows(rows: pl.DataFrame) -> str:
    """One array of objects, one object a line."""
    objects = ",\n ".join(_objects(rows))
    return f"[{objects}]\n"


def ndjson_rows(rows: pl.DataFrame) -> str:
    """One object a line."""
    return "".join(f"{line}\n" for line in _objects(rows))


def _objects(rows: pl.DataFrame) -> Iterable[str]:
    return (json.dumps(plain(row), ensure_ascii=False) for row in rows.iter_rows(named=True))


def csv_rows(rows: pl.DataFrame) -> str:
    """Comma separated with a header; null is an empty field, lists and structures are JSON, control characters are spelt out."""
    import csv

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(printable(name) for name in rows.columns)
    writer.writerows([_field(value) for value in row] for row in rows.iter_rows())
    return text.getvalue()


def _field(value: object) -> object:
    """One field of CSV."""
    simple = plain(value)
    if simple is None:
        return ""
    if isinstance(simple, bool):
        return str(simple).lower()
    if isinstance(simple, dict | list):
        simple = json.dumps(simple, ensure_ascii=False)
    return printable(simple) if isinstance(simple, str) else simple


def table_rows(rows: pl.DataFrame) -> str:
    """Aligned columns for people: numbers to the right, every cell safe for a terminal and cut at 120 characters."""
    if rows.columns == EXPLAINED:
        return "".join(f"{printable(line)}\n" for plan in rows["explain_value"] for line in plan.splitlines())
    header = [printable(name) for name in rows.columns]
    cells = [[_cell(value) for value in row] for row in rows.iter_rows()]
    widths = [max(len(name), *(len(row[place]) for row in cells), 0) for place, name in enumerate(header)]
    to_right = [kind.is_numeric() for kind in rows.dtypes]

    def line(texts: list[str]) -> str:
        padded = (text.rjust(width) if right else text.ljust(width) for text, width, right in zip(texts, widths, to_right, strict=True))
        return "  ".join(padded).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(header), rule, *(line(row) for row in cells)]) + "\n"


def _cell(value: object) -> str:
    """One cell of a table."""
    simple = plain(value)
    if simple is None:
        return NULL
    if isinstance(simple, bool):
        return str(simple).lower()
    text = f"{simple:.6g}" if isinstance(simple, float) else json.dumps(simple) if isinstance(simple, dict | list) else str(simple)
    safe = printable(text)
    return safe if len(safe) <= WIDEST_CELL else safe[: WIDEST_CELL - 3] + "..."


def parquet_rows(rows: pl.DataFrame) -> bytes:
    """One Parquet file, zstd."""
    file = io.BytesIO()
    rows.write_parquet(file, compression="zstd")
    return file.getvalue()


TEXTS: Mapping[str, Callable[[pl.DataFrame], str]] = {"table": table_rows, "json": json_rows, "csv": csv_rows, "ndjson": ndjson_rows}
FORMATS = (*TEXTS, "parquet")
