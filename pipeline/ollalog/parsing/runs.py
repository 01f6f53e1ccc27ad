"""Join the lines that a runner prints about one run into one row of table `inferences` (origin server_log).

Runners repeat each other's slot and task numbers. Where the lines of such a pair of numbers are regular (launch to
release, one run after the other), they are grouped as columns; where they are not (runs at the same time in two runners,
runs cut off, torn lines, runs still open), one after the other by `open_runs`.
"""

from __future__ import annotations

from typing import Any

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
    if (marks["kind"] == "ready").any():
        marks = marks.filter(pl.col("kind") != "ready")
    if marks.height == 0:
        return pl.DataFrame(schema=RUN_SCHEMA), remembered, sampler
    marks = _without_pieces(marks)
    marks, pending = _with_samplers(marks, sampler)
    is_first = _begins(marks)
    # where runs do not overlap, every lot but the first begins with a launch, or is a restart
    is_expected = (marks["kind"] == "launch") | (marks["kind"] == "restart")
    is_sorted = (is_first == is_expected).slice(1).all()
    lots = marks if is_sorted else marks.sort(_KEY, maintain_order=True)
    lot_of, first, shape = _lots(lots, is_first if is_sorted else _begins(lots))
    shapes = {number: kinds for number in shape.unique().to_list() if (kinds := _regular_kinds(number)) is not None}
    keys = lots.select(_KEY)[first].with_row_index("lot")
    busy = pl.DataFrame([(run.slot, run.task) for run in remembered], schema={"slot": pl.Int64(), "task": pl.Int64()}, orient="row")
    odd_keys = pl.concat([keys.filter(~shape.is_in(list(shapes))).select(_KEY), busy]).unique()
    odd_lots = keys.join(odd_keys, on=_KEY, how="semi", nulls_equal=True)["lot"]
    is_odd = pl.zeros(first.len(), dtype=pl.Boolean, eager=True).scatter(odd_lots, values=True)
    odd = lots.filter(is_odd[lot_of]).sort("line", maintain_order=True)
    ended, still_open = open_runs.follow(odd.iter_rows(), remembered)
    regular = [_regular(lots, first.filter((shape == number) & ~is_odd), kinds) for number, kinds in shapes.items()]
    runs = _rows(pl.concat([pl.DataFrame(schema=_TOLD), *regular], how="diagonal"))
    return pl.concat([runs, pl.DataFrame(ended, schema=RUN_SCHEMA, orient="row")]).sort("line"), still_open, pending


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


def _without_pieces(marks: pl.DataFrame) -> pl.DataFrame:
    """Marks less those of the second and later pieces of a prompt: newer builds tell before each how much of it is read by then.

    Where two runners begin prompts with the same numbers, which line is a piece of which is left to `open_runs`.
    """
    is_same_kind = marks["kind"] == marks["kind"].shift(1)
    is_repeated = is_same_kind & marks["kind"].is_in(["prompt", "cached"])
    if not is_repeated.any():
        return marks
    for name in _KEY:
        is_repeated &= marks[name].eq_missing(marks[name].shift(1))
    if (is_repeated & (marks["kind"] == "prompt")).any():
        return marks
    return marks.filter(~(is_repeated & (marks["a"] > marks["a"].shift(1))).fill_null(value=False))


def _with_samplers(marks: pl.DataFrame, sampler: list[float] | None) -> tuple[pl.DataFrame, list[float] | None]:
    """Give each launch the sampler line printed last before it: `a` top_p and `b` temperature; and the one not used yet."""
    if sampler is not None:
        before = pl.DataFrame([(0, 0, None, None, "sampler", *sampler)], schema=MARK_SCHEMA, orient="row")
        marks = pl.concat([before, marks])
    is_sampler = marks["kind"] == "sampler"
    launches = (marks["kind"] == "launch").arg_true().cast(pl.Int64)
    launch_before = launches.shift(1, fill_value=-1)
    last_launch = launches[-1] if launches.len() else -1
    pending: list[Any] = []
    for name in ("a", "b"):
        samplers = pl.concat([pl.Series([-1]), (is_sampler & marks[name].is_not_null()).arg_true().cast(pl.Int64)])
        nearest = samplers.gather(samplers.search_sorted(launches) - 1)
        told = marks[name].gather(nearest.clip(0)).set(nearest <= launch_before, None)
        pending.append(marks[name][samplers[-1]] if samplers[-1] > last_launch else None)
        marks = marks.with_columns(marks[name].scatter(launches, told))
    is_pending = is_sampler.slice(last_launch + 1).any()
    return marks.filter(~is_sampler), pending if is_pending else None


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


