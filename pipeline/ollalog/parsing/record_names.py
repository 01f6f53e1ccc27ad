"""The names that records of requests use, among the producers there are, and how each is decoded."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

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
LARGEST = 2.0**62
"""Numbers in a record lie between 0 and this: whole numbers of any unit in use fit Int64 behind it."""


def first_given(given_names: Sequence[str], aliases: Sequence[str], kind: pl.DataType | None = None) -> pl.Expr:
    """The first of some names that is set; names that no record has count as not set."""
    values = [pl.col(name) for name in aliases if name in given_names]
    return pl.coalesce(values) if values else pl.lit(None, kind or pl.String())
