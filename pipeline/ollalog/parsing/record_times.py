"""Times of records: ISO texts with or without a zone, and numbers since 1970."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from ollalog.parsing.record_names import TIMES, first_given

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC)


def instants(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `happened_at` (UTC) and `ended_local` (where the text has no zone) from the first time field that is set.

    Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970 by their size.
    """
    if "datetime_utc" in frame.columns:
        utc = pl.col("datetime_utc")
        has_zone = utc.str.contains(r"(?:[Zz]|[+-]\d\d:?\d\d)$")
        frame = frame.with_columns(pl.when(has_zone).then(utc).otherwise(pl.concat_str(utc, pl.lit("Z"))).alias("datetime_utc"))
    times = frame.select(first_given(frame, TIMES).alias("time"))
    zulu = pl.when(pl.col("time").str.ends_with("Z")).then(pl.col("time").str.head(-1)).str.to_datetime(_ISO, strict=False, time_unit="us")
    nothing = pl.lit(None, pl.Datetime("us")).alias("ended_local")
    usual = times.select(_possible(zulu.dt.replace_time_zone("UTC")).alias("happened_at"), nothing)
    if usual["happened_at"].null_count() == times["time"].null_count():
        return frame.hstack(usual)
    odd = times.with_row_index("place").filter(usual["happened_at"].is_null())
    read = odd.select(*_odd_instants())
    return frame.with_columns(*(usual[name].scatter(odd["place"], read[name]) for name in ("happened_at", "ended_local")))


_ISO = "%Y-%m-%dT%H:%M:%S%.f"


def _odd_instants() -> tuple[pl.Expr, pl.Expr]:
    """`happened_at` and `ended_local` of a column `time` of other spellings: an offset, no zone, a blank, a number."""
    text = pl.col("time")
    number = text.cast(pl.Float64, strict=False)
    scale = pl.when(number < 1e11).then(1e6).when(number < 1e14).then(1e3).when(number < 1e17).then(1.0).otherwise(1e-3)
    epoch = (number * scale).round().cast(pl.Int64, strict=False).cast(pl.Datetime("us", "UTC"))
    clock = text.str.replace(" ", "T", literal=True).str.extract(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?)")
    local = clock.str.to_datetime(_ISO, strict=False, time_unit="us")
    zone = text.str.extract(r"^.{19}(?:\.\d+)? ?(Z|z|[+-]\d\d:?\d\d)$")
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    offset_s = (
        pl.when(zone.str.to_lowercase() == "z")
        .then(0)
        .otherwise(sign * (zone.str.slice(1, 2).cast(pl.Int64, strict=False) * 3600 + zone.str.tail(2).cast(pl.Int64, strict=False) * 60))
    )
    zoned = (local - pl.duration(seconds=offset_s)).dt.replace_time_zone("UTC")
    happened = pl.when(number.is_not_null()).then(epoch).otherwise(zoned)
    naive = pl.when(zone.is_null() & local.dt.year().is_between(_EARLIEST.year, _LATEST.year)).then(local)
    return _possible(happened).alias("happened_at"), naive.alias("ended_local")


def _possible(instant: pl.Expr) -> pl.Expr:
    """The instant, or null where no request can have been then: arithmetic on times beyond these bounds overflows."""
    return pl.when(instant.is_between(_EARLIEST, _LATEST)).then(instant)
