"""Run as a program: append access lines to a log at a steady rate, then say when which byte was written.

Command: python -m tests.bench.stamping LOG LINES_PER_SECOND SECONDS STAMPS

STAMPS becomes a file of pairs of 64-bit numbers: length of the log in bytes, nanoseconds of the system's clock when it had it.
"""

from __future__ import annotations

import array
import os
import sys
import threading
import time
from pathlib import Path

TICK_S = 0.002


def access_line(number: int) -> bytes:
    """A request of today, by the clock; the number is its latency."""
    clock = time.strftime("%Y/%m/%d - %H:%M:%S", time.gmtime())
    return f'[GIN] {clock} | 200 | {number % 10**9:>11}ns |       127.0.0.1 | POST     "/api/chat"\n'.encode()


def main(log: str, rate: str, seconds: str, stamps: str) -> None:
    """Write as many lines at every tick as the rate asks for, each tick in one go."""
    lines_per_s, ends_s = float(rate), float(seconds)
    pause, told, number, length_bytes = threading.Event(), array.array("q"), 0, 0
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    began_s = time.perf_counter()
    while (now_s := time.perf_counter() - began_s) < ends_s:
        due = int(now_s * lines_per_s)
        if due > number:
            length_bytes += os.write(file, b"".join(map(access_line, range(number, due))) if due - number < 50 else _many(number, due))
            told.extend((length_bytes, time.time_ns()))
            number = due
        pause.wait(TICK_S)
    Path(stamps).write_bytes(told.tobytes())


def _many(first: int, last: int) -> bytes:
    """The same with the time asked for once."""
    line = access_line(first)
    head, tail = line[: line.index(b"ns |") - 11], line[line.index(b"ns |") :]
    return b"".join(head + b"%11d" % (number % 10**9) + tail for number in range(first, last))


if __name__ == "__main__":
    main(*sys.argv[1:])
