"""Rows against the bytes that they were read from: the part of `verify` that needs both reading and parsing."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ollalog import parsing, sources
from ollalog.core.batch import Source
from ollalog.core.tables import RECORDED_TABLES

# What a line says by itself, whatever came before it.
_TOLD = {
    "requests": ("status", "method", "path", "latency_ns"),
    "inferences": ("model", "operation", "total_ns", "prompt_tokens", "generated_tokens", "success"),
    "executions": ("kind", "name", "status", "duration_ns", "error_type"),
    "signals": ("kind", "name", "outcome", "value", "duration_ns", "input_tokens", "output_tokens"),
    "resource_samples": ("scope", "name", "cpu_ratio", "memory_bytes", "threads"),
}
_RECORDED = {table.name for table in RECORDED_TABLES}


def reread(source: Source, table: str, rows: pl.DataFrame) -> Sequence[str]:
    """Parse the lines of some rows again and say what differs.

    Args:
        source: where the rows were read from.
        table: one of those above.
        rows: a few rows of the table.

    Returns:
        One sentence per row that is not what its line says; none where the log is gone.
    """
    wanted = rows.sort("byte_offset")
    batch = sources.lines_at(source, wanted["byte_offset"].to_list()) if wanted.height else None
    if batch is None:
        return []
    parsed = parsing.parse(batch)
    if table == "requests":
        return _differences(source, table, wanted, parsed.requests)
    if table in _RECORDED:
        return _differences(source, table, wanted, parsed.recorded.get(table, parsed.requests.clear()))
    runs = wanted.filter(pl.col("origin") == "server_log")
    records = wanted.filter(pl.col("origin") != "server_log")
    told = parsed.inferences if parsed.inferences is not None else parsed.requests.select("byte_offset").clear()
    marks = set(parsed.marks["byte_offset"].to_list())
    missing = [offset for offset in runs["byte_offset"].to_list() if offset not in marks]
    sentences = [f"inferences: source {source.id}, offset {offset}: no line of a run begins there" for offset in missing]
    return [*sentences, *_differences(source, table, records, told)]


def _differences(source: Source, table: str, wanted: pl.DataFrame, told: pl.DataFrame) -> list[str]:
    columns = _TOLD[table]
    sentences = []
    found = {row["byte_offset"]: row for row in told.iter_rows(named=True)}
    for row in wanted.iter_rows(named=True):
        line = found.get(row["byte_offset"])
        place = f"{table}: source {source.id}, offset {row['byte_offset']}"
        if line is None:
            sentences.append(f"{place}: no such row can be read there")
            continue
        sentences.extend(f"{place}: {name} is {row[name]!r}, the log says {line[name]!r}" for name in columns if row[name] != line[name])
    return sentences
