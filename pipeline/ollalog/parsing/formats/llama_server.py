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
_WITHOUT_NUMBERS = ("launch", "timing")
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
_PLACE = ("line", "byte_offset", "slot", "task", "kind")


def marks_of(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines that tell something of a run, by MARK_SCHEMA; those whose numbers are torn off are left out.

    Args:
        lines: by LINE_SCHEMA; slot and task stand before the first two bars, in a torn line further in.
    """
    text = pl.col("text")
    shapes = lines.select(
        text.str.starts_with("\t").alias("sampler"),
        text.str.contains("initializing, n_slots = ", literal=True).alias("ready"),
        text.str.contains(_BARE).alias("bare"),
    )
    is_sampler, is_ready, is_bare = shapes.get_columns()
    marks = _of_tasks(lines.filter(~(is_sampler | is_ready | is_bare)))
    for is_it, read in ((is_bare, _bare), (is_sampler, _samplers), (is_ready, _ready)):
        if is_it.any():
            marks = marks.merge_sorted(read(lines.filter(is_it)), key="line")
    return marks


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
    nothing = pl.lit(None, pl.Int64)
    rest = lines.select("line", "byte_offset", nothing.alias("slot"), nothing.alias("task"), pl.col("text").alias("rest"))
    return _timings(rest.with_columns(_kinds(rest["rest"]).alias("kind")))


def _of_tasks(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines that name a slot and a task before their first two bars."""
    cut = lines.select("line", "byte_offset", _untorn(lines["text"]).str.splitn("|", 3)).unnest("text")
    kind = _kinds(cut["field_2"])
    is_head = kind.is_null() & (cut["field_2"].str.strip_chars() == "")
    if is_head.any():
        kind = kind.zip_with(~is_head, pl.Series(["timing"], dtype=pl.String).new_from_index(0, kind.len()))
    named = cut.select(
        "line",
        "byte_offset",
        pl.col("field_0").str.extract(r"id +([0-9]+) *$").cast(pl.Int64, strict=False).alias("slot"),
        pl.col("field_1").str.strip_chars(" task").cast(pl.Int64, strict=False).alias("task"),
        kind.alias("kind"),
        pl.col("field_2").alias("rest"),
    ).filter(pl.all_horizontal(pl.col("slot", "task", "kind").is_not_null()))
    is_timing, is_plain = (named["kind"].is_in(kinds) for kinds in (_TIMINGS, _WITHOUT_NUMBERS))
    nothing = pl.lit(None, pl.Float64)
    plain = named.filter(is_plain).select(*_PLACE, nothing.alias("a"), nothing.alias("b"))
    return pl.concat([_timings(named.filter(is_timing)), _counts(named.filter(~is_timing & ~is_plain)), plain]).sort("line")


def _kinds(texts: pl.Series) -> pl.Series:
    """The kinds of mark by the words that texts begin with, or, where those tell nothing, by the first that are in them."""
    usual = (
        pl.col("rest").str.strip_chars_start(" ").str.head(_KIND_BYTES).replace_strict(_USUAL_KINDS, default=None, return_dtype=pl.String)
    )
    kinds = texts.to_frame("rest").select(usual).to_series()
    if not kinds.null_count():
        return kinds
    places = kinds.is_null().arg_true()
    found = texts.gather(places).str.extract(_KIND).replace_strict(_KINDS, default=None, return_dtype=pl.String)
    return kinds.scatter(places, found)


def _untorn(texts: pl.Series) -> pl.Series:
    """The lines, less what stands before a timing line that begins in their middle."""
    is_torn = texts.to_frame("text").select(pl.col("text").str.slice(1).str.contains(TORN_START, literal=True)).to_series()
    if not is_torn.any():
        return texts
    return texts.zip_with(~is_torn, texts.str.replace(rf"^.*({TORN_START})", "$1"))


def _timings(named: pl.DataFrame) -> pl.DataFrame:
    """Milliseconds and tokens of " … time = 20.27 ms / 37 tokens …"."""
    behind = pl.col("rest").str.splitn(" = ", 2).struct.field("field_1")
    parts = named.select(*_PLACE, behind.str.splitn(" ms /", 2).alias("parts")).unnest("parts")
    return _with_numbers(parts, pl.col("field_0"), pl.col("field_1").str.splitn(" token", 2).struct.field("field_0"))


def _counts(named: pl.DataFrame) -> pl.DataFrame:
    """The first and the last number of "new prompt, n_ctx_slot = 4096, n_keep = 4, task.n_tokens = 29" and the like."""
    parts = named.select(*_PLACE, pl.col("rest").str.splitn(" = ", 4).alias("parts")).unnest("parts")
    return _with_numbers(parts, pl.col("field_1").str.splitn(",", 2).struct.field("field_0"), pl.coalesce("field_3", "field_2"))


def _with_numbers(parts: pl.DataFrame, first: pl.Expr, last: pl.Expr) -> pl.DataFrame:
    """Marks with the numbers from 0 up that two texts are; null for any other text, "nan" and "inf" too. Those without a first go."""
    numbers = parts.select(
        *_PLACE,
        first.str.strip_chars().cast(pl.Float64, strict=False).alias("a"),
        last.str.strip_chars().cast(pl.Float64, strict=False).alias("b"),
    )
    checked = numbers.with_columns(pl.when(pl.col(name).is_finite() & (pl.col(name) >= 0)).then(pl.col(name)).alias(name) for name in "ab")
    return checked.filter(checked["a"].is_not_null()) if checked["a"].null_count() else checked


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
