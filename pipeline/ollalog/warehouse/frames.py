"""A DuckDB relation -> a polars frame, whatever types the relation has."""

from __future__ import annotations

import itertools
import re

import duckdb
import polars as pl

# polars panics on these (2.1); as text they are still readable.
AS_TEXT = re.compile(r"INTERVAL|UNION|VARIANT|BIT\b|TIME WITH TIME ZONE|GEOMETRY|TIME_NS")
# Sums of BIGINT are HUGEINT, which comes as a decimal without places.
HUGE = pl.Decimal(38, 0)


def frame_of(relation: duckdb.DuckDBPyRelation) -> pl.DataFrame:
    """Run a relation and hand its rows over.

    Args:
        relation: Not yet run. Columns may repeat a name; the second becomes `name_2`.

    Returns:
        Columns in the relation's order; TIMESTAMPTZ as Datetime("us", "UTC"), HUGEINT as Int64 where all values fit.

    Raises:
        duckdb.Error: the query failed or was interrupted.
        polars.exceptions.ComputeError: it was interrupted while rows were handed over.
    """
    names = _distinct(relation.columns)
    kinds = [str(kind) for kind in relation.types]
    if names != relation.columns or any(AS_TEXT.search(kind) for kind in kinds):
        relation = relation.project(", ".join(_projected(number, *column) for number, column in enumerate(zip(names, kinds, strict=True), 1)))
    frame = pl.DataFrame(relation)
    return frame.with_columns(_integer(frame[name]) for name, kind in frame.schema.items() if kind == HUGE)


def _distinct(names: list[str]) -> list[str]:
    """The names, with a number behind those that were there before; DuckDB ignores case in names."""
    distinct: list[str] = []
    for name in names:
        taken = {other.lower() for other in distinct}
        free = (candidate for number in itertools.count(2) if (candidate := f"{name}_{number}").lower() not in taken)
        distinct.append(next(free) if name.lower() in taken else name)
    return distinct


def _projected(number: int, name: str, kind: str) -> str:
    """One column by its place, renamed, and as text where polars has no such type."""
    quoted = '"' + name.replace('"', '""') + '"'
    return f"CAST(#{number} AS VARCHAR) AS {quoted}" if AS_TEXT.search(kind) else f"#{number} AS {quoted}"


def _integer(column: pl.Series) -> pl.Series:
    """A decimal column as Int64, or as it is when a value does not fit."""
    integers = column.cast(pl.Int64, strict=False)
    return integers if integers.null_count() == column.null_count() else column
