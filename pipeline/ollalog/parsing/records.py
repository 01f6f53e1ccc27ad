"""JSON records of requests: from any of the names and units in use to the columns of table `inferences`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl

from ollalog.core.tables import INFERENCES, polars_schema
from ollalog.parsing import names
from ollalog.parsing.format import NO_REJECTED, REJECTED_SCHEMA

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

_UNITS_NS = {"_ns": 1.0, "_us": 1e3, "_ms": 1e6, "_s": 1e9, "_seconds": 1e9}
_DURATIONS = {
    "total_ns": ("total_latency", "total_duration", "total", "latency", "duration", "elapsed", "response_time"),
    "load_ns": ("load_duration", "load", "load_time", "model_load"),
    "prompt_eval_ns": ("prompt_eval_duration", "prompt_eval", "prompt_eval_time"),
    "eval_ns": ("eval_duration", "eval", "generation_time", "eval_time"),
}
_OLLAMA_NS = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
# column: (name, scale), the names that it has among producers, the preferred first
NUMBERS: dict[str, tuple[tuple[str, float], ...]] = {
    column: (
        *((f"{stem}{suffix}", scale) for stem in stems for suffix, scale in _UNITS_NS.items()),
        *((stem, 1.0) for stem in stems if stem in _OLLAMA_NS),
    )
    for column, stems in _DURATIONS.items()
} | {
    "prompt_tokens": (("prompt_tokens", 1.0), ("prompt_eval_count", 1.0), ("input_tokens", 1.0)),
    "generated_tokens": (("generated_tokens", 1.0), ("eval_count", 1.0), ("completion_tokens", 1.0), ("output_tokens", 1.0)),
    "cached_tokens": (("cached_tokens", 1.0), ("cache_tokens", 1.0)),
    "tokens_per_second": (("tokens_per_second", 1.0), ("generation_tps", 1.0)),
    "prompt_tokens_per_second": (("prompt_tokens_per_second", 1.0), ("prompt_tps", 1.0), ("prompt_per_second", 1.0)),
    "context_length": (("context_length", 1.0), ("num_ctx", 1.0)),
    "temperature": (("temperature", 1.0),),
    "top_p": (("top_p", 1.0),),
    "memory_bytes": (("memory_bytes", 1.0), ("memory_usage_bytes", 1.0), ("memory_mb", 1e6), ("memory_usage_mb", 1e6)),
    "gpu_ratio": (("gpu_ratio", 1.0), ("gpu_utilization_percent", 0.01), ("gpu_percent", 0.01)),
    "model_bytes": (("model_bytes", 1.0), ("model_size_bytes", 1.0), ("model_size_mb", 1e6)),
}
TIMES = ("timestamp", "created_at", "ts", "time", "datetime_utc", "datetime")
TEXTS = ("model", "operation", "error", "error_msg", "error_type", "done_reason", "path", "req_path", *TIMES)
PRESENT = ("response", "message", "embeddings", "embedding")
# objects of a record whose members count as its own
NESTED: dict[str, tuple[str, ...]] = {
    "tokens": ("cache_tokens", "input_tokens", "output_tokens", "prompt_per_second", "tokens_per_second"),
    "usage": ("prompt_tokens", "completion_tokens"),
    "response_json": ("prompt_tps", "generation_tps"),
}
FLAGS = ("success", "done", "truncated")
STATUSES = ("status_code", "resp_status_code")
RAW_SCHEMA: dict[str, pl.DataType] = {
    **{name: pl.String() for name in (*TEXTS, *PRESENT, *NESTED)},
    **{name: pl.Float64() for column in NUMBERS.values() for name, _ in column},
    **{name: pl.Float64() for name in STATUSES},
    **{name: pl.Boolean() for name in FLAGS},
}
ERROR_TYPES = (
    ("timeout", r"time[d ]*out|deadline exceeded|took too long"),
    ("connection_failed", r"connection|connect:|refused|reset by peer|broken pipe|\bEOF\b|unreachable|no such host|network"),
    ("resource_exhausted", r"out of memory|\boom\b|resource|exhausted|server busy|queue|too many requests|memory|\b429\b|\b503\b"),
    ("model_not_loaded", r"not loaded|failed to load|unable to load|loading model|load failed"),
    ("invalid_model", r"model.*(?:not found|does not exist|unknown|invalid)|(?:unknown|invalid|no such) model|not found|\b404\b"),
    ("invalid_request", r"invalid|bad request|malformed|unsupported|required|missing|does not support|\b400\b|exceeds"),
)
_LARGEST = 2.0**62
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC)
# what decoding all lines at once would take for a text or a time though it is none: pydantic judges it, whatever its neighbours are
_ODD = (
    rf'"(?:{"|".join(name for name in TEXTS if name not in TIMES)})"\s*:\s*[^"n\s]|"(?:{"|".join(TIMES)})"\s*:\s*[tf\[{{]'
    r"|\\u[dD][89a-fA-F]"
)
# what no record tells: where its row comes from, and what only the server's log knows
_OF_OTHERS = {"batch", "source", "byte_offset", "host", "session", "model_blob", "slot"}
COLUMNS = [name for name in INFERENCES.column_names if name not in _OF_OTHERS]


@cache
def record_model() -> type[BaseModel]:
    """What pydantic holds a record against that could not be decoded at once: every known name, numbers in range, a model."""
    from pydantic import ConfigDict, Field, Strict, create_model

    number = (float | None, Field(default=None, ge=0, lt=_LARGEST))
    fields: dict[str, Any] = {
        **dict.fromkeys(TIMES, (str | Annotated[float, Strict()] | None, None)),
        **{name: (str | None, None) for name in TEXTS if name not in TIMES},
        **{name: number for column in NUMBERS.values() for name, _ in column},
        **dict.fromkeys(STATUSES, number),
        **dict.fromkeys(FLAGS, (bool | None, None)),
        "model": (str, ...),
    }
    return create_model("Record", __config__=ConfigDict(extra="allow", str_max_length=1 << 20, allow_inf_nan=False), **fields)


def error_type(text: str | None) -> str:
    """The kind of an error by the taxonomy of the data dictionary: timeout, connection_failed, …, other."""
    for kind, pattern in ERROR_TYPES:
        if text and re.search(pattern, text, re.IGNORECASE):
            return kind
    return "other"


def read(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read lines that hold one JSON object each.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Rows with `line`, `byte_offset`, `stamp` and RAW_SCHEMA; rejected lines with pydantic's explanation.
    """
    if lines.height == 0:
        return _EMPTY, NO_REJECTED
    rare = sorted(set(RAW_SCHEMA) - _names_of(lines["text"][0]))
    has_rare = lines["text"].str.contains_any([f'"{name}"' for name in rare])
    common = {name: kind for name, kind in RAW_SCHEMA.items() if name not in rare}
    parts = [_read(lines.filter(~has_rare), common), _read(lines.filter(has_rare), RAW_SCHEMA)]
    rows = pl.concat([raw for raw, _ in parts], how="diagonal").sort("line")
    return rows, pl.concat([rejected for _, rejected in parts]).sort("line")


