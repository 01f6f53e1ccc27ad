"""JSON records that are written alike: cut at their commas, then proven to be what they look like.

A program writes its records with the same names in the same order, so most lines differ in their values only. Taking these
out and proving, column by column, that the lines hold nothing else costs less than half of decoding them with the same care.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import polars as pl

from ollalog.parsing.record_names import LARGEST, RAW_SCHEMA, TIMES

Kind = Literal["text", "number", "whole", "flag", "other"]
_FIELD = re.compile(r' ?"(?P<name>[A-Za-z_][\w.-]*)": ?(?P<value>[^{\[].*)', re.ASCII)
_WHOLE = re.compile(r"null|0|[1-9]\d*", re.ASCII)
# with a backslash a text is more than it looks, and with a bracket a line may hold an access line
_TEXT = r'^"[^"\\\[\x00-\x1f]*"$'
# what a float may not be in JSON, and polars takes it for one all the same
_NO_DIGIT_BEHIND_POINT, _BARE_POINT = r"\.[eE,}]", r"\.(?:[eE]|$)"
_SCALAR = r"^(?:null|true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$|" + _TEXT
_SAMPLE_LINES = 16
_SAMPLE_CHARACTERS = 4096
_MOST_SHAPES = 4


@dataclass(frozen=True)
class Field:
    """One value of a record: its name, all that stands between the comma before it and its value, and how it is written."""

    name: str
    head: str
    kind: Kind


Shape = tuple[Field, ...]


def alike(lines: pl.DataFrame) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Take out the lines that are records of a few shapes.

    Args:
        lines: one row per line; LINE_SCHEMA.

    Returns:
        A frame for each shape: its lines, LINE_SCHEMA and those columns of RAW_SCHEMA that it has, as decoding gives them, a
        model in each; and the lines that have none of the shapes.
    """
    found: list[pl.DataFrame] = []
    rest = lines
    for _ in range(_MOST_SHAPES):
        if rest.height == 0 or (shape := _shape_of(rest["text"])) is None:
            break
        taken, rest = _cut(rest, shape)
        found.append(taken)
    return [taken for taken in found if taken.height], rest


