"""Lines of llama-server, the runner of Ollama 0.30 and later: `slot …`, `srv …`, sampler parameters.

They carry neither time nor model. The lines of one run share a slot and a task number; `parsing.runs` joins them.

Source: llama.cpp tools/server/server-context.cpp (print_timing, release, "new prompt"), b9452 to b10488.
"""

from __future__ import annotations

import polars as pl

from ollalog.parsing.format import Extract, Format

TORN_START = "slot print_timing: id"
_TELLING = (
    r"new prompt, |cached n_tokens = |eval time = |total time = |stop processing: |processing task|top_p = |initializing, n_slots = "
    r"|print_timing: id"
)
# other builds print the timings below a line that has nothing behind its slot and task
_BARE = r"^ *(?:prompt eval|eval|total) time = +[0-9]"
_OWNER = r"^(?:slot |srv |que |res | *(?:prompt eval|eval|total) time = +[0-9]|\t(?:repeat_last_n|dry_multiplier|top_k|mirostat) = )"
# words of the text after the task -> kind of mark
_KINDS = {
    "processing task": "launch",
    "new prompt, ": "prompt",
    "cached n_tokens = ": "cached",
    "prompt eval time = ": "prompt_eval",
    "eval time = ": "eval",
    "total time = ": "total",
    "stop processing: ": "release",
}
_KIND = f"({'|'.join(_KINDS)})"
_KIND_BYTES = 12
_USUAL_KINDS = {text[:_KIND_BYTES]: kind for text, kind in _KINDS.items()}
_TIMINGS = ("prompt_eval", "eval", "total")
# a prompt in the cache, where the line is torn or of another build (see prompt_listing)
_LISTED = "    - prompt "
_TEMPLATE = "example_format: '"
_SOMETHING = f"{_TELLING}|{_LISTED}|{_TEMPLATE}"
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
    is_bare = lines["text"].str.contains(_BARE)
    marks = _of_tasks(lines.filter(~is_sampler & ~is_ready & ~is_bare))
    if is_bare.any():
        marks = marks.merge_sorted(_bare(lines.filter(is_bare)), key="line")
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


def _bare(lines: pl.DataFrame) -> pl.DataFrame:
    """Timings whose slot and task stand in the line above them: both are null."""
    texts = lines["text"]
    kind = _kinds(texts)
    a, b = _timings(texts)
    nothing = pl.lit(None, pl.Int64)
    marks = lines.select(
        "line", "byte_offset", nothing.alias("slot"), nothing.alias("task"), kind.alias("kind"), a.alias("a"), b.alias("b")
    )
    return marks.filter(pl.col("a").is_not_null())


def _of_tasks(lines: pl.DataFrame) -> pl.DataFrame:
    parts = _untorn(lines["text"]).str.splitn("|", 3).struct
    rest = parts.field("field_2").alias("rest")
    kind = _kinds(rest)
    is_head = kind.is_null() & (rest.str.strip_chars() == "")
    if is_head.any():
        kind = kind.zip_with(~is_head, pl.Series(["timing"], dtype=pl.String).new_from_index(0, kind.len()))
    named = lines.select("line", "byte_offset").with_columns(
        parts.field("field_0").str.extract(r"id +([0-9]+) *$").cast(pl.Int64, strict=False).alias("slot"),
        parts.field("field_1").str.strip_chars(" task").cast(pl.Int64, strict=False).alias("task"),
        kind.alias("kind"),
        rest,
    )
    is_whole = named["kind"].is_not_null() & named["slot"].is_not_null() & named["task"].is_not_null()
    named = named if is_whole.all() else named.filter(is_whole)
    return _with_numbers(named).select(list(MARK_SCHEMA))


def _kinds(texts: pl.Series) -> pl.Series:
    """The kinds of mark by the words that texts begin with, or, where those tell nothing, by the first that are in them."""
    kinds = texts.str.strip_chars_start(" ").str.head(_KIND_BYTES).replace_strict(_USUAL_KINDS, default=None, return_dtype=pl.String)
    places = kinds.is_null().arg_true()
    if places.len() == 0:
        return kinds
    found = texts.gather(places).str.extract(_KIND).replace_strict(_KINDS, default=None, return_dtype=pl.String)
    return kinds.scatter(places, found)