def _names_of(text: str) -> set[str]:
    """The names that a record has, to decode the records like it with no more columns than they need."""
    return {"model", *re.findall(r'"(\w{1,40})" ?:', text[:20_000])}


def _read(lines: pl.DataFrame, schema: dict[str, pl.DataType]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Decode all lines at once; where one of them cannot be, halve until it stands alone."""
    if lines.height == 0:
        return _EMPTY.select("line", "byte_offset", "stamp", *schema), NO_REJECTED
    whole = _decoded(lines, schema)
    if whole is None:
        if lines.height <= _ALONE:
            return _explained(lines)
        half = lines.height // 2
        left, right = _read(lines[:half], schema), _read(lines[half:], schema)
        return pl.concat([left[0], right[0]], how="diagonal"), pl.concat([left[1], right[1]])
    is_sound = whole.select(_sound(schema)).to_series() & ~lines["text"].str.contains(_ODD)
    if is_sound.all():
        return whole, NO_REJECTED
    mended, rejected = _explained(lines.filter(~is_sound))
    return pl.concat([whole.filter(is_sound), mended], how="diagonal").sort("line"), rejected


# fewer lines than this cost pydantic less than halving them further does, even if but one is bad
_ALONE = 256
_EMPTY = pl.DataFrame(schema={"line": pl.UInt32(), "byte_offset": pl.Int64(), "stamp": pl.Datetime("us", "UTC"), **RAW_SCHEMA})


def _sound(schema: dict[str, pl.DataType]) -> pl.Expr:
    """Whether every number lies in range and a model is named; a null is sound."""
    numbers = [name for name in (*(name for column in NUMBERS.values() for name, _ in column), *STATUSES) if name in schema]
    return pl.all_horizontal(
        pl.col("model").is_not_null(), *((pl.col(name).is_between(0, _LARGEST)).fill_null(value=True) for name in numbers)
    )


def _decoded(lines: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame | None:
    """All lines decoded at once, or None when one of them cannot be."""
    try:
        raw = pl.read_ndjson(lines.select(pl.col("text").str.join("\n")).item().encode(), schema=schema)
    except pl.exceptions.PolarsError:
        return None
    if raw.height != lines.height:
        return None
    return lines.select("line", "byte_offset", "stamp").hstack(raw)


def _explained(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same line by line, with pydantic: what it can mend is a row, what it cannot is a reject with its words."""
    from pydantic import ValidationError

    rows: list[dict[str, object]] = []
    reasons: list[str | None] = []
    for text in lines["text"]:
        try:
            fields = record_model().model_validate_json(text).model_dump(include=set(RAW_SCHEMA))
            reasons.append(None)
            rows.append({name: _as_decoded(name, value) for name, value in fields.items()})
        except ValidationError as problem:
            reasons.append(_in_words(problem))
    marked = lines.with_columns(pl.Series("reason", reasons, dtype=pl.String))
    good = marked.filter(pl.col("reason").is_null()).select("line", "byte_offset", "stamp")
    raw = pl.DataFrame(rows, schema=RAW_SCHEMA)
    return good.hstack(raw), marked.filter(pl.col("reason").is_not_null()).select(list(REJECTED_SCHEMA))


def _as_decoded(name: str, value: object) -> object:
    """A value as decoding all lines at once gives it: what is not looked into as text, objects as JSON."""
    if value is None or name not in {*TIMES, *PRESENT, *NESTED}:
        return value
    return str(value) if name in TIMES else json.dumps(value)


def _in_words(problem: ValidationError) -> str:
    faults = [f"{'.'.join(str(step) for step in fault['loc']) or 'line'}: {fault['msg']}" for fault in problem.errors()[:5]]
    return "; ".join(faults)[:500]


def instants(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `happened_at` (UTC) and `ended_local` (where the text has no zone) from the first time field that is set.

    Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970 by their size.
    """
    if "datetime_utc" in frame.columns:
        utc = pl.col("datetime_utc")
        has_zone = utc.str.contains(r"(?:[Zz]|[+-]\d\d:?\d\d)$")
        frame = frame.with_columns(pl.when(has_zone).then(utc).otherwise(pl.concat_str(utc, pl.lit("Z"))).alias("datetime_utc"))
    times = frame.select(_given(frame, TIMES).alias("time"))
    zulu = pl.when(pl.col("time").str.ends_with("Z")).then(pl.col("time").str.head(-1)).str.to_datetime(_ISO, strict=False, time_unit="us")
    nothing = pl.lit(None, pl.Datetime("us")).alias("ended_local")
    usual = times.select(_possible(zulu.dt.replace_time_zone("UTC")).alias("happened_at"), nothing)
    if usual["happened_at"].null_count() == times["time"].null_count():
        return frame.hstack(usual)
    odd = times.with_row_index("place").filter(usual["happened_at"].is_null())
    read = odd.select(*_odd_instants())
    return frame.with_columns(*(usual[name].scatter(odd["place"], read[name]) for name in ("happened_at", "ended_local")))


_ISO = "%Y-%m-%dT%H:%M:%S%.f"


def _odd_instants() -> tuple[pl.Expr, pl.Expr]:
    """`happened_at` and `ended_local` of a column `time` of other spellings: an offset, no zone, a blank, a number."""
    text = pl.col("time")
    number = text.cast(pl.Float64, strict=False)
    scale = pl.when(number < 1e11).then(1e6).when(number < 1e14).then(1e3).when(number < 1e17).then(1.0).otherwise(1e-3)
    epoch = (number * scale).round().cast(pl.Int64, strict=False).cast(pl.Datetime("us", "UTC"))
    clock = text.str.replace(" ", "T", literal=True).str.extract(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?)")
    local = clock.str.to_datetime(_ISO, strict=False, time_unit="us")
    zone = text.str.extract(r"^.{19}(?:\.\d+)? ?(Z|z|[+-]\d\d:?\d\d)$")
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    offset_s = (
        pl.when(zone.str.to_lowercase() == "z")
        .then(0)
        .otherwise(sign * (zone.str.slice(1, 2).cast(pl.Int64, strict=False) * 3600 + zone.str.tail(2).cast(pl.Int64, strict=False) * 60))
    )
    zoned = (local - pl.duration(seconds=offset_s)).dt.replace_time_zone("UTC")
    happened = pl.when(number.is_not_null()).then(epoch).otherwise(zoned)
    naive = pl.when(zone.is_null() & local.dt.year().is_between(_EARLIEST.year, _LATEST.year)).then(local)
    return _possible(happened).alias("happened_at"), naive.alias("ended_local")


def _possible(instant: pl.Expr) -> pl.Expr:
    """The instant, or null where no request can have been then: arithmetic on times beyond these bounds overflows."""
    return pl.when(instant.is_between(_EARLIEST, _LATEST)).then(instant)


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
    status = _given(raw, STATUSES, pl.Float64())
    error = _given(raw, ("error", "error_msg")).replace("", None)
    frame = instants(_unnested(raw)).with_columns(
        *numbers,
        pl.lit(origin).alias("origin"),
        names.model_names(raw["model"]).fill_null(raw["model"]).alias("model"),
        _operation(raw).alias("operation"),
        pl.coalesce(_given(raw, ("success",), pl.Boolean()), status < 400, error.is_null()).alias("success"),
        _given(raw, ("done_reason",)).alias("done_reason"),
        _given(raw, ("error_type",)).alias("error_type"),
        _given(raw, ("truncated",), pl.Boolean()).alias("truncated"),
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
            pl.coalesce(name, pl.when(number.is_between(0, _LARGEST)).then(number)).alias(name) for name, number in found.items()
        )
    return raw


def _given(frame: pl.DataFrame, aliases: Sequence[str], kind: pl.DataType | None = None) -> pl.Expr:
    """The first of some columns that is set; columns that the frame does not have count as not set."""
    return pl.coalesce([*(pl.col(name) for name in aliases if name in frame.columns), pl.lit(None, kind or pl.String())])


def _operation(frame: pl.DataFrame) -> pl.Expr:
    """The operation as given (Ollama's path or a name), else by what the reply holds."""
    given = _given(frame, ("operation", "path", "req_path")).replace("", None)
    by_path = names.operation(pl.lit("POST"), given)
    by_reply = (
        pl.when(_given(frame, ("embeddings", "embedding")).is_not_null()).then(pl.lit("embed"))
        .when(_given(frame, ("message",)).is_not_null()).then(pl.lit("chat"))
        .when(_given(frame, ("response",)).is_not_null()).then(pl.lit("generate"))
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
