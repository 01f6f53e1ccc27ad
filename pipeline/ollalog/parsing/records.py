"""JSON records of requests: from any of the names and units in use to the columns of table `inferences`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import polars as pl

from ollalog.core.tables import INFERENCES, polars_schema
from ollalog.parsing import names
from ollalog.parsing.record_names import LARGEST, NESTED, NUMBERS, STATUSES, first_given
from ollalog.parsing.record_times import instants
from ollalog.recorder.taxonomy import ERROR_KINDS, error_type

# what no record tells: where its row comes from, and what only the server's log knows
_OF_OTHERS = {"batch", "source", "byte_offset", "host", "session", "model_blob", "slot"}
_TYPES = polars_schema(INFERENCES)
COLUMNS = [name for name in INFERENCES.column_names if name not in _OF_OTHERS]


def inferences(raw: pl.DataFrame, origin: str) -> pl.DataFrame:
    """Turn decoded records into rows of `inferences`, less `host`, `session`, `source`, `batch`.

    Args:
        raw: one row per record; `line`, `byte_offset`, `stamp`, and those columns of RAW_SCHEMA that some record has, `model` among them.
        origin: performance_jsonl or api_response.

    Returns:
        One row per record: `line`, `byte_offset`, `stamp`, `ended_local` and the columns of the table.
    """
    raw = instants(_unnested(raw))
    told = raw.with_columns(_told(tuple(raw.columns)))
    frame = told.with_columns(
        _by_distinct(raw["model"], _model), _operations(raw), _error_types(told), *_MISSING_RATES, pl.lit(origin).alias("origin")
    )
    return frame.select("line", "byte_offset", "stamp", "ended_local", *COLUMNS)


@lru_cache(maxsize=64)
def _told(given_names: tuple[str, ...]) -> list[pl.Expr]:
    """Columns that each record tells by itself, from the names that some records have; an error's text, else its status, is `complaint`."""
    status = first_given(given_names, STATUSES, pl.Float64())
    error = first_given(given_names, ("error", "error_msg")).replace("", None).str.head(2048)
    success = first_given(given_names, ("success",), pl.Boolean())
    return [
        *(_number(given_names, column) for column in NUMBERS),
        pl.coalesce(success, status < 400, error.is_null()).alias("success"),
        error.alias("error"),
        pl.coalesce(error, status.cast(pl.Int64, strict=False).cast(pl.String)).alias("complaint"),
        first_given(given_names, ("error_type",)).alias("error_type"),
        first_given(given_names, ("done_reason",)).alias("done_reason"),
        first_given(given_names, ("truncated",), pl.Boolean()).alias("truncated"),
    ]


def _number(given_names: Sequence[str], column: str) -> pl.Expr:
    """A column of numbers in its unit, from the first of its names that is set."""
    values = [pl.col(name) * scale for name, scale in NUMBERS[column] if name in given_names]
    kind = _TYPES[column]
    value = pl.coalesce(values or pl.lit(None, pl.Float64()))
    return (value.round().cast(kind, strict=False) if kind == pl.Int64() else value).alias(column)


def _by_distinct(text: pl.Series, named: Callable[[str], str | None]) -> pl.Series:
    """Texts as `named` calls them; each distinct one is asked for once."""
    distinct = text.drop_nulls().unique()
    return text.replace_strict(distinct, pl.Series(map(named, distinct), dtype=pl.String), default=None, return_dtype=pl.String)


def _unnested(raw: pl.DataFrame) -> pl.DataFrame:
    """Members of nested objects as columns of their own, where the record does not say the same itself."""
    for outer, members in NESTED.items():
        if outer not in raw.columns or raw[outer].null_count() == raw.height:
            continue
        found = {name: pl.col(outer).str.json_path_match(f"$.{name}").cast(pl.Float64, strict=False) for name in members}
        raw = raw.with_columns(
            pl.coalesce(first_given(raw.columns, (name,), pl.Float64()), pl.when(number.is_between(0, LARGEST)).then(number)).alias(name)
            for name, number in found.items()
        )
    return raw


def _model(text: str) -> str:
    """A model as Ollama shows it; what is no name stays as it is."""
    return names.model_name(text) or text


def _operations(raw: pl.DataFrame) -> pl.Series:
    """The operation as given (Ollama's path or a name), else by what the reply holds."""
    given = raw.select("line", first_given(raw.columns, ("operation", "path", "req_path")).alias("operation"))["operation"]
    operations = _by_distinct(given, _operation)
    if not operations.has_nulls():
        return operations
    by_reply = (
        pl.when(first_given(raw.columns, ("embeddings", "embedding")).is_not_null()).then(pl.lit("embed"))
        .when(first_given(raw.columns, ("message",)).is_not_null()).then(pl.lit("chat"))
        .when(first_given(raw.columns, ("response",)).is_not_null()).then(pl.lit("generate"))
    )  # fmt: skip
    return operations.zip_with(operations.is_not_null(), raw.select("line", by_reply.alias("operation"))["operation"])


_POSTED = {path: operation for verbs, path, operation in names.ROUTES if "POST" in verbs.split("|")}
_OTHER_WORDS = {"embeddings": "embed", "embedding": "embed", "completion": "generate"}


@lru_cache(maxsize=4096)
def _operation(given: str) -> str | None:
    """An operation as the data dictionary spells it; None for none."""
    if given.startswith("/"):
        return _POSTED.get(given, "other")
    return _OTHER_WORDS.get(given.lower(), given.lower()) or None


def _error_types(told: pl.DataFrame) -> pl.Series:
    """Kinds of the errors of what did not succeed: as given, where that is a known one, else by what the record complains of."""
    failed = ~told["success"]
    if not failed.any():
        return told["error_type"].clear(told.height)
    kinds = _by_distinct(told["complaint"], error_type).fill_null("other")
    known = pl.when(pl.col("error_type").is_in(ERROR_KINDS[:-1])).then(pl.col("error_type"))
    return told.select(pl.when(failed).then(pl.coalesce(known, kinds)).alias("error_type")).to_series()


def rates() -> tuple[pl.Expr, pl.Expr]:
    """Generation and prompt speed from counts and durations (1/s); null where they say nothing."""
    evaluated = pl.col("prompt_tokens") - pl.col("cached_tokens").fill_null(0)
    # the time of a single token is that of sampling alone: the rate would be absurd
    has_rate = (pl.col("eval_ns") > 0) & (pl.col("generated_tokens") > 1)
    # a column divided by a constant is multiplied by its inverse, unless it has one row: the last digit would depend on the neighbours
    generated = pl.when(has_rate).then(pl.col("generated_tokens") * 1e9 / pl.col("eval_ns"))
    evaluation = pl.when((pl.col("prompt_eval_ns") > 0) & (evaluated > 0)).then(evaluated * 1e9 / pl.col("prompt_eval_ns"))
    return generated.alias("tokens_per_second"), evaluation.alias("prompt_tokens_per_second")


_MISSING_RATES = [pl.coalesce(rate.meta.output_name(), rate).alias(rate.meta.output_name()) for rate in rates()]
