"""A DuckDB relation -> a polars frame, whatever types the relation has."""

from __future__ import annotations

import itertools
import re
from datetime import date

import duckdb
import polars as pl

# polars panics on these (2.1); as text they are still readable.
AS_TEXT = re.compile(r"INTERVAL|UNION|VARIANT|BIT\b|TIME WITH TIME ZONE|GEOMETRY|TIME_NS")
# Sums of BIGINT are HUGEINT, which comes as a decimal without places.
HUGE = pl.Decimal(38, 0)
UNITS_PER_DAY = {"d": 1, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
FIRST_DAY, LAST_DAY = ((day - date(1970, 1, 1)).days for day in (date.min, date.max))


def frame_of(relation: duckdb.DuckDBPyRelation) -> pl.DataFrame:
    """Run a relation and hand its rows over.

    Args:
        relation: Not yet run. Columns may repeat a name; the second becomes `name_2`.

    Returns:
        Columns in the relation's order; TIMESTAMPTZ as Datetime("us", "UTC"), HUGEINT as Int64 where all values fit, times
        beyond the years 1 to 9999 ("infinity") as text.

    Raises:
        duckdb.Error: the query failed or was interrupted.
        polars.exceptions.ComputeError: it was interrupted while rows were handed over.
    """
    names = _distinct(relation.columns)
    as_text = {name for name, kind in zip(names, relation.types, strict=True) if AS_TEXT.search(str(kind))}
    if names != relation.columns or as_text:
        relation = _projected(relation, names, as_text)
    frame = pl.DataFrame(relation)
    endless = {column.name for column in frame if column.dtype.is_temporal() and _is_endless(column)}
    if endless:
        frame = pl.DataFrame(_projected(relation, names, endless))
    huge = [name for name, kind in frame.schema.items() if kind == HUGE]
    return frame.with_columns(_integer(frame[name]) for name in huge) if huge else frame


def _is_endless(column: pl.Series) -> bool:
    """Whether a column of instants or dates has one that Python's calendar lacks: polars panics when it is read."""
    unit = UNITS_PER_DAY.get(getattr(column.dtype, "time_unit", "d")) if column.dtype in (pl.Date, pl.Datetime) else None
    if unit is None:
        return False
    units = column.to_physical()
    least, greatest = units.min(), units.max()
    return isinstance(least, int) and isinstance(greatest, int) and (least < FIRST_DAY * unit or greatest >= (LAST_DAY + 1) * unit)


def _distinct(names: list[str]) -> list[str]:
    """The names, with a number behind those that were there before; DuckDB ignores case in names."""
    distinct: list[str] = []
    for name in names:
        taken = {other.lower() for other in distinct}
        free = (candidate for number in itertools.count(2) if (candidate := f"{name}_{number}").lower() not in taken)
        distinct.append(next(free) if name.lower() in taken else name)
    return distinct


def _projected(relation: duckdb.DuckDBPyRelation, names: list[str], as_text: set[str]) -> duckdb.DuckDBPyRelation:
    """The relation's columns by their place, renamed, some as text."""
    columns = (f"CAST(#{place} AS VARCHAR)" if name in as_text else f"#{place}" for place, name in enumerate(names, 1))
    quoted = ('"' + name.replace('"', '""') + '"' for name in names)
    return relation.project(", ".join(f"{column} AS {name}" for column, name in zip(columns, quoted, strict=True)))


def _integer(column: pl.Series) -> pl.Series:
    """A decimal column as Int64, or as it is when a value does not fit."""
    integers = column.cast(pl.Int64, strict=False)
    return integers if integers.null_count() == column.null_count() else column
