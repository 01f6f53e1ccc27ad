"""JSON lines of the C++ runner up to Ollama 0.1.34: {"function":"print_timings","level":"INFO",…}.

Source: ext_server.cpp; timings are printed at INFO.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from ollalog.parsing import saying
from ollalog.parsing.format import Extract, Format
from ollalog.parsing.formats.llama_server import MARK_SCHEMA

# words of the message -> kind of mark, and the keys of its two numbers
_KINDS = (
    # the cache is cut behind the tokens that the prompt begins with
    ("kv cache rm [p0", "cached", "p0", "p0"),
    ("prompt eval time", "prompt_eval", "t_prompt_processing", "n_prompt_tokens_processed"),
    ("generation eval time", "eval", "t_token_generation", "n_decoded"),
    ("total time", "last_total", "t_total", "slot_id"),
    ("slot released", "release", "n_past", "slot_id"),
)
_OF_RUNS = ("print_timings", "kv cache rm [p0", "slot released")
_ERRORS = ('"level":"ERR', "ERR [", "ERROR [")
# errors, that a prompt was too long, and that a model is loaded: servers that write JSON do not say so themselves
_SAYING = (*_ERRORS, "] input truncated |", '"msg":"model loaded"')
_TEXT = r"^[A-Z]+ +\[[^\]]*\] (.*?) *\| (.*)$"


def timings(lines: pl.DataFrame) -> Extract:
    """Pick the lines that tell something of a run, errors, prompts that were cut and models loaded; the rest is chatter.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`; numbers as "key":1.5 or key=1.5.

    Returns:
        Marks by MARK_SCHEMA (the total ends a run here, the release one that only embeds); `said` by SAID_SCHEMA; chatter as noise.
    """
    text = pl.col("text")
    telling = lines.filter(text.str.contains_any([*_OF_RUNS, *_SAYING]))
    is_of_run = telling.select(text.str.contains_any(list(_OF_RUNS)).alias("is"))["is"]
    said = None if is_of_run.all() else _said(telling.filter(~is_of_run))
    kind: Any = pl.when(pl.lit(value=False)).then(pl.lit(None, pl.String))
    a: Any = pl.when(pl.lit(value=False)).then(pl.lit(None, pl.Float64))
    b: Any = a
    for words, name, first, second in _KINDS:
        is_kind = text.str.contains(words, literal=True)
        kind, a, b = kind.when(is_kind).then(pl.lit(name)), a.when(is_kind).then(_number(first)), b.when(is_kind).then(_number(second))
    found = telling.filter(is_of_run).select(
        *("line", "byte_offset"),
        _number("slot_id").cast(pl.Int64, strict=False).alias("slot"),
        _number("task_id").cast(pl.Int64, strict=False).alias("task"),
        *(kind.alias("kind"), a.alias("a"), b.alias("b")),
    )
    marks = found.filter(pl.col("kind").is_not_null() & pl.col("a").is_not_null()).select(list(MARK_SCHEMA))
    chatter = lines.height - marks.height - (0 if said is None else said.height)
    return Extract(said=said, marks=marks, noise={"cpp_runner": chatter} if chatter else {})


def _said(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines that carry a message, by SAID_SCHEMA; they end in the second of their printing, as a number or text."""
    text = pl.col("text")
    epoch_s = text.str.extract(r'"?timestamp"?[:=]([0-9]{10})(?:[,}]|$)').cast(pl.Int64, strict=False)
    message = pl.coalesce(text.str.json_path_match("$.msg"), text.str.json_path_match("$.message"), text.str.extract(_TEXT), text)
    stamped = lines.with_columns(pl.coalesce("stamp", pl.from_epoch(epoch_s * 1_000_000, "us").dt.replace_time_zone("UTC")).alias("stamp"))
    return saying.of_texts(stamped, "ERROR").with_columns(
        pl.when(stamped["text"].str.contains_any(list(_ERRORS))).then("level").otherwise(pl.lit("INFO")).alias("level"),
        *stamped.select(message.str.head(2048).alias("message"), text.str.extract(_TEXT, 2).fill_null("").alias("tail")),
    )


def _number(key: str) -> pl.Expr:
    number = pl.col("text").str.extract(rf'"?{key}"?[:=]([0-9.]+(?:e[+-]?[0-9]+)?)').cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


FORMAT = Format(
    name="cpp_runner",
    rank=7,
    # its names stand in the order of the alphabet, and some lines have one before "function"
    owns=lambda text: (
        text.str.starts_with('{"function":')
        | (
            text.str.contains('"function":"', literal=True)
            & text.str.contains('"level":"', literal=True)
            & text.str.contains('"line":', literal=True)
        )
    ),
    extract=timings,
    is_json=True,
    examples=(
        '{"function":"print_timings","level":"INFO","line":287,"msg":"      total time = 1.2 ms","slot_id":0,"t_total":1.2,"task_id":0}',
    ),
)
