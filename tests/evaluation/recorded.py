"""Recorded sessions of real servers, and what every request in them truly was.

`sessions/<name>.log.gz` is a server's whole log; `sessions/<name>.truth.jsonl.gz` has an object for each access line of a generation
that was answered with 200, told by the clients that asked: `gin_line`, and of its run `total_line` (both counted from 1; null where
none is known), `prompt_tokens` and `generated_tokens`; `model` as asked for; `aborted`, whether the client went away before its end;
`ended_s`, when the client had the whole answer, in seconds from the first of its session.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

FOLDER = Path(__file__).parent / "sessions"


@dataclass(frozen=True)
class Asked:
    """One request: its access line, what it asked for, and what came of it."""

    gin_line: int
    total_line: int | None
    model: str | None
    prompt_tokens: int | None
    generated_tokens: int | None
    aborted: bool
    ended_s: float | None


@dataclass(frozen=True)
class Session:
    """One recorded log with its truth; `starts` has the byte offset of every line."""

    name: str
    data: bytes
    asked: tuple[Asked, ...]
    starts: tuple[int, ...]

    def offset(self, line: int) -> int:
        """Where a line counted from 1 begins."""
        return self.starts[line - 1]


def names() -> list[str]:
    """The sessions that there are."""
    return sorted(path.name.removesuffix(".log.gz") for path in FOLDER.glob("*.log.gz"))


@cache
def session(name: str) -> Session:
    """Read a session."""
    data = gzip.decompress((FOLDER / f"{name}.log.gz").read_bytes())
    truth = gzip.decompress((FOLDER / f"{name}.truth.jsonl.gz").read_bytes())
    starts = accumulate((len(line) + 1 for line in data.split(b"\n")), initial=0)
    return Session(name, data, tuple(Asked(**json.loads(line)) for line in truth.splitlines()), tuple(starts))
