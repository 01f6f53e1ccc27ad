"""Timings as llama.cpp itself prints them: the runner of Ollama up to 0.1.17 does so for each run, a few lines above the access line.

They name neither slot nor task: that runner has one slot, and its runs follow each other.

Source: llama.cpp, llama_print_timings, which the server of 2023 calls at the end of each completion.
"""

from __future__ import annotations

import polars as pl

from ollalog.parsing.format import Extract, Format
from ollalog.parsing.formats.llama_server import MARK_SCHEMA

START = "llama_print_timings: "
# the total ends a run; loading and sampling are within it, or before it
_KINDS = {"prompt eval": "prompt_eval", "eval": "eval", "total": "last_total"}
_LINE = r"^llama_print_timings: +(prompt eval|eval|total) time = +([0-9]{1,12}\.[0-9]+) ms(?: / +([0-9]{1,12}) (?:runs|tokens) )?"
_SLOT, _TASK = 0, -1


def extract(lines: pl.DataFrame) -> Extract:
    """Pick the lines that tell how long a run took; the others are chatter.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Marks by MARK_SCHEMA; chatter as noise.
    """
    told = lines["text"].str.extract_groups(_LINE).struct
    marks = lines.select("line", "byte_offset").with_columns(
        pl.lit(_SLOT, MARK_SCHEMA["slot"]).alias("slot"),
        pl.lit(_TASK, MARK_SCHEMA["task"]).alias("task"),
        told.field("1").replace_strict(_KINDS, default=None, return_dtype=pl.String).alias("kind"),
        told.field("2").cast(pl.Float64, strict=False).alias("a"),
        told.field("3").cast(pl.Float64, strict=False).alias("b"),
    )
    marks = marks.filter(pl.col("kind").is_not_null())
    chatter = lines.height - marks.height
    return Extract(marks=marks, noise={"runner": chatter} if chatter else {})


FORMAT = Format(
    name="llama_print_timings",
    rank=6,
    owns=lambda text: text.str.starts_with(START),
    extract=extract,
    examples=("llama_print_timings: prompt eval time =     200.00 ms /   100 tokens (    2.00 ms per token,   500.00 tokens per second)",),
)
