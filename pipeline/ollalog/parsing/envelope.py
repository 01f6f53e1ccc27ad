"""What an envelope is: a wrapper that a supervisor, a container runtime or the journal puts around each log line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from ollalog.parsing.format import LINE_SCHEMA
from ollalog.parsing.patterns import ascii_only


@dataclass(frozen=True)
class Envelope:
    """One wrapper: which lines wear it, and how the payload (and its time, where the wrapper has one) is taken out.

    `is_json`: the wrapped lines are JSON objects; only such wrappers are looked for around a line that begins with a brace.
    `is_part`: which wrapped lines end in the middle of a line, because the wrapper holds no longer ones; None: it holds any.
    `unwrap` keeps the rows and LINE_SCHEMA of the lines it is given; a payload that cannot be taken out is null.
    """

    name: str
    rank: int
    owns: Callable[[pl.Expr], pl.Expr]
    unwrap: Callable[[pl.DataFrame], pl.DataFrame]
    examples: tuple[str, ...]
    is_json: bool = False
    is_part: Callable[[pl.Expr], pl.Expr] | None = None


def by_pattern(  # noqa: PLR0913 - what an envelope is
    name: str, rank: int, pattern: str, examples: tuple[str, ...], *, stamp_format: str | None = None, part_pattern: str | None = None
) -> Envelope:
    """An envelope that is a prefix: a pattern with the named group `payload` and, with a format, `stamp` (with its offset)."""
    pattern = ascii_only(pattern)

    def unwrap(lines: pl.DataFrame) -> pl.DataFrame:
        groups = lines.select(pl.col("text").str.extract_groups(pattern).alias("groups")).unnest("groups")
        stamp = pl.lit(None, LINE_SCHEMA["stamp"])
        if stamp_format:
            text = pl.col("wrapped_stamp").str.replace(r"Z$", "+00:00")
            stamp = text.str.to_datetime(stamp_format, strict=False, time_unit="us").dt.convert_time_zone("UTC")
        fields = lines.with_columns(groups["payload"].alias("text"))
        if stamp_format:
            fields = fields.with_columns(groups["stamp"].alias("wrapped_stamp"))
        return fields.with_columns(pl.coalesce("stamp", stamp).alias("stamp")).select(list(LINE_SCHEMA))

    is_part = None if part_pattern is None else lambda text: text.str.contains(part_pattern)
    return Envelope(name, rank, lambda text: text.str.contains(pattern), unwrap, examples, is_part=is_part)


def json_fields(
    lines: pl.DataFrame, schema: Mapping[str, pl.DataType], payload: str, one: Callable[[str], Mapping[str, str | None]]
) -> pl.DataFrame:
    """Some fields of lines that are one JSON object each, decoded all at once where that is safe.

    Args:
        lines: by LINE_SCHEMA.
        schema: the fields, all String.
        payload: the field that must be a text. Lines where it is none, and those with half a surrogate pair, are read one by
            one: decoding all at once would turn them into some text.
        one: reads a single line; nulls where it is no such object.

    Returns:
        One row per line, in their order.
    """
    is_odd = lines["text"].str.contains(rf'"{payload}"\s*:\s*[^"\s]|\\u[dD][89a-fA-F]')
    even = lines.filter(~is_odd)
    try:
        fields = pl.read_ndjson(even.select(pl.col("text").str.join("\n")).item().encode(), schema=schema) if even.height else None
    except pl.exceptions.PolarsError:
        fields = None
    if fields is None or fields.height != even.height:
        return pl.DataFrame([one(text) for text in lines["text"]], schema=schema)
    if even.height == lines.height:
        return fields
    odd = lines.filter(is_odd)
    read = pl.DataFrame([one(text) for text in odd["text"]], schema=schema)
    placed = [even.select("line").hstack(fields), odd.select("line").hstack(read)]
    return pl.concat(placed).sort("line").drop("line")


def without_halves(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair that stands alone, which no encoding can write."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
