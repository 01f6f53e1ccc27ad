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
_PLACE = r"id +(\d+) \| task +(-?\d+) \|"
# kind of mark, pattern with the numbers a and b
MARKS = (
    ("sampler", r"top_p = ([\d.]+).* temp = ([\d.]+)"),
    ("launch", r"processing (?:task)()()"),
    ("prompt", r"new prompt, n_ctx_slot = (\d+),.* task\.n_tokens = (\d+)"),
    ("cached", r"cached n_tokens = (\d+)()"),
    ("prompt_eval", r"prompt eval time = +([\d.]+) ms / +(\d+) "),
    ("eval", r"\| +eval time = +([\d.]+) ms / +(\d+) "),
    ("total", r"total time = +([\d.]+) ms / +(\d+) "),
    ("release", r"stop processing: n_tokens = (\d+), truncated = (\d)"),
)
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
    """The lines that tell something of a run, by MARK_SCHEMA; what a line tells is found anywhere in it (torn lines)."""
    text = pl.col("text")
    place = text.str.extract_groups(_PLACE)
    read = lines.with_columns(place.struct.field("1").alias("slot"), place.struct.field("2").alias("task"))
    found: list[pl.DataFrame] = []
    for kind, pattern in MARKS:
        numbers = text.str.extract_groups(pattern)
        matching = read.filter(text.str.contains(pattern))
        if matching.height:
            found.append(
                matching.select(
                    "line",
                    "byte_offset",
                    pl.col("slot").cast(pl.Int64),
                    pl.col("task").cast(pl.Int64),
                    pl.lit(kind).alias("kind"),
                    numbers.struct.field("1").cast(pl.Float64, strict=False).alias("a"),
                    numbers.struct.field("2").cast(pl.Float64, strict=False).alias("b"),
                )
            )
    return pl.concat(found).sort("line", maintain_order=True) if found else pl.DataFrame(schema=MARK_SCHEMA)


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
