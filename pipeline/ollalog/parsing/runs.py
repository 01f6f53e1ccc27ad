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
    "success": pl.Boolean(),
    "slot": pl.Int64(),
    "prompt_offset": pl.Int64(),
}
_KEY = ["slot", "task"]


def assemble(
    marks: pl.DataFrame, remembered: list[OpenRun], sampler: list[float] | None
) -> tuple[pl.DataFrame, list[OpenRun], list[float] | None]:
    """Join marks into runs.

    Args:
        marks: MARK_SCHEMA, in order; lines counted from the start of the block.
        remembered: runs that were open at the end of the block before, the oldest first.
        sampler: top_p and temperature of a sampler line that no launch has used yet.

    Returns:
        One row per run that ended here, RUN_SCHEMA, in order of `line`, the line that ended it. `byte_offset` is that of
        its total line or, of a run that was cut off and has none, of its last one; `prompt_offset` that of its "new
        prompt" line. Runs without a sampler only embed and are left out. Then the runs that are open now, and the sampler
        line not used.
    """
    marks = marks.filter(pl.col("kind") != "ready")
    if marks.height == 0:
        return pl.DataFrame(schema=RUN_SCHEMA), remembered, sampler
    frame, pending = _with_samplers(marks, sampler)
    frame = frame.with_columns((pl.col("kind") == "launch").cast(pl.Int32).cum_sum().over(_KEY).alias("turn"))
    runs = _runs(frame)
    busy = pl.DataFrame([(run.slot, run.task) for run in remembered], schema={"slot": pl.Int64(), "task": pl.Int64()}, orient="row")
    odd_keys = pl.concat([runs.filter(~pl.col("is_regular")).select(_KEY), busy]).unique()
    regular = runs.join(odd_keys, on=_KEY, how="anti", nulls_equal=True).filter(_is_generation()).select(list(RUN_SCHEMA))
    restarts = frame.filter(pl.col("kind") == "restart")
    odd_keys = pl.concat([odd_keys, restarts.select(_KEY)]).unique()
    odd = frame.join(odd_keys, on=_KEY, how="semi", nulls_equal=True, maintain_order="left")
    ended, still_open = open_runs.follow(odd.select(list(MARK_SCHEMA)).iter_rows(), remembered)
    told = pl.DataFrame(ended, schema=RUN_SCHEMA, orient="row")
    return pl.concat([regular, told]).sort("line"), still_open, pending


def with_tasks(marks: pl.DataFrame, head: list[int] | None) -> tuple[pl.DataFrame, list[int] | None]:
    """Give timings that stand below the line of their slot and task these two.

    Args:
        marks: MARK_SCHEMA, in order.
        head: slot and task of the last such line of the block before.

    Returns:
        The marks, less such lines; and the last of these.
    """
    is_head = pl.col("kind") == "timing"
    heads = marks.filter(is_head)
    if head is None and heads.height == 0:
        return marks, None
    is_bare = pl.col("kind").is_in(["prompt_eval", "eval", "total"]) & pl.col("slot").is_null()
    first = dict(zip(_KEY, head, strict=True)) if head else dict.fromkeys(_KEY)
    above = {name: pl.when(is_head).then(pl.col(name)).forward_fill().fill_null(pl.lit(first[name], pl.Int64)) for name in _KEY}
    filled = marks.with_columns(pl.when(is_bare).then(above[name]).otherwise(pl.col(name)).alias(name) for name in _KEY)
    return filled.filter(~is_head), list(heads.select(_KEY).row(-1)) if heads.height else head


def _is_generation() -> pl.Expr:
    """A run that printed timings or was given a sampler; the others embed."""
    return pl.col("total_ns").is_not_null() | pl.col("temperature").is_not_null()


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


# kind of mark -> columns that its numbers a and b fill
_TELLS = {
    "launch": ("top_p", "temperature"),
    "prompt": ("context_length", "told_tokens"),
    "cached": ("cached_tokens", None),
    "prompt_eval": ("prompt_eval_ns", "evaluated_tokens"),
    "eval": ("eval_ns", "generated_tokens"),
    "total": ("total_ns", None),
    "last_total": ("last_total_ns", None),
    "release": (None, "truncated"),
}


def _runs(frame: pl.DataFrame) -> pl.DataFrame:
    """One row per slot, task and turn: RUN_SCHEMA and `is_regular`: every kind of line at most once, from launch to release."""
    kind = pl.col("kind")
    told = [
        pl.when(kind == name).then(pl.col(number)).alias(column)
        for name, columns in _TELLS.items()
        for number, column in zip(("a", "b"), columns, strict=True)
        if column
    ]
    columns = [column for pair in _TELLS.values() for column in pair if column]
    prompt_offset = pl.when(kind == "prompt").then(pl.col("byte_offset")).alias("prompt_offset")
    coded = frame.with_columns(*told, prompt_offset, kind.cast(_KIND_TYPE).to_physical().alias("code"))
    total_offset = pl.col("byte_offset").filter(kind.is_in(["total", "last_total"])).last()
    runs = coded.group_by([*_KEY, "turn"], maintain_order=True).agg(
        pl.col("line").last(),
        pl.coalesce(total_offset, pl.col("byte_offset").last()),
        pl.col("prompt_offset").max(),
        pl.col(*columns).max(),
        kind.first().alias("first"),
        kind.last().alias("last"),
        pl.len().alias("count"),
        (2 ** pl.col("code").cast(pl.Int64)).sum().alias("kinds"),
    )
    # a sum of distinct powers of two has as many bits set as it has terms
    is_regular = (pl.col("first") == "launch") & (pl.col("last") == "release") & (pl.col("kinds").bitwise_count_ones() == pl.col("count"))
    prompt_tokens = pl.coalesce("told_tokens", pl.col("evaluated_tokens") + pl.col("cached_tokens").fill_null(0))
    return runs.with_columns(
        is_regular.alias("is_regular"),
        prompt_tokens.alias("prompt_tokens"),
        pl.coalesce("total_ns", "last_total_ns").alias("total_ns"),
        pl.coalesce("total_ns", "last_total_ns").is_not_null().alias("success"),
        (pl.col("truncated") == 1).alias("truncated"),
    ).select(
        "task",
        "is_regular",
        *(
            (_ns(pl.col(name)).alias(name) if name.endswith("_ns") else pl.col(name).cast(dtype, strict=False))
            for name, dtype in RUN_SCHEMA.items()
        ),
    )


_KIND_TYPE = pl.Enum([*_TELLS, "sampler", "restart"])


def _ns(milliseconds: pl.Expr) -> pl.Expr:
    return (milliseconds * 1e6).round().cast(pl.Int64, strict=False)
