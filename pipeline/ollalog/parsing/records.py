"""JSON records of requests: from any of the names and units in use to the columns of table `inferences`."""

from __future__ import annotations

import re

import polars as pl

from ollalog.core.tables import INFERENCES, polars_schema
from ollalog.parsing import names
from ollalog.parsing.record_names import LARGEST, NESTED, NUMBERS, STATUSES, first_given
from ollalog.parsing.record_times import instants

ERROR_TYPES = (
    ("timeout", r"time[d ]*out|deadline exceeded|took too long"),
    ("connection_failed", r"connection|connect:|refused|reset by peer|broken pipe|\bEOF\b|unreachable|no such host|network"),
    ("resource_exhausted", r"out of memory|\boom\b|resource|exhausted|server busy|queue|too many requests|memory|\b429\b|\b503\b"),
    ("model_not_loaded", r"not loaded|failed to load|unable to load|loading model|load failed"),
    ("invalid_model", r"model.*(?:not found|does not exist|unknown|invalid)|(?:unknown|invalid|no such) model|not found|\b404\b"),
    ("invalid_request", r"invalid|bad request|malformed|unsupported|required|missing|does not support|\b400\b|exceeds"),
)
# what no record tells: where its row comes from, and what only the server's log knows
_OF_OTHERS = {"batch", "source", "byte_offset", "host", "session", "model_blob", "slot"}
COLUMNS = [name for name in INFERENCES.column_names if name not in _OF_OTHERS]


def error_type(text: str | None) -> str:
    """The kind of an error by the taxonomy of the data dictionary: timeout, connection_failed, …, other."""
    for kind, pattern in ERROR_TYPES:
        if text and re.search(pattern, text, re.IGNORECASE):
            return kind
    return "other"


def inferences(raw: pl.DataFrame, origin: str) -> pl.DataFrame:
    """Turn decoded records into rows of `inferences`, less `host`, `session`, `source`, `batch`.

    Args:
        raw: one row per record; `line`, `byte_offset`, `stamp`, RAW_SCHEMA.
        origin: performance_jsonl or api_response.

    Returns:
        One row per record: `line`, `byte_offset`, `stamp`, `ended_local` and the columns of the table.
    """
    schema = polars_schema(INFERENCES)
    numbers = [pl.coalesce([pl.col(name) * scale for name, scale in aliases]).alias(column) for column, aliases in NUMBERS.items()]
    whole = [pl.col(column).round().cast(pl.Int64, strict=False) for column in NUMBERS if schema[column] == pl.Int64()]
    status = first_given(raw, STATUSES, pl.Float64())
    error = first_given(raw, ("error", "error_msg")).replace("", None)
    frame = instants(_unnested(raw)).with_columns(
        *numbers,
        pl.lit(origin).alias("origin"),
        names.model_names(raw["model"]).fill_null(raw["model"]).alias("model"),
        _operation(raw).alias("operation"),
        pl.coalesce(first_given(raw, ("success",), pl.Boolean()), status < 400, error.is_null()).alias("success"),
        first_given(raw, ("done_reason",)).alias("done_reason"),
        first_given(raw, ("error_type",)).alias("error_type"),
        first_given(raw, ("truncated",), pl.Boolean()).alias("truncated"),
        error.str.head(2048).alias("error"),
        pl.coalesce(error.str.head(2048), status.cast(pl.Int64, strict=False).cast(pl.String)).alias("complaint"),
    )
    return (
        frame.with_columns(*whole)
        .with_columns(_error_types(frame), *_missing_rates())
        .select("line", "byte_offset", "stamp", "ended_local", *COLUMNS)
    )


def _unnested(raw: pl.DataFrame) -> pl.DataFrame:
    """Members of nested objects as columns of their own, where the record does not say the same itself."""
    for outer, members in NESTED.items():
        if outer not in raw.columns or raw[outer].null_count() == raw.height:
            continue
        found = {name: pl.col(outer).str.json_path_match(f"$.{name}").cast(pl.Float64, strict=False) for name in members}
        raw = raw.with_columns(
            pl.coalesce(name, pl.when(number.is_between(0, LARGEST)).then(number)).alias(name) for name, number in found.items()
        )
    return raw


def _operation(frame: pl.DataFrame) -> pl.Expr:
    """The operation as given (Ollama's path or a name), else by what the reply holds."""
    given = first_given(frame, ("operation", "path", "req_path")).replace("", None)
    by_path = names.operation(pl.lit("POST"), given)
    by_reply = (
        pl.when(first_given(frame, ("embeddings", "embedding")).is_not_null()).then(pl.lit("embed"))
        .when(first_given(frame, ("message",)).is_not_null()).then(pl.lit("chat"))
        .when(first_given(frame, ("response",)).is_not_null()).then(pl.lit("generate"))
    )  # fmt: skip
    spelled = given.str.to_lowercase().replace({"embeddings": "embed", "embedding": "embed", "completion": "generate"})
    return pl.when(given.str.starts_with("/")).then(by_path).when(given.is_not_null()).then(spelled).otherwise(by_reply)


def _error_types(frame: pl.DataFrame) -> pl.Expr:
    texts = frame["complaint"].drop_nulls().unique().to_list()
    kinds = pl.col("complaint").replace_strict(texts, [error_type(text) for text in texts], default="other", return_dtype=pl.String)
    known = [kind for kind, _ in ERROR_TYPES]
    given = pl.when(pl.col("error_type").is_in(known)).then(pl.col("error_type"))
    return pl.when(~pl.col("success")).then(pl.coalesce(given, kinds)).alias("error_type")


def _missing_rates() -> list[pl.Expr]:
    return [pl.coalesce(rate.meta.output_name(), rate).alias(rate.meta.output_name()) for rate in rates()]


def rates() -> tuple[pl.Expr, pl.Expr]:
    """Generation and prompt speed from counts and durations (1/s); null where they say nothing."""
    eval_s, prompt_s = pl.col("eval_ns") / 1e9, pl.col("prompt_eval_ns") / 1e9
    evaluated = pl.col("prompt_tokens") - pl.col("cached_tokens").fill_null(0)
    # the time of a single token is that of sampling alone: the rate would be absurd
    generated = pl.when((eval_s > 0) & (pl.col("generated_tokens") > 1)).then(pl.col("generated_tokens") / eval_s)
    evaluation = pl.when((prompt_s > 0) & (evaluated > 0)).then(evaluated / prompt_s)
    return generated.alias("tokens_per_second"), evaluation.alias("prompt_tokens_per_second")
