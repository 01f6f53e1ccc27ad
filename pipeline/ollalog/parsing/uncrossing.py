"""Runs that end shortly after one another, and their requests: first out, first logged.

The nearest run is that of the last to end: where several end before the access lines of any of them, each would get the run of another.
Pairs that cross, a later run for an earlier access line, are uncrossed where both still can be, and times do not speak against it: what a
request took beyond its run is mostly little. Pairs wait until all requests near theirs are decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log

import polars as pl

CHOSEN_SCHEMA = {
    "line": pl.Int64(),
    "source": pl.Int64(),
    "byte_offset": pl.Int64(),
    "happened_at": pl.Datetime("us", "UTC"),
    "longest_ns": pl.Int64(),
    "run_line": pl.Int64(),
    "run_source": pl.Int64(),
    "run_offset": pl.Int64(),
    "total_ns": pl.Int64(),
}
_RUN = ("run_line", "run_source", "run_offset", "total_ns")
_NEAR_LINES = 10
"""Access lines no farther apart can be in the wrong order."""
_MOST = 64
"""Pairs that are looked at together."""
_TYPICAL_NS = 5_000_000
"""What a request takes beyond its run where nothing holds it up."""
_DOUBT = log(2)
"""By how much less likely an uncrossed order may be by its times."""


def uncross(chosen: pl.DataFrame, decided_line: int | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Uncross the pairs whose neighbours are known.

    Args:
        chosen: pairs that are chosen and not settled, CHOSEN_SCHEMA.
        decided_line: all requests on lines before it have their run or never will; None: all requests.

    Returns:
        The pairs that are settled by that, and those that wait on; CHOSEN_SCHEMA, in order of `line`.
    """
    chosen = chosen.sort("line")
    lines = chosen["line"].to_list()
    known = len(lines) if decided_line is None else sum(line < decided_line for line in lines)
    order = list(range(len(lines)))
    settled = 0
    for first, end in _lots(lines[:known]):
        is_closed = decided_line is None or end < known or end - first == _MOST or lines[end - 1] + _NEAR_LINES < decided_line
        if not is_closed:
            break
        settled = end
        if end - first > 1:
            order[first:end] = _uncrossed(chosen.slice(first, end - first), first)
    runs = chosen.select(_RUN)[order] if order != list(range(len(order))) else chosen.select(_RUN)
    chosen = chosen.with_columns(runs.get_columns())
    return chosen.head(settled), chosen.slice(settled)


def _lots(lines: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Stretches of lines that are near each other, as first and end."""
    first = 0
    for place in range(1, len(lines) + 1):
        if place == len(lines) or lines[place] - lines[place - 1] > _NEAR_LINES or place - first == _MOST:
            yield first, place
            first = place


def _uncrossed(lot: pl.DataFrame, first: int) -> list[int]:
    """Whose run each pair of a lot gets; places count from `first`."""
    longest, totals, run_lines = (lot[name].to_list() for name in ("longest_ns", "total_ns", "run_line"))
    order = list(range(lot.height))
    is_new = True
    while is_new:
        is_new = False
        for one in range(len(order)):
            for other in range(one + 1, len(order)):
                run, later = order[other], order[one]
                if run_lines[run] < run_lines[later] and _can_swap(longest[one], longest[other], totals[later], totals[run]):
                    order[one], order[other] = run, later
                    is_new = True
    return [first + place for place in order]


def _can_swap(longest_ns: int, other_longest_ns: int, total_ns: int, other_total_ns: int) -> bool:
    """Whether a request and another can have each other's run."""
    if other_total_ns > longest_ns or total_ns > other_longest_ns:
        return False
    now = _rarity(longest_ns - total_ns) + _rarity(other_longest_ns - other_total_ns)
    return _rarity(longest_ns - other_total_ns) + _rarity(other_longest_ns - total_ns) - now <= _DOUBT


def _rarity(rest_ns: int) -> float:
    return log(rest_ns + _TYPICAL_NS)
