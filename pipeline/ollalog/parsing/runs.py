"""Join the lines that a runner prints about one run into one row of table `inferences` (origin server_log)."""

from __future__ import annotations

import polars as pl

from ollalog.parsing.formats.llama_server import MARK_SCHEMA

OPEN_LIMIT = 256
"""Open runs that are remembered at most; more slots than that are not run on one machine."""
RUN_COLUMNS = {
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


def assemble(marks: pl.DataFrame, remembered: list[list[object]]) -> tuple[pl.DataFrame, list[list[object]]]:
    """Join marks into runs.

    A run begins at its launch (or its "new prompt" line), ends at its release, and counts when it printed its timings;
    the C++ runner's ends at its total. Runners repeat each other's slot and task numbers, so a new launch of the same
    numbers begins a new run.

    Args:
        marks: MARK_SCHEMA, in order; lines counted from the start of the block.
        remembered: marks of runs that were open at the end of the block before, in order; rows by MARK_SCHEMA.

    Returns:
        One row per finished run, RUN_COLUMNS, `line` that of its end (below 0 for none of this block), `byte_offset`
        that of its total line; and the marks to remember.
    """
    if marks.height == 0:
        return pl.DataFrame(schema=RUN_COLUMNS), remembered
    before = pl.DataFrame(remembered, schema=MARK_SCHEMA | {"line": pl.Int64()}, orient="row")
    frame = pl.concat([before, marks.with_columns(pl.col("line").cast(pl.Int64))])
    frame = _with_samplers(frame)
    kind = pl.col("kind")
    place = ["slot", "task"]
    before_it = kind.shift(1).over(place).fill_null("")
    begins = (kind == "launch") | ((kind == "prompt") & (before_it != "launch")) | before_it.is_in(["release", "last_total"])
    frame = frame.with_columns(begins.cast(pl.Int32).cum_sum().over(place).alias("turn"))
    runs = frame.group_by([*place, "turn"], maintain_order=True).agg(*_facts(), pl.col("line").max().alias("newest"))
    is_finished = (pl.col("has_release") & pl.col("total_ns").is_not_null()) | pl.col("has_last_total")
    finished = runs.filter(is_finished).select(list(RUN_COLUMNS)).sort("line")
    still_open = runs.filter(~is_finished & ~pl.col("has_release")).sort("newest").tail(OPEN_LIMIT)
    kept = frame.join(still_open.select(*place, "turn"), on=[*place, "turn"], how="semi", nulls_equal=True, maintain_order="left")
    kept = kept.filter(pl.col("kind") != "sampler").with_columns(pl.lit(-1, pl.Int64).alias("line"))
    samplers = frame.filter((pl.col("kind") == "sampler")).tail(1).with_columns(pl.lit(-1, pl.Int64).alias("line"))
    after = pl.concat([kept.select(list(MARK_SCHEMA)), _pending_sampler(frame, samplers)])
    return finished, [list(row) for row in after.iter_rows()]


def _pending_sampler(frame: pl.DataFrame, samplers: pl.DataFrame) -> pl.DataFrame:
    """The last sampler line, as long as no launch has used it."""
    order = frame.with_row_index("order")
    last_sampler = order.filter(pl.col("kind") == "sampler")["order"].max()
    last_launch = order.filter(pl.col("kind") == "launch")["order"].max()
    is_pending = last_sampler is not None and (last_launch is None or int(last_sampler) > int(last_launch))  # type: ignore[arg-type]
    return (samplers if is_pending else samplers.clear()).select(list(MARK_SCHEMA))


def _with_samplers(frame: pl.DataFrame) -> pl.DataFrame:
    """Give each launch the sampler line printed just before it: `a` top_p and `b` temperature."""
    is_sampler, is_launch = pl.col("kind") == "sampler", pl.col("kind") == "launch"
    epoch = is_launch.cast(pl.Int32).cum_sum().shift(1).fill_null(0)
    last_a = pl.when(is_sampler).then(pl.col("a")).forward_fill().over(epoch)
    last_b = pl.when(is_sampler).then(pl.col("b")).forward_fill().over(epoch)
    return frame.with_columns(
        pl.when(is_launch & pl.col("a").is_null()).then(last_a).otherwise(pl.col("a")).alias("a"),
        pl.when(is_launch & pl.col("b").is_null()).then(last_b).otherwise(pl.col("b")).alias("b"),
    )


def _facts() -> list[pl.Expr]:
    kind = pl.col("kind")

    def first(name: str, column: str) -> pl.Expr:
        return pl.col(column).filter(kind == name).first()

    total = pl.coalesce(first("total", "a"), first("last_total", "a"))
    prompt_tokens = pl.coalesce(first("prompt", "b"), first("prompt_eval", "b"))
    return [
        pl.col("line").last().alias("line"),
        pl.coalesce(first("total", "byte_offset"), first("last_total", "byte_offset")).alias("byte_offset"),
        _ns(first("prompt_eval", "a")).alias("prompt_eval_ns"),
        _ns(first("eval", "a")).alias("eval_ns"),
        _ns(total).alias("total_ns"),
        prompt_tokens.cast(pl.Int64).alias("prompt_tokens"),
        first("cached", "a").cast(pl.Int64).alias("cached_tokens"),
        first("eval", "b").cast(pl.Int64).alias("generated_tokens"),
        first("prompt", "a").cast(pl.Int64).alias("context_length"),
        first("launch", "b").alias("temperature"),
        first("launch", "a").alias("top_p"),
        (first("release", "b") == 1).alias("truncated"),
        (kind == "release").any().alias("has_release"),
        (kind == "last_total").any().alias("has_last_total"),
    ]


def _ns(milliseconds: pl.Expr) -> pl.Expr:
    return (milliseconds * 1e6).round().cast(pl.Int64)