def _shape_of(texts: pl.Series) -> Shape | None:
    """The fields that most of some lines have, from a sample of them; None where there is no majority, or it names no model."""
    sample = texts.gather_every(max(1, texts.len() // _SAMPLE_LINES)).head(_SAMPLE_LINES).to_list()
    written_alike: dict[tuple[str, ...], list[list[re.Match[str]]]] = defaultdict(list)
    for fields in (_fields(text) for text in sample):
        written_alike[tuple(_head(field) for field in fields)].append(fields)
    heads, usual = max(written_alike.items(), key=lambda group: len(group[1]))
    field_names = [field["name"] for field in usual[0]]
    if 2 * len(usual) < len(sample) or "model" not in field_names or len(set(field_names)) < len(field_names):
        return None
    heads = (f"{{{heads[0]}", *heads[1:])
    values = zip(*([field["value"] for field in fields] for fields in usual), strict=True)
    return tuple(Field(*field) for field in zip(field_names, heads, map(_kind, field_names, values), strict=True))


def _fields(text: str) -> list[re.Match[str]]:
    """The fields of a flat record; none where it is not as plain as that."""
    if len(text) > _SAMPLE_CHARACTERS or text[:1] != "{" or text[-1:] != "}":
        return []
    found = [_FIELD.fullmatch(piece) for piece in text[1:-1].split(",")]
    return [field for field in found if field] if all(found) else []


def _head(field: re.Match[str]) -> str:
    return field.string[: field.start("value")]


def _kind(name: str, values: tuple[str, ...]) -> Kind:
    """How the values of a field are written, by its name and some of them."""
    if name not in RAW_SCHEMA:
        return "other"
    if RAW_SCHEMA[name] == pl.Boolean():
        return "flag"
    if RAW_SCHEMA[name] == pl.String() and (name not in TIMES or any(value.startswith('"') for value in values)):
        return "text"
    return "whole" if name not in TIMES and all(_WHOLE.fullmatch(value) for value in values) else "number"


@dataclass(frozen=True)
class _Plan:
    """How the lines of a shape are read: expressions over their pieces, named by place, and over what is written in them, by name."""

    written: list[pl.Expr]
    values: list[pl.Expr]
    is_plain: pl.Expr
    has_digits: pl.Expr
    texts: list[str]
    numbers: list[str]


@lru_cache(maxsize=64)
def _plan(shape: Shape) -> _Plan:
    """The plan of a shape, made once for all blocks: building expressions costs as much as reading a thousand lines."""
    written = [pl.col(str(place)).str.slice(len(field.head)).alias(field.name) for place, field in enumerate(shape)]
    heads = [pl.col(str(place)).str.starts_with(field.head) for place, field in enumerate(shape)]
    numbers = [field.name for field in shape if field.kind in {"number", "whole"}]
    return _Plan(
        written=[*written[:-1], written[-1].str.strip_suffix("}")],
        values=[_value(field) for field in shape if field.kind != "other"],
        is_plain=pl.all_horizontal(heads + [_is_plain(field) for field in shape if field.kind != "text"]),
        has_digits=pl.all_horizontal(pl.lit(value=True), *(~pl.col(name).str.contains(_BARE_POINT) for name in numbers)),
        texts=[field.name for field in shape if field.kind == "text"],
        numbers=numbers,
    )


def _cut(lines: pl.DataFrame, shape: Shape) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take the values out of the lines that have a shape.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.
        shape: what `_shape_of` found.

    Returns:
        `line`, `byte_offset`, `text`, `stamp` and the columns of RAW_SCHEMA that the shape has, as decoding gives them; and
        the lines that are not proven to have the shape.
    """
    plan = _plan(shape)
    pieces = lines["text"].str.splitn(",", len(shape)).struct.unnest()
    pieces.columns = [str(place) for place in range(len(shape))]
    is_closed = pieces.select(pl.last().str.ends_with("}").fill_null(value=False)).to_series()
    lines, pieces, others = _split(lines, pieces, is_closed)
    written = pieces.with_columns(plan.written)
    values = written.select(plan.values)
    lines, values, odd = _split(lines, values, _are_sound(lines["text"], written, values, plan))
    return lines.hstack(values), pl.concat([others, odd]).sort("line") if odd.height else others


def _split(lines: pl.DataFrame, columns: pl.DataFrame, mask: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Lines and columns of theirs where the mask is set, and the other lines."""
    if mask.all():
        return lines, columns, lines.clear()
    return lines.filter(mask), columns.filter(mask), lines.filter(~mask)


def _value(field: Field) -> pl.Expr:
    """The value of a field as decoding gives it; of use only where what is written is sound."""
    written = pl.col(field.name)
    match field.kind:
        case "text":
            return pl.when(written != "null").then(written.str.strip_chars('"')).alias(field.name)
        case "flag":
            return pl.when(written != "null").then(written == "true").alias(field.name)
        case "whole":
            return written.cast(pl.Int64, strict=False).cast(pl.Float64)
    return pl.when(written != "null").then(written).alias(field.name) if field.name in TIMES else written.cast(pl.Float64, strict=False)


def _are_sound(text: pl.Series, written: pl.DataFrame, values: pl.DataFrame, plan: _Plan) -> pl.Series:
    """Whether a line has the names of the shape and nothing else, and all that is written is JSON, of the kind that its name wants."""
    sound = written.select(plan.is_plain).to_series()
    if plan.numbers and text.str.contains(_NO_DIGIT_BEHIND_POINT).any():
        sound &= written.select(plan.has_digits).to_series()
    for name in plan.texts:
        sound &= _is_text(written[name])
    for name in plan.numbers:
        sound &= _is_in_range(values[name].cast(pl.Float64, strict=False), written[name])
    return sound


def _is_plain(field: Field) -> pl.Expr:
    """Whether what is written is a value of its kind; of a number only how it begins."""
    written = pl.col(field.name)
    if field.kind == "flag":
        return (written == "true") | (written == "false") | (written == "null")
    if field.kind == "other":
        return written.str.contains(_SCALAR)
    # in the order of bytes all that begins with a digit lies between "0" and ":", and with a nought before a digit below "0:"
    return (written >= "0") & (written < "00") | (written >= "0:") & (written < ":") | (written == "null")


def _is_text(written: pl.Series) -> pl.Series:
    """Whether texts are just what stands between their quotes; where they repeat, each distinct one is looked at once."""
    allowed = _TEXT if written.name == "model" else f"{_TEXT}|^null$"
    if written.name not in TIMES:
        distinct = written.unique()
        if 2 * distinct.len() < written.len() and distinct.str.contains(allowed).all():
            return pl.Series([True])
    return written.str.contains(allowed)


def _is_in_range(number: pl.Series, written: pl.Series) -> pl.Series:
    """Whether numbers could be read and lie in range, or were written null."""
    highest = number.max()
    if not number.null_count() and isinstance(highest, float) and highest < LARGEST:
        return pl.Series([True])
    return (number < LARGEST).fill_null(value=False) | (written == "null")
