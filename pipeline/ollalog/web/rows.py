"""Rows of views and queries as JSON; made in the threads that ask, so that the event loop only sends."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from ollalog import asking
from ollalog.core.rows import csv_rows, plain
from ollalog.core.tables import TABLES
from ollalog.warehouse import load_views
from ollalog.web.problems import unknown_name

if TYPE_CHECKING:
    import polars as pl

    from ollalog.warehouse import Warehouse

ALL_MODELS = "(all)"


def encoded(value: Any) -> bytes:  # noqa: ANN401 - whatever JSON can hold
    """A value as one line of JSON."""
    return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def described(name: str) -> tuple[str, list[str], dict[str, str]]:
    """Purpose, grain and meanings of the columns of a view or table.

    Raises:
        RequestError: there is none of that name.
    """
    views = load_views()
    if name in views:
        file = views[name]
        return file.purpose, list(file.grain), dict(file.columns)
    if name in TABLES:
        table = TABLES[name]
        return f"one row per {table.grain}", ["source", "byte_offset"], {column.name: column.meaning for column in table.columns}
    raise unknown_name("view", name, [*views, *TABLES])


def kept_to_model(house: Warehouse, model: str | None) -> str | None:
    """Let the views above the requests tell of one model only; the name that it is shown by.

    Raises:
        UsageError: no request is of this model.
    """
    if model is None:
        return None
    shown = asking.known_model(house, model)
    house.keep_requests(model=shown)
    return shown


def of_model(rows: pl.DataFrame, model: str | None) -> pl.DataFrame:
    """The rows that tell of a model or of none in particular."""
    import polars as pl

    if model is None or "model" not in rows.columns:
        return rows
    return rows.filter(pl.col("model").is_null() | pl.col("model").is_in([model, ALL_MODELS]))


def view_answer(house: Warehouse, name: str, model: str | None, limit: int, batch: int) -> bytes:
    """Rows of a view as JSON."""
    purpose, grain, columns = described(name)
    rows, cut = _rows(house, name, model, limit)
    head = {"view": name, "purpose": purpose, "grain": grain, "columns": columns}
    return encoded({**head, "rows": rows.to_dicts(), "truncated": cut, "batch": batch})


def view_csv(house: Warehouse, name: str, model: str | None, limit: int) -> bytes:
    """Rows of a view as comma separated values."""
    described(name)
    return csv_rows(_rows(house, name, model, limit)[0]).encode("utf-8", "backslashreplace")


def _rows(house: Warehouse, name: str, model: str | None, limit: int) -> tuple[pl.DataFrame, bool]:
    shown = kept_to_model(house, model)
    if shown is None:
        rows = house.query(f'SELECT * FROM "{name}" LIMIT {int(limit) + 1}')  # noqa: S608 - a name that was looked up
    else:
        rows = of_model(house.query(f'SELECT * FROM "{name}"'), shown)  # noqa: S608 - as above
    return rows.head(limit), rows.height > limit


def query_answer(house: Warehouse, sql: str, model: str | None, timeout_s: float, max_rows: int) -> bytes:
    """Rows of a person's query as JSON; of one model only, where one is named."""
    began_s = time.monotonic()
    kept_to_model(house, model)
    rows, cut = house.safe_query(sql, timeout_s=timeout_s, max_rows=max_rows)
    seconds = round(time.monotonic() - began_s, 6)
    return encoded({"columns": rows.columns, "rows": rows.to_dicts(), "truncated": cut, "seconds": seconds})
