"""Bare replies of Ollama's API, one JSON object a line: the last chunk of generate and chat carries the durations (ns).

Source: Ollama api/types.go, Metrics: total_duration, load_duration, prompt_eval_count, … with `omitempty`.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from ollalog.parsing import record_decoding, records
from ollalog.parsing.format import Extract, Format
from ollalog.parsing.record_names import first_given


def extract(lines: pl.DataFrame) -> Extract:
    """Turn final replies into rows of table `inferences` (origin api_response); other chunks of a stream are noise.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Records with `line`, `byte_offset`, `stamp`, `ended_local` and the table's columns; rejects with pydantic's words.
    """
    raw, rejected = record_decoding.read(lines)
    return replace(extract_alike(raw), rejected=rejected)


def extract_alike(raw: pl.DataFrame) -> Extract:
    """The same of records whose values are known: `line`, `byte_offset`, `stamp` and some columns of RAW_SCHEMA."""
    last = raw.filter(first_given(raw.columns, ("done",), pl.Boolean()).fill_null(value=True))
    chunk_count = raw.height - last.height
    rows = records.inferences(last, "api_response")
    return Extract(records=rows, noise={"response_chunk": chunk_count} if chunk_count else {})


FORMAT = Format(
    name="ollama_response",
    rank=11,
    owns=lambda text: (
        (text.str.contains('"done":', literal=True) | text.str.contains('"total_duration":', literal=True))
        & ~text.str.contains('"operation":', literal=True)
    ),
    extract=extract,
    is_json=True,
    extract_alike=extract_alike,
    examples=(
        '{"model":"llama3.1:8b","created_at":"2026-11-20T10:00:00.5Z","response":"","done":true,"total_duration":5191566416,"eval_count":259}',
    ),
)
