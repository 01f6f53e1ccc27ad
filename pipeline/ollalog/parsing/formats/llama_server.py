"""Lines of llama-server, the runner of Ollama 0.30 and later: `slot …`, `srv …`, sampler parameters.

They carry neither time nor model. The lines of one run share a slot and a task number; `parsing.runs` joins them.

Source: llama.cpp tools/server/server-context.cpp (print_timing, release, "new prompt"), b9452 to b10488.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from ollalog.parsing.format import Extract, Format

TORN_START = "slot print_timing: id"
_TELLING = (
    "new prompt, ",
    "cached n_tokens = ",
    "eval time = ",
    "total time = ",
    "stop processing: ",
    "processing task",
    "top_p = ",
    "initializing, n_slots = ",
)
_OWNER = r"^(?:slot |srv |que |res |\t(?:repeat_last_n|dry_multiplier|top_k|mirostat) = )"
# words of the text after the task -> kind of mark
_KINDS = (
    ("processing task", "launch"),
    ("new prompt, ", "prompt"),
    ("cached n_tokens = ", "cached"),
    ("prompt eval time = ", "prompt_eval"),
    ("eval time = ", "eval"),
    ("total time = ", "total"),
    ("stop processing: ", "release"),
)
_TIMINGS = ("prompt_eval", "eval", "total")
# the two numbers that matter in any of these texts
_NUMBERS = r"^[^0-9]*([0-9.]+)[^0-9]+(?:[0-9]+, task\.n_tokens = *)?([0-9.]+)"
_SAMPLER = r"top_p = ([0-9.]+).* temp = ([0-9.]+)"
MARK_SCHEMA = {
    "line": pl.UInt32(),
    "byte_offset": pl.Int64(),
    "slot": pl.Int64(),
    "task": pl.Int64(),
    "kind": pl.String(),
    "a": pl.Float64(),
    "b": pl.Float64(),
}


def marks_of(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines that tell something of a run, by MARK_SCHEMA; those whose numbers are torn off are left out.

    Args:
        lines: by LINE_SCHEMA; slot and task stand before the first two bars, in a torn line further in.
    """
    is_sampler = lines["text"].str.starts_with("\t")
    is_ready = lines["text"].str.contains("initializing, n_slots = ", literal=True)
    marks = _of_tasks(lines.filter(~is_sampler & ~is_ready))
    if is_sampler.any():
        marks = marks.merge_sorted(_samplers(lines.filter(is_sampler)), key="line")
    return marks.merge_sorted(_ready(lines.filter(is_ready)), key="line") if is_ready.any() else marks


def _ready(lines: pl.DataFrame) -> pl.DataFrame:
    """A runner's slots (`slot`) and the context of each (`a`), as it tells them when its model is loaded."""
    numbers = pl.col("text").str.extract_groups(r"n_slots = ([0-9]+), n_ctx_slot = ([0-9]+)").struct
    marks = lines.select(
        *("line", "byte_offset", numbers.field("1").cast(pl.Int64, strict=False).alias("slot"), pl.lit(None, pl.Int64).alias("task")),
        *(pl.lit("ready").alias("kind"), numbers.field("2").cast(pl.Float64, strict=False).alias("a"), pl.lit(None, pl.Float64).alias("b")),
    )
    return marks.filter(pl.col("a").is_not_null())


def _of_tasks(lines: pl.DataFrame) -> pl.DataFrame:
    parts = pl.col("text").str.splitn("|", 3).struct
    kind: Any = pl.when(pl.col("rest").str.contains(_KINDS[0][0], literal=True)).then(pl.lit(_KINDS[0][1]))
    for words, name in _KINDS[1:]:
        kind = kind.when(pl.col("rest").str.contains(words, literal=True)).then(pl.lit(name))
    named = (
        lines.lazy()
        .select(
            "line",
            "byte_offset",
            parts.field("field_0").alias("head"),
            parts.field("field_1").alias("middle"),
            parts.field("field_2").alias("rest"),
        )
        .with_columns(
            pl.col("head").str.extract(r"id +([0-9]+) *$").cast(pl.Int64, strict=False).alias("slot"),
            pl.col("middle").str.strip_chars(" task").cast(pl.Int64, strict=False).alias("task"),
            kind.alias("kind"),
        )
        .filter(pl.col("kind").is_not_null() & pl.col("task").is_not_null())
        .collect()
    )
    is_timing = named.select(pl.col("kind").is_in(_TIMINGS) & (pl.col("rest").str.slice(30, 6) == " ms / ")).to_series()
    timings = named.filter(is_timing).with_columns(
        pl.col("rest").str.slice(19, 11).str.strip_chars().cast(pl.Float64, strict=False).alias("a"),
        pl.col("rest")
        .str.slice(36, 9)
        .str.splitn(" t", 2)
        .struct.field("field_0")
        .str.strip_chars()
        .cast(pl.Float64, strict=False)
        .alias("b"),
    )
    numbers = pl.col("rest").str.extract_groups(_NUMBERS).struct
    a, b = numbers.field("1").cast(pl.Float64, strict=False), numbers.field("2").cast(pl.Float64, strict=False)
    rest = named.filter(~is_timing)
    is_launch = rest["kind"] == "launch"
    launches = rest.filter(is_launch).with_columns(pl.lit(None, pl.Float64).alias("a"), pl.lit(None, pl.Float64).alias("b"))
    others = rest.filter(~is_launch).with_columns(a.alias("a"), pl.when(pl.col("kind") != "cached").then(b).alias("b"))
    told = pl.concat([timings, others]).filter(pl.col("a").is_not_null())
    return pl.concat([told, launches]).select(list(MARK_SCHEMA)).sort("line")


def _samplers(lines: pl.DataFrame) -> pl.DataFrame:
    numbers = pl.col("text").str.extract_groups(_SAMPLER).struct
    nothing = pl.lit(None, pl.Int64)
    marks = lines.select(
        *("line", "byte_offset", nothing.alias("slot"), nothing.alias("task"), pl.lit("sampler").alias("kind")),
        numbers.field("1").cast(pl.Float64, strict=False).alias("a"),
        numbers.field("2").cast(pl.Float64, strict=False).alias("b"),
    )
    return marks.filter(pl.col("a").is_not_null())


def extract(lines: pl.DataFrame) -> Extract:
    """Pick the lines that tell something of a run; the rest is chatter.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Marks by MARK_SCHEMA, at most one per line; chatter as noise; the chat template's example opens a continuation.
    """
    telling = lines.filter(pl.col("text").str.contains_any(list(_TELLING)))
    marks = marks_of(telling)
    templates = lines.filter(pl.col("text").str.contains("example_format: '", literal=True))["line"]
    chatter = lines.height - marks.height
    return Extract(marks=marks, noise={"llama_server": chatter} if chatter else {}, opens=templates)


FORMAT = Format(
    name="llama_server",
    rank=2,
    owns=lambda text: text.str.contains(_OWNER),
    extract=extract,
    examples=(
        "slot print_timing: id  0 | task 0 |       total time =      20.27 ms /    37 tokens",
        "srv  update_slots: all slots are idle",
        "\ttop_k = 40, top_p = 0.900, min_p = 0.000, xtc_probability = 0.000, typical_p = 1.000, top_n_sigma = -1.000, temp = 0.800",
    ),
)
