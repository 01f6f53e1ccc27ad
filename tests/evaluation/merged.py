"""Recorded sessions merged by time into one log: more lanes, and more servers, than were recorded.

A log tells the time of access lines alone, to the second; the clients noted when each of their requests ended. An access line stands at
that time, the lines with which its run ends just before it, and others in between.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from tests.evaluation.recorded import Asked, Session

MERGES = {
    "two servers of four lanes": ("new_04_parallel4_smallcache",) * 2,
    "three servers of four lanes": ("new_04_parallel4_smallcache",) * 3,
    "four servers": ("new_07_tz_newyork", "new_07_tz_newyork", "new_02_debug", "new_01_basic"),
}
_ENDS = (b"print_timing", b"release:", b"all slots are idle", b"conv_id")
_BEFORE_S = 0.0015
_JITTER_S = 0.0008
_APART_S = 5.0


def merged(name: str, sessions: Sequence[Session], seed: int) -> Session:
    """One session of several, that begin within a few seconds of each other."""
    rnd = random.Random(seed)  # noqa: S311 - a seed, not a secret
    placed: list[tuple[float, int, int, bytes]] = []
    for number, one in enumerate(sessions):
        time, begin = 0.0, rnd.uniform(0, _APART_S)
        for line, (at, text) in enumerate(zip(_times(one), one.data.split(b"\n"), strict=False), start=1):
            time = max(time, begin + at + rnd.uniform(0, _JITTER_S))
            placed.append((time, number, line, text))
    placed.sort()
    lines = {(number, line): place for place, (_, number, line, _) in enumerate(placed, start=1)}
    asked = [_moved(one, number, lines) for number, session in enumerate(sessions) for one in session.asked]
    texts = [text for *_, text in placed]
    starts = accumulate((len(text) + 1 for text in texts), initial=0)
    return Session(name, b"".join(text + b"\n" for text in texts), tuple(asked), tuple(starts))


def _moved(asked: Asked, number: int, lines: dict[tuple[int, int], int]) -> Asked:
    total_line = None if asked.total_line is None else lines[number, asked.total_line]
    return replace(asked, gin_line=lines[number, asked.gin_line], total_line=total_line)


def _times(session: Session) -> list[float]:
    """When each line was written, in seconds."""
    texts = session.data.split(b"\n")[:-1]
    times: list[float] = []
    last = 0.0
    for gin_line, ended_s in sorted((one.gin_line, one.ended_s) for one in session.asked if one.ended_s is not None):
        ended = max(last, ended_s)
        first_end = gin_line - 1
        while first_end > len(times) and any(word in texts[first_end - 1] for word in _ENDS):
            first_end -= 1
        before = max(last, ended - _BEFORE_S)
        count = first_end - len(times)
        times += [last + (before - last) * (place + 1) / (count + 1) for place in range(count)]
        times += [before] * (gin_line - 1 - len(times))
        times.append(ended)
        last = ended
    return [*times, *([last] * (len(texts) - len(times)))]
