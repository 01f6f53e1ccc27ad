"""Any JSON records: decoded all at once where that is safe; what is not sound is judged by pydantic, line by line."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl

from ollalog.parsing.format import NO_REJECTED, REJECTED_SCHEMA
from ollalog.parsing.record_names import FLAGS, LARGEST, NESTED, NUMBERS, PRESENT, RAW_SCHEMA, STATUSES, TEXTS, TIMES

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

# what decoding all lines at once would take for a text or a time though it is none: pydantic judges it, whatever its neighbours are
_ODD = (
    rf'"(?:{"|".join(name for name in TEXTS if name not in TIMES)})"\s*:\s*[^"n\s]|"(?:{"|".join(TIMES)})"\s*:\s*[tf\[{{]'
    r"|\\u[dD][89a-fA-F]"
)


@cache
def record_model() -> type[BaseModel]:
    """What pydantic holds a record against that could not be decoded at once: every known name, numbers in range, a model."""
    from pydantic import ConfigDict, Field, Strict, create_model

    number = (float | None, Field(default=None, ge=0, lt=LARGEST))
    fields: dict[str, Any] = {
        **dict.fromkeys(TIMES, (str | Annotated[float, Strict()] | None, None)),
        **{name: (str | None, None) for name in TEXTS if name not in TIMES},
        **{name: number for column in NUMBERS.values() for name, _ in column},
        **dict.fromkeys(STATUSES, number),
        **dict.fromkeys(FLAGS, (bool | None, None)),
        "model": (str, ...),
    }
    return create_model("Record", __config__=ConfigDict(extra="allow", str_max_length=1 << 20, allow_inf_nan=False), **fields)


def read(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read lines that hold one JSON object each.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Rows with `line`, `byte_offset`, `stamp`, `model` and the columns of RAW_SCHEMA that are not all null; rejected lines
        with pydantic's explanation.
    """
    if lines.height == 0:
        return _EMPTY, NO_REJECTED
    rare = sorted(set(RAW_SCHEMA) - _names_of(lines["text"][0]))
    has_rare = lines["text"].str.contains_any([f'"{name}"' for name in rare])
    common = {name: kind for name, kind in RAW_SCHEMA.items() if name not in rare}
    parts = [_read(lines.filter(~has_rare), common), _read(lines.filter(has_rare), RAW_SCHEMA)]
    rows = pl.concat([_without_empty(raw) for raw, _ in parts], how="diagonal").sort("line")
    return rows, pl.concat([rejected for _, rejected in parts]).sort("line")


def _without_empty(raw: pl.DataFrame) -> pl.DataFrame:
    """The columns that say something: most of the names that a record may use are never used in one log."""
    return raw.drop(name for name in RAW_SCHEMA if name in raw.columns and name != "model" and raw[name].null_count() == raw.height)


def _names_of(text: str) -> set[str]:
    """The names that a record has, to decode the records like it with no more columns than they need."""
    return {"model", *re.findall(r'"(\w{1,40})" ?:', text[:20_000])}


def _read(lines: pl.DataFrame, schema: dict[str, pl.DataType]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Decode all lines at once; where one of them cannot be, halve until it stands alone."""
    if lines.height == 0:
        return _EMPTY.select("line", "byte_offset", "stamp", *schema), NO_REJECTED
    whole = _decoded(lines, schema)
    if whole is None:
        if lines.height <= _ALONE:
            return _explained(lines)
        half = lines.height // 2
        left, right = _read(lines[:half], schema), _read(lines[half:], schema)
        return pl.concat([left[0], right[0]], how="diagonal"), pl.concat([left[1], right[1]])
    is_sound = whole.select(_sound(schema)).to_series() & ~lines["text"].str.contains(_ODD)
    if is_sound.all():
        return whole, NO_REJECTED
    mended, rejected = _explained(lines.filter(~is_sound))
    return pl.concat([whole.filter(is_sound), mended], how="diagonal").sort("line"), rejected


# fewer lines than this cost pydantic less than halving them further does, even if but one is bad
_ALONE = 256
_EMPTY = pl.DataFrame(schema={"line": pl.UInt32(), "byte_offset": pl.Int64(), "stamp": pl.Datetime("us", "UTC"), **RAW_SCHEMA})


def _sound(schema: dict[str, pl.DataType]) -> pl.Expr:
    """Whether every number lies in range and a model is named; a null is sound."""
    numbers = [name for name in (*(name for column in NUMBERS.values() for name, _ in column), *STATUSES) if name in schema]
    return pl.all_horizontal(
        pl.col("model").is_not_null(), *((pl.col(name).is_between(0, LARGEST, closed="left")).fill_null(value=True) for name in numbers)
    )


def _decoded(lines: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame | None:
    """All lines decoded at once, or None when one of them cannot be."""
    try:
        raw = pl.read_ndjson(lines.select(pl.col("text").str.join("\n")).item().encode(), schema=schema)
    except pl.exceptions.PolarsError:
        return None
    if raw.height != lines.height:
        return None
    return lines.select("line", "byte_offset", "stamp").hstack(raw)


def _explained(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same line by line, with pydantic: what it can mend is a row, what it cannot is a reject with its words."""
    from pydantic import ValidationError

    rows: list[dict[str, object]] = []
    reasons: list[str | None] = []
    for text in lines["text"]:
        try:
            fields = record_model().model_validate_json(_first_of_each(text)).model_dump(include=set(RAW_SCHEMA))
            reasons.append(None)
            rows.append({name: _as_decoded(name, value) for name, value in fields.items()})
        except ValidationError as problem:
            reasons.append(_in_words(problem))
    marked = lines.with_columns(pl.Series("reason", reasons, dtype=pl.String))
    good = marked.filter(pl.col("reason").is_null()).select("line", "byte_offset", "stamp")
    raw = pl.DataFrame(rows, schema=RAW_SCHEMA)
    return good.hstack(raw), marked.filter(pl.col("reason").is_not_null()).select(list(REJECTED_SCHEMA))


def _first_of_each(text: str) -> str:
    """A record whose names are each there once: of a repeated one the first, as decoding all lines at once takes it."""
    pairs: list[tuple[str, object]] = []

    def keep(found: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal pairs
        pairs = found  # the outermost object comes last
        return dict(found)

    try:
        json.loads(text, object_pairs_hook=keep)
    except (ValueError, RecursionError):
        return text
    return text if len(dict(pairs)) == len(pairs) else json.dumps(dict(reversed(pairs)))


def _as_decoded(name: str, value: object) -> object:
    """A value as decoding all lines at once gives it: what is not looked into as text, objects as JSON."""
    if value is None or name not in {*TIMES, *PRESENT, *NESTED}:
        return value
    return str(value) if name in TIMES else json.dumps(value)


def _in_words(problem: ValidationError) -> str:
    faults = [f"{'.'.join(str(step) for step in fault['loc']) or 'line'}: {fault['msg']}" for fault in problem.errors()[:5]]
    return "; ".join(faults)[:500]
