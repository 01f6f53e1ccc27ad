"""Join continuation lines to their head: a line that no format owns belongs to the many-line record that is open before it."""

from __future__ import annotations

import polars as pl


def continuations(unowned: pl.Series, between: pl.Series, opens: pl.Series, line_count: int, *, is_open: bool) -> tuple[pl.Series, bool]:
    """Which unowned lines continue a record.

    A record of many lines (a crash dump, a template) stays open over lines that no format owns and blank ones; any other
    line closes it, unless that opens one itself.

    Args:
        unowned: numbers of the lines that no format owns, ascending.
        between: numbers of the lines that can stand within a record (blank ones), ascending.
        opens: numbers of the lines that open a record (dump lines, too), ascending.
        line_count: lines of the block.
        is_open: whether a record was open at the end of the block before.

    Returns:
        A mask over `unowned`, and whether a record is open at the end of this block.
    """
    neutral = pl.concat([unowned, between]).sort().cast(pl.Int64)
    frame = pl.DataFrame({"line": neutral}).with_row_index("rank").with_columns(pl.col("rank").cast(pl.Int64))
    openers = pl.DataFrame({"line": pl.concat([pl.Series("line", [-1] if is_open else [], dtype=pl.Int64), opens.cast(pl.Int64)])})
    openers = openers.unique().sort("line").with_columns(pl.col("line").alias("opener"))
    frame = frame.join_asof(openers, on="line", strategy="backward")
    before = frame.select("line", pl.col("rank").alias("before")).rename({"line": "opener"})
    frame = frame.join_asof(before, on="opener", strategy="backward").with_columns(pl.col("before").fill_null(-1))
    # every line between the opener and this one is neutral when their numbers and their ranks differ by as much
    frame = frame.with_columns(
        (pl.col("line") - pl.col("opener") == pl.col("rank") - pl.col("before")).fill_null(value=False).alias("continues")
    )
    mask = pl.DataFrame({"line": unowned.cast(pl.Int64)}).join(frame, on="line", how="left", maintain_order="left")["continues"]
    return mask.fill_null(value=False), _stays_open(frame, openers["line"], line_count)


def _stays_open(frame: pl.DataFrame, openers: pl.Series, line_count: int) -> bool:
    if openers.len() and int(openers[-1]) == line_count - 1:
        return True
    if frame.height == 0 or int(frame["line"][-1]) != line_count - 1:
        return bool(line_count == 0 and openers.len())
    return bool(frame["continues"][-1])
