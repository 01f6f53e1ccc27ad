"""Go's duration text in nanoseconds, exactly."""

from __future__ import annotations

import polars as pl

SIMPLE_DURATION = r"^ *[0-9]+(?:\.[0-9]+)?(?:ms|µs|s)$"
_MICRO = r"(?:u|[^\x00-\x7f]{1,3})s"
"""Microseconds, whatever a terminal made of the sign: µ in UTF-8 is two bytes, which PowerShell reads by the code page (┬╡, 碌, ﾂｵ)."""
ANY_DURATION = rf"(?:0s|\d+(?:\.\d+)?(?:ns|{_MICRO}|ms)|(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?s)"


def simple_duration_ns(text: pl.Expr) -> pl.Expr:
    """Turn durations of one number and one unit into nanoseconds.

    Args:
        text: String column of what matches SIMPLE_DURATION: "847.2µs", "  12.3ms", "59.999999999s".

    Returns:
        Int64 column of the same length. ns; null where there is no number.

    Source: Go's time.Duration.String; below one minute it prints one unit and up to nine decimals, which a double
    holds exactly enough to be rounded to the nanosecond.
    """
    unit_ns = pl.when(text.str.ends_with("ms")).then(pl.lit(1e6)).when(text.str.ends_with("µs")).then(pl.lit(1e3)).otherwise(pl.lit(1e9))
    number = text.str.strip_chars(" msµ").cast(pl.Float64, strict=False)
    return (number * unit_ns).round().cast(pl.Int64, strict=False)


def go_duration_ns(text: pl.Expr) -> pl.Expr:
    """Turn any duration as Go prints it into nanoseconds.

    Args:
        text: String column: also "1m10s", "4h15m37s", "100h0m0s".

    Returns:
        Int64 column of the same length. ns; null where the text is no duration ("1.158472m" is none).
    """
    parts = text.str.extract_groups(r"^ *(?:([0-9]+)h)?(?:([0-9]+)m)?([0-9]+)(?:\.([0-9]{1,9}))?s$")
    hours, minutes, seconds, fraction = (parts.struct.field(str(number)) for number in range(1, 5))
    whole_s = (
        pl.when(hours.str.len_bytes() <= 5).then(hours).otherwise(pl.when(hours.is_null()).then(pl.lit("0"))).cast(pl.Int64, strict=False)
        * 3600
        + minutes.cast(pl.Int64, strict=False).fill_null(0) * 60
        + seconds.cast(pl.Int64, strict=False)
    )
    fraction_ns = fraction.fill_null("0").str.pad_end(9, "0").cast(pl.Int64, strict=False)
    compound_ns = whole_s * 1_000_000_000 + fraction_ns
    micro = text.str.replace(rf"{_MICRO}$", "µs")
    nanos = text.str.extract(r"^ *([0-9]+)ns$").cast(pl.Int64, strict=False)
    return pl.when(micro.str.contains(SIMPLE_DURATION)).then(simple_duration_ns(micro)).otherwise(pl.coalesce(nanos, compound_ns))


def resolution_ns(text: pl.Expr) -> pl.Expr:
    """The step that a printed duration is cut to: whole seconds above a minute, else the last decimal of its unit.

    Go drops trailing zeros, so the step is that of the unit's nanosecond: 1 ns below a minute.

    Args:
        text: String column of durations as Go prints them.

    Returns:
        Int64 column of the same length. ns.
    """
    return pl.when(text.str.contains(r"m[0-9]+s$")).then(pl.lit(1_000_000_000)).otherwise(pl.lit(1)).cast(pl.Int64)
