"""events.jsonl: one JSON object for each thing that ollalog's recorder was told of; `parsing.event_models` documents them."""

from __future__ import annotations

import polars as pl

from ollalog.parsing import event_records
from ollalog.parsing.format import REJECTED_SCHEMA, Extract, Format


def extract(lines: pl.DataFrame) -> Extract:
    """Turn events into rows of the tables `executions`, `signals` and `resource_samples`.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Rows by table with `line`, `byte_offset` and the table's columns; rejects with pydantic's words.
    """
    events, reasons = event_records.judged(lines["text"])
    marked = lines.with_columns(pl.Series("reason", reasons, dtype=pl.String))
    is_rejected = marked["reason"].is_not_null()
    placed = lines.select("line", "byte_offset").filter(~is_rejected)
    return Extract(recorded=event_records.rows(placed, events), rejected=marked.filter(is_rejected).select(list(REJECTED_SCHEMA)))


FORMAT = Format(
    name="events_jsonl",
    rank=10,
    # by names alone: lines of one shape are of one format, whatever their values
    owns=lambda text: (
        text.str.contains('"event":', literal=True)
        & text.str.contains('"timestamp":', literal=True)
        & text.str.contains('"pid":', literal=True)
    ),
    extract=extract,
    is_json=True,
    examples=(
        '{"event": "latency", "timestamp": "2026-11-20T10:00:00.123456Z", "pid": 7, "model": "llama3.1:8b", "seconds": 1.25}',
        '{"event":"cache","timestamp":"2026-11-20T10:00:00.000001Z","pid":7,"cache":"answers","outcome":"hit"}',
    ),
)
