"""Join the lines that a runner prints about one run into one row of table `inferences` (origin server_log).

Runners repeat each other's slot and task numbers. Where the lines of such a pair of numbers are regular (launch to
release, one run after the other), they are grouped as columns; where they are not (runs at the same time in two runners,
runs cut off, torn lines, runs still open), one after the other by `open_runs`.
"""

from __future__ import annotations

import polars as pl

from ollalog.parsing import open_runs
from ollalog.parsing.formats.llama_server import MARK_SCHEMA
from ollalog.parsing.open_runs import OpenRun

RUN_SCHEMA = {
    "line": pl.Int64(),
    "byte_offset": pl.Int64(),
    "prompt_eval_ns": pl.Int64(),
    "eval_ns": pl.Int64(),
    "total_ns": pl.Int64(),
    "prompt_tokens": pl.Int64(),
    "cached_tokens": pl.Int64(),
    "generated_tokens": pl.Int64(),
    "context_length": pl.Int64(),
    "temperature": pl.Float64(),
    "top_p": pl.Float64(),
    "truncated": pl.Boolean(),
}
_KEY = ["slot", "task"]
_ENDS = ("release", "last_total")


def assemble(
    marks: pl.DataFrame, remembered: list[OpenRun], sampler: list[float] | None
) -> tuple[pl.DataFrame, list[OpenRun], list[float] | None]:
    """Join marks into runs.

    Args:
        marks: MARK_SCHEMA, in order; lines counted from the start of the block.
        remembered: runs that were open at the end of the block before, the oldest first.
        sampler: top_p and temperature of a sampler line that no launch has used yet.

    Returns:
        One row per run that printed its timings and ended here, RUN_SCHEMA, in order of `line`, the line that ended it
        (`byte_offset` is that of the same line); the runs that are open now; the sampler line not used.
    """
    if marks.height == 0:
        return pl.DataFrame(schema=RUN_SCHEMA), remembered, sampler
    frame, pending = _with_samplers(marks, sampler)
    frame = frame.with_columns((pl.col("kind") == "launch").cast(pl.Int32).cum_sum().over(_KEY).alias("turn"))
    runs = frame.group_by([*_KEY, "turn"], maintain_order=True).agg(*_facts())
    busy = pl.DataFrame([(run.slot, run.task) for run in remembered], schema={"slot": pl.Int64(), "task": pl.Int64()}, orient="row")
    odd_keys = pl.concat([runs.filter(~pl.col("is_regular")).select(_KEY), busy]).unique()
    regular = runs.join(odd_keys, on=_KEY, how="anti", nulls_equal=True).filter(pl.col("total_ns").is_not_null()).select(list(RUN_SCHEMA))
    odd = frame.join(odd_keys, on=_KEY, how="semi", nulls_equal=True, maintain_order="left")
    ended, still_open = open_runs.follow(odd.select(list(MARK_SCHEMA)).iter_rows(), remembered)
    told = pl.DataFrame(ended, schema=RUN_SCHEMA, orient="row")
    return pl.concat([regular, told]).sort("line"), still_open, pending


def _with_samplers(marks: pl.DataFrame, sampler: list[float] | None) -> tuple[pl.DataFrame, list[float] | None]:
    """Give each launch the sampler line printed last before it: `a` top_p and `b` temperature; and the one not used yet."""
    if sampler is not None:
        before = pl.DataFrame([(0, 0, None, None, "sampler", *sampler)], schema=MARK_SCHEMA, orient="row")
        marks = pl.concat([before, marks])
    is_sampler, is_launch = pl.col("kind") == "sampler", pl.col("kind") == "launch"
    epoch = is_launch.cast(pl.Int32).cum_sum().shift(1, fill_value=0).alias("epoch")
    seen = {name: pl.when(is_sampler).then(pl.col(name)).forward_fill().over("epoch") for name in ("a", "b")}
    filled = marks.with_columns(epoch).with_columns(
        *(pl.when(is_launch | is_sampler).then(seen[name]).otherwise(pl.col(name)).alias(name) for name in seen)
    )
    since_launch = filled.filter(is_sampler & (pl.col("epoch") == is_launch.sum()))
    pending = list(since_launch.select("a", "b").row(-1)) if since_launch.height else None
    return filled.filter(~is_sampler).select(list(MARK_SCHEMA)), pending


def _facts() -> list[pl.Expr]:
    kind = pl.col("kind")

    def first(name: str, column: str) -> pl.Expr:
        return pl.col(column).filter(kind == name).first()

    cached = first("cached", "a")
    evaluated = first("prompt_eval", "b")
    return [
        pl.col("line").last().cast(pl.Int64),
        pl.col("byte_offset").last(),
        _ns(first("prompt_eval", "a")).alias("prompt_eval_ns"),
        _ns(first("eval", "a")).alias("eval_ns"),
        _ns(pl.coalesce(first("total", "a"), first("last_total", "a"))).alias("total_ns"),
        pl.coalesce(first("prompt", "b"), evaluated + cached.fill_null(0)).cast(pl.Int64).alias("prompt_tokens"),
        cached.cast(pl.Int64).alias("cached_tokens"),
        first("eval", "b").cast(pl.Int64).alias("generated_tokens"),
        first("prompt", "a").cast(pl.Int64).alias("context_length"),
        first("launch", "b").alias("temperature"),
        first("launch", "a").alias("top_p"),
        (first("release", "b") == 1).alias("truncated"),
        ((kind.first() == "launch") & (kind.last() == "release") & (kind.n_unique() == kind.len())).alias("is_regular"),
    ]


def _ns(milliseconds: pl.Expr) -> pl.Expr:
    return (milliseconds * 1e6).round().cast(pl.Int64)
