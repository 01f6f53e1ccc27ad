"""Times of records: ISO texts with or without a zone, and numbers since 1970."""

from __future__ import annotations

from datetime import datetime
from functools import cache, lru_cache

import polars as pl

from ollalog.parsing.record_names import TIMES, first_given

_EARLIEST, _LATEST = datetime(1970, 1, 1), datetime(2262, 1, 1)  # noqa: DTZ001 - UTC without saying so
_NOT_LOCAL = pl.lit(None, pl.Datetime("us"))
_TO_SECONDS = "%Y-%m-%dT%H:%M:%S"
_SECOND = len("2026-11-20T10:00:00")
_Spelling = tuple[pl.Expr, pl.Expr]


def instants(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `happened_at` (UTC) and `ended_local` (where the text has no zone) from the first time field that is set.

    Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970 by their size.
    """
    if "datetime_utc" in frame.columns:
        utc = pl.col("datetime_utc")
        has_zone = utc.str.contains(r"(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})$")
        frame = frame.with_columns(pl.when(has_zone).then(utc).otherwise(pl.concat_str(utc, pl.lit("Z"))).alias("datetime_utc"))
    times = frame.select("line", first_given(frame.columns, TIMES).alias("time"))
    usual, *others = _spellings(times["time"])
    found = _read(times, usual)
    for spelling in others:
        if found["happened_at"].null_count() == times["time"].null_count():
            break
        left = times.with_row_index("place").filter(found["happened_at"].is_null() & times["time"].is_not_null())
        read = _read(left, spelling)
        found = found.with_columns(found[name].scatter(left["place"], read[name]) for name in found.columns)
    return frame.hstack(found)


def _read(times: pl.DataFrame, spelling: _Spelling) -> pl.DataFrame:
    """`happened_at` and `ended_local`; null where no request can have been then: arithmetic on times beyond these bounds overflows."""
    happened_at, ended_local = spelling
    read = times.select("line", happened_at.alias("happened_at"), ended_local.alias("ended_local"))
    instant = pl.col("happened_at")
    possible = pl.when(instant.is_between(_EARLIEST, _LATEST)).then(instant).dt.replace_time_zone("UTC")
    return read.select(possible.alias("happened_at"), "ended_local")


def _spellings(times: pl.Series) -> list[_Spelling]:
    """Ways of reading a column `time` as an instant in UTC and as a local time, each for what those before it left."""
    first = next(iter(times.drop_nulls().head(1)), "")
    digits = len(first) - _SECOND - len(".Z") if "." in first else 0
    usual = [(_zulu_of(digits), _NOT_LOCAL)] if first.endswith("Z") and digits < 10 else []
    return [*usual, (_zulu(), _NOT_LOCAL), _odd()]


@lru_cache(maxsize=16)
def _zulu_of(digits: int) -> pl.Expr:
    """Texts in UTC with so many digits of a second, as one program writes them: cut by place, for a third of what reading any costs."""
    text = pl.col("time")
    second = text.str.head(_SECOND).str.to_datetime(_TO_SECONDS, strict=False, time_unit="us", cache=False)
    if digits < 1:
        return pl.when(text.str.slice(_SECOND) == "Z").then(second)
    point = text.str.slice(_SECOND, 1 + digits)
    number = text.str.slice(_SECOND + 1, digits).cast(pl.Int64, strict=False)
    micros = number * 10 ** (6 - digits) if digits <= 6 else number // 10 ** (digits - 6)
    is_cut_so = (text.str.len_bytes() == _SECOND + digits + len(".Z")) & text.str.ends_with("Z") & (point >= ".0") & (point < ".:")
    return pl.when(is_cut_so).then(second + pl.duration(microseconds=micros))


@cache
def _zulu() -> pl.Expr:
    """Texts in UTC with any fraction of a second."""
    text = pl.col("time")
    return pl.when(text.str.ends_with("Z")).then(text.str.head(-1)).str.to_datetime(f"{_TO_SECONDS}%.f", strict=False, time_unit="us")


@cache
def _odd() -> _Spelling:
    """Other spellings: an offset, no zone, a blank, a number."""
    text = pl.col("time")
    number = text.cast(pl.Float64, strict=False)
    scale = pl.when(number < 1e11).then(1e6).when(number < 1e14).then(1e3).when(number < 1e17).then(1.0).otherwise(1e-3)
    epoch = (number * scale).round().cast(pl.Int64, strict=False).cast(pl.Datetime("us"))
    clock = text.str.replace(" ", "T", literal=True).str.extract(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?)")
    local = clock.str.to_datetime(f"{_TO_SECONDS}%.f", strict=False, time_unit="us")
    zone = text.str.extract(r"^.{19}(?:\.\d+)? ?(Z|z|[+-]\d\d:?\d\d)$")
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    offset_s = (
        pl.when(zone.str.to_lowercase() == "z")
        .then(0)
        .otherwise(sign * (zone.str.slice(1, 2).cast(pl.Int64, strict=False) * 3600 + zone.str.tail(2).cast(pl.Int64, strict=False) * 60))
    )
    happened = pl.when(number.is_not_null()).then(epoch).otherwise(local - pl.duration(seconds=offset_s))
    naive = pl.when(zone.is_null() & local.dt.year().is_between(_EARLIEST.year, _LATEST.year)).then(local)
    return happened, naive