def _untorn(texts: pl.Series) -> pl.Series:
    """The lines, less what stands before a timing line that begins in their middle."""
    is_torn = texts.str.slice(1).str.contains(TORN_START, literal=True)
    if not is_torn.any():
        return texts
    return texts.zip_with(~is_torn, texts.str.replace(rf"^.*({TORN_START})", "$1"))


def _with_numbers(named: pl.DataFrame) -> pl.DataFrame:
    """Add `a` and `b` to marks by the texts that tell them (`rest`); marks whose numbers are torn off are left out."""
    kind, rest = named["kind"], named["rest"]
    is_launch = kind.is_in(["launch", "timing"])
    is_timing = kind.is_in(_TIMINGS)
    told = named.with_columns(pl.lit(None, pl.Float64).alias("a"), pl.lit(None, pl.Float64).alias("b"))
    for places, numbers in ((is_timing.arg_true(), _timings), ((~is_timing & ~is_launch).arg_true(), _counts)):
        a, b = numbers(rest.gather(places))
        told = told.with_columns(told["a"].scatter(places, a), told["b"].scatter(places, b))
    is_told = is_launch | told["a"].is_not_null()
    return told if is_told.all() else told.filter(is_told)


def _timings(rest: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Milliseconds and tokens of " … time = 20.27 ms / 37 tokens …"."""
    parts = rest.str.splitn(" = ", 2).struct.field("field_1").str.splitn(" ms /", 2).struct
    return _float(parts.field("field_0")), _float(parts.field("field_1").str.splitn(" token", 2).struct.field("field_0"))


def _counts(rest: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The first and the last number of "new prompt, n_ctx_slot = 4096, n_keep = 4, task.n_tokens = 29" and the like."""
    parts = rest.str.splitn(" = ", 4).struct
    first = parts.field("field_1").str.splitn(",", 2).struct.field("field_0")
    last = pl.select(pl.coalesce(parts.field("field_3"), parts.field("field_2"))).to_series()
    return _float(first), _float(last)


def _float(text: pl.Series) -> pl.Series:
    """Numbers from 0 up; null for any other text, "nan" and "inf" too."""
    number = text.str.strip_chars().cast(pl.Float64, strict=False)
    return number.set(~(number.is_finite() & (number >= 0)), None)


def _samplers(lines: pl.DataFrame) -> pl.DataFrame:
    numbers = pl.col("text").str.extract_groups(_SAMPLER).struct
    nothing = pl.lit(None, pl.Int64)
    told = lines.select(pl.col("text").unique()).with_columns(
        numbers.field("1").cast(pl.Float64, strict=False).alias("a"), numbers.field("2").cast(pl.Float64, strict=False).alias("b")
    )
    marks = lines.join(told.filter(pl.col("a").is_not_null()), on="text", maintain_order="left")
    return marks.select("line", "byte_offset", nothing.alias("slot"), nothing.alias("task"), pl.lit("sampler").alias("kind"), "a", "b")


def extract(lines: pl.DataFrame) -> Extract:
    """Pick the lines that tell something of a run; the rest is chatter.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Marks by MARK_SCHEMA, at most one per line; chatter as noise; the chat template's example opens a continuation.
    """
    some = lines.filter(pl.col("text").str.contains(_SOMETHING))
    marks = marks_of(some.filter(pl.col("text").str.contains(_TELLING)))
    templates = some["line"].filter(some["text"].str.contains(_TEMPLATE, literal=True))
    listed = some["line"].filter(some["text"].str.contains(_LISTED, literal=True))
    chatter = lines.height - marks.height
    return Extract(marks=marks, noise={"llama_server": chatter} if chatter else {}, opens=templates, listed=listed)


FORMAT = Format(
    name="llama_server",
    rank=3,
    owns=lambda text: text.str.contains(_OWNER),
    extract=extract,
    examples=(
        "slot print_timing: id  0 | task 0 |       total time =      20.27 ms /    37 tokens",
        "srv  update_slots: all slots are idle",
        "\ttop_k = 40, top_p = 0.900, min_p = 0.000, xtc_probability = 0.000, typical_p = 1.000, top_n_sigma = -1.000, temp = 0.800",
    ),
)
