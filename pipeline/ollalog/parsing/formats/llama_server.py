"""Lines of llama-server, the runner of Ollama 0.30 and later: `slot …`, `srv …`, sampler parameters.

They carry neither time nor model. The lines of one run share a slot and a task number; `parsing.runs` joins them.

Source: llama.cpp tools/server/server-context.cpp (print_timing, release, "new prompt"), b9452 to b10488.
"""

from __future__ import annotations

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
)
_OWNER = r"^(?:slot |srv |que |res |\t(?:repeat_last_n|dry_multiplier|top_k|mirostat) = )"
# kind of mark, words that tell it, pattern of its numbers a and b (two groups) in the text after the task
MARKS = (
    ("launch", "processing task", None),
    ("prompt", "new prompt, ", r"n_ctx_slot = *(\d+),.* task\.n_tokens = *(\d+)"),
    ("cached", "cached n_tokens = ", r"n_tokens = *(\d+)()"),
    ("prompt_eval", "prompt eval time = ", r"= *([\d.]+) ms / *(\d+) "),
    ("eval", "eval time = ", r"= *([\d.]+) ms / *(\d+) "),
    ("total", "total time = ", r"= *([\d.]+) ms / *(\d+) "),
    ("release", "stop processing: ", r"n_tokens = *(\d+), truncated = *(\d)"),
)
_SAMPLER = r"top_p = ([\d.]+).* temp = ([\d.]+)"
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
    """The lines that tell something of a run, by MARK_SCHEMA.

    Args:
        lines: by LINE_SCHEMA; slot and task are looked for before the first two bars, which in a torn line are further in.
    """
    parts = pl.col("text").str.splitn("|", 3).struct
    read = lines.select(
        "line",
        "byte_offset",
        "text",
        parts.field("field_0").alias("head"),
        parts.field("field_1").alias("middle"),
        parts.field("field_2").alias("rest"),
    )
    heads = read.select(pl.col("head").unique()).with_columns(
        pl.col("head").str.extract(r"id +(\d+) *$").cast(pl.Int64, strict=False).alias("slot")
    )
    task = pl.col("middle").str.strip_chars().str.strip_prefix("task ").cast(pl.Int64, strict=False)
    placed = read.join(heads, on="head", how="left", maintain_order="left").with_columns(task.alias("task"))
    found = [_numbers(placed.filter(pl.col("rest").is_null()), "text", "sampler", _SAMPLER)]
    left = placed.filter(pl.col("task").is_not_null())
    for kind, words, pattern in MARKS:
        is_kind = left["rest"].str.contains(words, literal=True).fill_null(value=False)
        found.append(_numbers(left.filter(is_kind), "rest", kind, pattern))
        left = left.filter(~is_kind)
    return pl.concat(found).sort("line", maintain_order=True)


def _numbers(lines: pl.DataFrame, column: str, kind: str, pattern: str | None) -> pl.DataFrame:
    """Marks of one kind; lines whose numbers are torn off are none."""
    numbers = pl.col(column).str.extract_groups(pattern).struct if pattern else None
    a = numbers.field("1").cast(pl.Float64, strict=False) if numbers else pl.lit(None, pl.Float64)
    b = numbers.field("2").cast(pl.Float64, strict=False) if numbers else pl.lit(None, pl.Float64)
    marks = lines.select("line", "byte_offset", "slot", "task", pl.lit(kind).alias("kind"), a.alias("a"), b.alias("b"))
    return marks.filter(pl.col("a").is_not_null()) if pattern else marks


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
