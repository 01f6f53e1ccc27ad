"""The net below the formats: a fault in reading one line must not stop the reading of all others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import polars as pl

Read = TypeVar("Read")
SHORT = 200
"""Characters of a fault's message that are kept in a reject."""


def guarded(read: Callable[[pl.DataFrame], Read], lines: pl.DataFrame, spare: Callable[[pl.DataFrame, str], Read]) -> Iterator[Read]:
    """Read lines; where that raises, in halves, down to the lines that cannot be read.

    Args:
        read: reads any number of lines, each by itself.
        lines: one row per line.
        spare: what a single line that cannot be read becomes, and why it cannot.

    Yields:
        What was read, in the order of the lines.
    """
    try:
        yield read(lines)
    except MemoryError:  # no line's fault
        raise
    except (Exception, pl.exceptions.PanicException) as fault:  # noqa: BLE001 - whatever a parser does, the next line is read
        if lines.height < 2:
            yield spare(lines, reason(fault))
            return
        half = lines.height // 2
        for part in (lines.head(half), lines.slice(half)):
            yield from guarded(read, part, spare)


def reason(fault: BaseException) -> str:
    """Why a line is rejected that a parser failed on."""
    message = f"{type(fault).__name__}: {fault}" if str(fault) else type(fault).__name__
    return f"the parser failed on this line: {message.splitlines()[0][:SHORT]}"
