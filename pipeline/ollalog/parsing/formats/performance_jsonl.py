"""performance.jsonl: one JSON object per request, as programs that use Ollama write it."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from ollalog.parsing import record_decoding, records
from ollalog.parsing.format import Extract, Format


def extract(lines: pl.DataFrame) -> Extract:
    """Turn JSON records into rows of table `inferences` (origin performance_jsonl).

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Records with `line`, `byte_offset`, `stamp`, `ended_local` and the table's columns; rejects with pydantic's words.
    """
    raw, rejected = record_decoding.read(lines)
    return replace(extract_alike(raw), rejected=rejected)


def extract_alike(raw: pl.DataFrame) -> Extract:
    """The same of records whose values are known: `line`, `byte_offset`, `stamp` and some columns of RAW_SCHEMA."""
    return Extract(records=records.inferences(raw, "performance_jsonl"))


FORMAT = Format(
    name="performance_jsonl",
    rank=12,
    owns=lambda text: text.str.starts_with("{"),
    extract=extract,
    is_json=True,
    extract_alike=extract_alike,
    examples=(
        '{"model": "llama3.1:8b", "operation": "chat", "timestamp": "2026-11-20T10:00:00Z", "total_latency_ms": 1234.5, "success": true}',
        '{"model": "qwen2.5:7b", "timestamp": 1795168800, "duration_ms": 12, "status_code": 503, "error": "server busy"}',
    ),
)
