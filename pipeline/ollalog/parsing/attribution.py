"""Runs, their models and their requests: what the runner's lines of a block say together with what was read before."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace

import polars as pl

from ollalog.parsing import pairing, runners, runs
from ollalog.parsing.formats.llama_server import MARK_SCHEMA
from ollalog.parsing.names import BLOB
from ollalog.parsing.open_runs import OpenRun
from ollalog.parsing.pairing import Waiting
from ollalog.parsing.parse import ParsedBatch
from ollalog.parsing.runners import Runners

_STEP_KINDS = {
    "server_config": "restart",
    "model_load_started": "load",
    "model_named": "name",
    "runners_counted": "count",
    "model_load_failed": "fail",
    "out_of_memory": "fail",
}
_STEP = ("kind", "byte_offset", "slot", "task", "number", "text")
"""Columns of what the runners live through, beside `line`: as `runners.follow` takes them."""


@dataclass(frozen=True)
class RunnerState:
    """What is remembered of the runners' lines: lines read, open runs, a sampler line not used, runners, unpaired sides.

    `head` is the slot and task of the last line below which timings can stand.
    """

    line_count: int = 0
    runs: list[OpenRun] = field(default_factory=list)
    sampler: list[float] | None = None
    runners: Runners = field(default_factory=Runners)
    waiting: Waiting = field(default_factory=Waiting)
    head: list[int] | None = None


@dataclass(frozen=True)
class Attributed:
    """Runs that ended in the block (runs.RUN_SCHEMA, `model`, `model_blob`), settled pairs, and the state after it.

    `ending_lines` counts the lines that ended a run: each is the line of a row.
    """

    runs: pl.DataFrame
    ending_lines: int
    pairs: pl.DataFrame
    state: RunnerState


def attribute(parsed: ParsedBatch, events: pl.DataFrame, requests: pl.DataFrame, state: RunnerState) -> Attributed:
    """Assemble runs, name their models, and pair them with requests.

    Args:
        parsed: the block; its marks are lines of runs.
        events: its rows of server_events with `line`.
        requests: its rows of requests with `line` and `utc`.
        state: after the block before.

    Returns:
        What does not depend on where blocks were cut.
    """
    marks = parsed.marks
    if not (marks.height or events.height or requests.height) and state.waiting.is_empty:
        after = replace(state, line_count=state.line_count + _counted(parsed))
        return Attributed(_named(pl.DataFrame(schema=runs.RUN_SCHEMA), {}), 0, pl.DataFrame(schema=pairing.PAIR_SCHEMA), after)
    marks, head = runs.with_tasks(marks, state.head)
    loads = _loads(events)
    restarts = loads.filter(pl.col("kind") == "restart").select("line", "byte_offset")
    finished, still_open, sampler = runs.assemble(_with_restarts(marks, restarts), state.runs, state.sampler)
    steps = _steps(loads, marks, finished)
    living = deepcopy(state.runners)
    runners.follow(living, zip(*(steps[name].to_list() for name in _STEP), strict=True))
    told = living.told
    named = _named(finished, told)
    kept = {run.prompt_offset: told[run.prompt_offset] for run in still_open if run.prompt_offset in told}
    waiting = _with_new(state.waiting, parsed, requests, state.line_count)
    line_count = state.line_count + _counted(parsed)
    pairs, waiting = pairing.settle_pairs(waiting, line_count)
    after = RunnerState(line_count, still_open, sampler, Runners(living.loaded, kept, living.are_all_known), waiting, head)
    ends = marks["line"].filter((marks["kind"] == "release") | (marks["kind"] == "last_total")).cast(pl.Int64)
    return Attributed(named, int(ends.is_in(finished["line"].implode()).sum()), pairs, after)


def _counted(parsed: ParsedBatch) -> int:
    """Lines of the block that count as distance between a run and its request.

    A blank line or a journal's field does not, nor does a listing: it is copied in one go, while access lines pass by it.
    """
    return parsed.indexed_count - parsed.between.len() - parsed.listed.len()


def _place(lines: pl.Series, parsed: ParsedBatch, first_line: int) -> pl.Series:
    """Numbers of lines among those that count, from the start of the log."""
    counted = lines.cast(pl.Int64) + first_line
    for passed_over in (parsed.between, parsed.listed):
        if passed_over.len():
            counted -= passed_over.search_sorted(lines.cast(pl.UInt32)).cast(pl.Int64)
    return counted


def _with_restarts(marks: pl.DataFrame, restarts: pl.DataFrame) -> pl.DataFrame:
    if restarts.height == 0:
        return marks
    added = restarts.select(
        pl.col("line").cast(pl.UInt32),
        "byte_offset",
        *(pl.lit(None, MARK_SCHEMA[name]).alias(name) for name in ("slot", "task")),
        pl.lit("restart").alias("kind"),
        *(pl.lit(None, MARK_SCHEMA[name]).alias(name) for name in ("a", "b")),
    )
    return pl.concat([marks, added]).sort("line", maintain_order=True)


def _loads(events: pl.DataFrame) -> pl.DataFrame:
    """What events tell of runners, with `line`; _STEP."""
    told = events.select("line", "event", "byte_offset", "value", "attrs", "model").filter(events["event"].is_in(list(_STEP_KINDS)))
    is_load = pl.col("event") == "model_load_started"
    nothing = pl.lit(None, pl.Int64)
    return told.select(
        pl.col("line").cast(pl.Int64),
        pl.col("event").replace_strict(_STEP_KINDS, default=None, return_dtype=pl.String).alias("kind"),
        "byte_offset",
        *(nothing.alias(name) for name in ("slot", "task")),
        pl.col("value").cast(pl.Int64, strict=False).alias("number"),
        pl.when(is_load).then(pl.col("attrs").str.extract(BLOB)).otherwise(pl.col("model")).alias("text"),
    )


def _steps(loads: pl.DataFrame, marks: pl.DataFrame, finished: pl.DataFrame) -> pl.DataFrame:
    """What the runners live through, in order of lines: loads and their names, runs that begin and end; `line` and _STEP."""
    is_release = marks["kind"] == "release"
    living = marks.filter((marks["kind"] == "prompt") | (marks["kind"] == "ready") | is_release).select(
        pl.col("line").cast(pl.Int64),
        "kind",
        "byte_offset",
        "slot",
        "task",
        pl.when(pl.col("kind") != "release").then(pl.col("a")).otherwise(0).cast(pl.Int64, strict=False).alias("number"),
        pl.lit(None, pl.String).alias("text"),
    )
    tokens = finished.select("line", pl.col("generated_tokens").alias("generated"))
    told = living.join(tokens, on="line", how="left", maintain_order="left")
    is_end = (pl.col("kind") == "release") & pl.col("generated").is_not_null()
    told = told.with_columns(pl.when(is_end).then("generated").otherwise("number").alias("number")).drop("generated")
    return pl.concat([loads, told]).sort("line", maintain_order=True) if loads.height else told


def _named(finished: pl.DataFrame, told: dict[int, list[str | None]]) -> pl.DataFrame:
    """Runs with `model` and `model_blob` where their runner is known."""
    names = [told.get(offset, _UNTOLD) for offset in finished["prompt_offset"].to_list()]
    return finished.with_columns(
        pl.Series("model", [name for name, _ in names], dtype=pl.String),
        pl.Series("model_blob", [blob for _, blob in names], dtype=pl.String),
    )


_UNTOLD: list[str | None] = [None, None]


def _with_new(waiting: Waiting, parsed: ParsedBatch, requests: pl.DataFrame, first_line: int) -> Waiting:
    """What waits to be paired, with the requests and totals of this block."""
    is_run = (requests["operation"] == "generate") | (requests["operation"] == "chat")
    asked = requests.select("line", "byte_offset", "utc", "latency_ns", "latency_resolution_ns").filter(
        is_run & (requests["status"] == 200)
    )
    slack = pl.lit(pairing.SLACK_NS) + pl.when(pl.col("latency_resolution_ns") > 1).then(pl.col("latency_resolution_ns")).otherwise(0)
    new_requests = asked.select(
        _place(asked["line"], parsed, first_line),
        pl.lit(parsed.source, pl.Int64).alias("source"),
        "byte_offset",
        pl.col("utc").alias("happened_at"),
        (pl.col("latency_ns") + slack).alias("longest_ns"),
        pl.lit(value=False).alias("used"),
    )
    totals = parsed.marks.filter(pl.col("kind").is_in(["total", "last_total"]))
    new_runs = totals.select(
        _place(totals["line"], parsed, first_line),
        pl.lit(parsed.source, pl.Int64).alias("source"),
        "byte_offset",
        (pl.col("a") * 1e6).round().cast(pl.Int64, strict=False).alias("total_ns"),
        pl.lit(value=False).alias("used"),
    ).drop_nulls("total_ns")
    return Waiting(pl.concat([waiting.requests, new_requests]), pl.concat([waiting.runs, new_runs]), waiting.chosen)
