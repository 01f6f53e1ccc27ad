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
    openers = pl.concat([pl.Series("line", [-1] if is_open else [], dtype=pl.Int64), opens.cast(pl.Int64)])
    if openers.is_empty():
        return pl.repeat(value=False, n=unowned.len(), eager=True), False
    neutral = pl.concat([unowned, between]).sort().cast(pl.Int64)
    # every line between the last opener before and this one is neutral when their numbers and their ranks differ by as much
    place = openers.search_sorted(neutral, side="right").cast(pl.Int64) - 1
    opener = openers.gather(place.clip(0))
    first = neutral.search_sorted(opener, side="right").cast(pl.Int64)
    rank = pl.int_range(1, neutral.len() + 1, eager=True)
    continues = (place >= 0) & (neutral - opener == rank - first)
    mask = continues.gather(neutral.search_sorted(unowned.cast(pl.Int64)))
    is_last_neutral = neutral.len() > 0 and neutral[-1] == line_count - 1
    return mask, bool(openers[-1] == line_count - 1 or (is_last_neutral and continues[-1]))
