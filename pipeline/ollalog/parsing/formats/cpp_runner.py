"""Lines of the C++ runner up to Ollama 0.3: JSON objects up to 0.1.34, `LEVEL [function] message | k=v` after that.

Source: ext_server.cpp; timings are printed at INFO up to 0.1.34 and only with OLLAMA_DEBUG after that.
"""

from __future__ import annotations

import polars as pl

from ollalog.parsing.format import Extract, Format
from ollalog.parsing.formats.llama_server import MARK_SCHEMA

_OWNER = r'^\{"function":|^(?:INFO|DEBUG|WARN|ERR|ERROR|VERB) +\[ ?\w+\] .*(?:\| |tid=)'
_NUMBER = r"([\d.]+(?:e[+-]?\d+)?)"
_KINDS = (
    ("prompt_eval", "prompt eval time", "t_prompt_processing", "n_prompt_tokens_processed"),
    ("eval", "generation eval time", "t_token_generation", "n_decoded"),
    ("total", "total time", "t_total", "task_id"),
)


def _field(name: str) -> pl.Expr:
    """A number by its key, in both spellings: `"t_total":1.5` and `t_total=1.5`."""
    return pl.col("text").str.extract(rf'"?{name}"?[:=]{_NUMBER}').cast(pl.Float64, strict=False)


def extract(lines: pl.DataFrame) -> Extract:
    """Pick the timing lines; the rest is chatter.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Marks by MARK_SCHEMA (`total` ends a run here); chatter as noise.
    """
    timings = lines.filter(pl.col("text").str.contains("print_timings", literal=True))
    found = [
        timings.filter(pl.col("text").str.contains(words, literal=True)).select(
            "line",
            "byte_offset",
            _field("slot_id").cast(pl.Int64).alias("slot"),
            _field("task_id").cast(pl.Int64).alias("task"),
            pl.lit(kind if kind != "total" else "last_total").alias("kind"),
            _field(first).alias("a"),
            _field(second).alias("b"),
        )
        for kind, words, first, second in _KINDS
    ]
    marks = pl.concat(found).unique("line").sort("line") if timings.height else pl.DataFrame(schema=MARK_SCHEMA)
    chatter = lines.height - marks.height
    return Extract(marks=marks, noise={"cpp_runner": chatter} if chatter else {})


FORMAT = Format(
    name="cpp_runner",
    rank=7,
    owns=lambda text: text.str.contains(_OWNER),
    extract=extract,
    examples=(
        '{"function":"print_timings","level":"INFO","line":287,"msg":"          total time = 1.2 ms","slot_id":0,"t_total":1.2,"task_id":0,"tid":"1","timestamp":1715101032}',
        'INFO [main] build info | build=1 commit="7c26775" tid="139" timestamp=1720210000',
    ),
)
