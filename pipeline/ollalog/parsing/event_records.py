"""Events of events.jsonl to rows: judged one by one by pydantic (1.4 µs each), then whole frames by table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from ollalog.core.tables import EXECUTIONS, RESOURCE_SAMPLES, SIGNALS, Table, polars_schema
from ollalog.parsing import names
from ollalog.recorder.taxonomy import error_type

ERROR_CHARACTERS = 2048
_TEXTS = (
    "event", "model", "graph", "request_type", "error", "error_type", "tool", "agent", "agent_id", "agent_name", "node", "status",
    "cache", "outcome", "name", "state", "queue", "operation", "labels",
)  # fmt: skip
_WHOLE = ("pid", "memory_bytes", "threads", "input_tokens", "output_tokens", "input_bytes", "output_bytes", "retries", "size", "workers")
# every name that some event has, as decoded
_RAW: dict[str, pl.DataType] = {
    "timestamp": pl.Datetime("us", "UTC"),
    **dict.fromkeys(_TEXTS, pl.String()),
    **dict.fromkeys(_WHOLE, pl.Int64()),
    **dict.fromkeys(("seconds", "cpu_ratio"), pl.Float64()),
    "success": pl.Boolean(),
}
_EXECUTIONS = ("latency", "request_ended", "error", "task", "tool", "agent", "node", "graph", "model_load")
_SAMPLES = ("resource", "memory_usage")
# what no event tells
_OF_OTHERS = {"batch", "source", "byte_offset", "host", "session"}


def judged(texts: Iterable[str]) -> tuple[list[Mapping[str, Any]], list[str | None]]:
    """Read texts that hold one event each.

    Returns:
        The events that are sound, in order; and for each text why it is none, or null.
    """
    from pydantic import ValidationError

    from ollalog.parsing.event_models import EVENT

    events: list[Mapping[str, Any]] = []
    reasons: list[str | None] = []
    for text in texts:
        try:
            events.append(EVENT.validate_json(text))
            reasons.append(None)
        except ValidationError as problem:
            faults = [f"{'.'.join(str(step) for step in fault['loc']) or 'line'}: {fault['msg']}" for fault in problem.errors()[:5]]
            reasons.append("; ".join(faults)[:500])
    return events, reasons


def rows(places: pl.DataFrame, events: Sequence[Mapping[str, Any]]) -> dict[str, pl.DataFrame]:
    """Turn events into rows.

    Args:
        places: one row per event; `line`, `byte_offset`.
        events: as `judged` gives them.

    Returns:
        Table -> rows with `line`, `byte_offset` and the table's columns, less `batch`, `source`, `host`, `session`; tables
        without rows are left out.
    """
    plain = [event if "labels" not in event else {**event, "labels": json.dumps(event["labels"], sort_keys=True)} for event in events]
    raw = places.hstack(pl.DataFrame(plain, schema=_RAW, orient="row")).with_columns(pl.col("timestamp").alias("happened_at"))
    is_execution, is_sample = raw["event"].is_in(_EXECUTIONS), raw["event"].is_in(_SAMPLES)
    made = {
        EXECUTIONS: _executions(raw.filter(is_execution)),
        SIGNALS: _signals(raw.filter(~is_execution & ~is_sample)),
        RESOURCE_SAMPLES: _resource_samples(raw.filter(is_sample)),
    }
    return {table.name: _shaped(frame, table) for table, frame in made.items() if frame.height}


def _executions(raw: pl.DataFrame) -> pl.DataFrame:
    """Rows of `executions`."""
    event, status = pl.col("event"), pl.col("status")
    went_well = pl.coalesce(pl.col("success"), pl.col("error").is_null() & pl.col("error_type").is_null() & (event != "error"))
    failed = raw.select(pl.when(status.is_null()).then(~went_well).otherwise(status != "success").alias("failed"))["failed"]
    told = raw.with_columns(_shown_models(raw["model"]), failed, _error_types(raw, failed))
    by_type = pl.when(pl.col("error_type") == "timeout").then(pl.lit("timeout")).otherwise(pl.lit("error"))
    return told.with_columns(
        pl.when(event.is_in(["latency", "request_ended", "error"])).then(pl.lit("request")).otherwise(event).alias("kind"),
        pl.coalesce("model", "tool", "agent_id", "node", pl.when(event == "graph").then(pl.col("graph"))).alias("name"),
        pl.col("agent_name").alias("title"),
        pl.col("agent").alias("parent"),
        pl.coalesce(status, pl.when("failed").then(by_type).otherwise(pl.lit("success"))).alias("status"),
        _duration_ns(),
        pl.col("error").str.head(ERROR_CHARACTERS),
    )


def _signals(raw: pl.DataFrame) -> pl.DataFrame:
    """Rows of `signals`."""
    return raw.with_columns(
        pl.col("event").alias("kind"),
        pl.coalesce(_shown_models(raw["model"]), "cache", "name", "queue", "operation").alias("name"),
        pl.coalesce("outcome", "state", "request_type").alias("outcome"),
        pl.coalesce("size", "workers").cast(pl.Float64).alias("value"),
        _duration_ns(),
    )


def _resource_samples(raw: pl.DataFrame) -> pl.DataFrame:
    """Rows of `resource_samples`: of processes."""
    return raw.with_columns(pl.lit("process").alias("scope"), pl.col("pid").cast(pl.String).alias("name"))


def _duration_ns() -> pl.Expr:
    return (pl.col("seconds") * 1e9).round().cast(pl.Int64).alias("duration_ns")


def _shown_models(given: pl.Series) -> pl.Series:
    """Models as Ollama shows them; what is no name of a model stays as it is."""
    distinct = given.drop_nulls().unique()
    shown = pl.Series([names.model_name(name) or name for name in distinct], dtype=pl.String())
    return given.replace_strict(distinct, shown, default=None, return_dtype=pl.String)


def _error_types(raw: pl.DataFrame, failed: pl.Series) -> pl.Series:
    """The kind of each failure as the program says, else by its status and text; null for what went well."""
    texts = raw["error"].fill_null("")
    distinct = texts.filter(failed).unique()
    kinds = pl.Series([error_type(text) for text in distinct], dtype=pl.String())
    by_text = texts.replace_strict(distinct, kinds, default=None, return_dtype=pl.String).alias("by_text")
    by_status = pl.when(pl.col("status") == "timeout").then(pl.lit("timeout"))
    told = raw.with_columns(failed.alias("failed"), by_text)
    return told.select(pl.when("failed").then(pl.coalesce("error_type", by_status, "by_text")).alias("error_type"))["error_type"]


def _shaped(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The columns of a table in its types; those that no event tells are null."""
    wanted = {name: kind for name, kind in polars_schema(table).items() if name not in _OF_OTHERS}
    columns = (pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, kind).alias(name) for name, kind in wanted.items())
    return frame.select("line", "byte_offset", *columns)