_CODES = {kind: code for code, kind in enumerate([*_TELLS, "restart"], 1)}
_BASE = len(_CODES) + 1
_WEIGHTS = pl.Series([_BASE**step for step in range(len(_TELLS))] + [0], dtype=pl.Int64)


def _begins(marks: pl.DataFrame) -> pl.Series:
    """Whether a lot begins with a mark: a launch, and another slot or task than the one before."""
    is_other = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in _KEY)
    return marks.select((pl.col("kind") == "launch") | is_other | (pl.int_range(pl.len()) == 0)).to_series()


def _lots(lots: pl.DataFrame, is_first: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Cut marks where lots begin.

    Returns:
        For each mark the place of its lot; for each lot the place of its first mark, and its shape: the codes of the kinds of its
        marks as one number, 0 where they are more than a regular run has.
    """
    first = is_first.arg_true().cast(pl.Int64)
    lot_of = is_first.cum_sum().cast(pl.Int64) - 1
    step = (pl.int_range(lots.height, eager=True) - first[lot_of]).clip(0, len(_TELLS))
    codes = lots["kind"].replace_strict(_CODES, return_dtype=pl.Int64)
    sums = pl.concat([pl.Series([0]), (codes * _WEIGHTS[step]).cum_sum()])
    bounds = pl.concat([first, pl.Series([lots.height])])
    shape = sums[bounds[1:]] - sums[first]
    return lot_of, first, shape.set(bounds.diff(null_behavior="drop") > len(_TELLS), 0)


def _regular_kinds(shape: int) -> list[str] | None:
    """The kinds of marks of a lot of this shape, in order, if it is a regular run: every kind at most once, from launch to release."""
    kinds = []
    while shape:
        shape, code = divmod(shape, _BASE)
        kinds.append(_KINDS[code])
    is_regular = len(set(kinds)) == len(kinds) and kinds[:1] == ["launch"] and kinds[-1:] == ["release"]
    return kinds if is_regular else None


_KINDS = {code: kind for kind, code in _CODES.items()}


def _regular(lots: pl.DataFrame, first: pl.Series, kinds: list[str]) -> pl.DataFrame:
    """What the marks of regular runs tell, _TOLD; they have these kinds in this order, `first` is the place of the first of each."""
    places = {kind: first + step for step, kind in enumerate(kinds)}
    total = next((kind for kind in reversed(kinds) if kind in {"total", "last_total"}), kinds[-1])
    columns = {
        "slot": lots["slot"][first],
        "line": lots["line"][places[kinds[-1]]].cast(pl.Int64),
        "byte_offset": lots["byte_offset"][places[total]],
        "prompt_offset": lots["byte_offset"][places["prompt"]] if "prompt" in places else None,
    }
    for kind, place in places.items():
        columns |= {column: lots[number][place] for number, column in zip(("a", "b"), _TELLS[kind], strict=True) if column}
    return pl.DataFrame(columns, schema_overrides=_TOLD)


_TOLD = {name: pl.Int64() for name in ("slot", "line", "byte_offset", "prompt_offset")} | {
    column: pl.Float64() for pair in _TELLS.values() for column in pair if column
}


def _rows(told: pl.DataFrame) -> pl.DataFrame:
    """Runs that printed timings or were given a sampler (the others embed), RUN_SCHEMA; of _TOLD."""
    prompt_tokens = pl.coalesce("told_tokens", pl.col("evaluated_tokens") + pl.col("cached_tokens").fill_null(0))
    total_ns = pl.coalesce("total_ns", "last_total_ns")
    runs = told.with_columns(
        prompt_tokens.alias("prompt_tokens"),
        total_ns.alias("total_ns"),
        total_ns.is_not_null().alias("success"),
        (pl.col("truncated") == 1).alias("truncated"),
    ).filter(pl.col("success") | pl.col("temperature").is_not_null())
    return runs.select(
        _ns(pl.col(name)).alias(name) if name.endswith("_ns") else pl.col(name).cast(dtype, strict=False)
        for name, dtype in RUN_SCHEMA.items()
    )


def _ns(milliseconds: pl.Expr) -> pl.Expr:
    return (milliseconds * 1e6).round().cast(pl.Int64, strict=False)
