"""Docker and Kubernetes cut long lines into several records: together they are one line."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.parsing.reading import Outcome, context, read_pieces

RECORD_CHARACTERS = 16 << 10
STAMP = "2026-06-21T16:00:00.123456789Z"
LONG = f'time=2026-06-21T18:00:00.123Z level=WARN source=x.go:1 msg="prompt sent" prompt="{"a b " * 12_000}"\n'
ACCESS = '[GIN] 2026/06/21 - 18:00:01 | 200 |          1.5s |       127.0.0.1 | POST     "/api/chat"\n'


def docker(text: str, stream: str = "stderr") -> str:
    return json.dumps({"log": text, "stream": stream, "time": STAMP})


def cri(text: str, stream: str = "stderr") -> str:
    return f"{STAMP} {stream} {'F' if text.endswith(chr(10)) else 'P'} {text.rstrip()}"


def parts(text: str) -> list[str]:
    return [text[at : at + RECORD_CHARACTERS] for at in range(0, len(text), RECORD_CHARACTERS)]


def read(lines: list[str], *, one_by_one: bool) -> Outcome:
    data = "".join(f"{line}\n" for line in lines).encode()
    return read_pieces(data, [at + 1 for at, byte in enumerate(data) if byte == ord("\n")] if one_by_one else [], context("UTC"))


@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize("wrap", [docker, cri])
def test_parts_behind_the_first_are_folded_into_the_line(wrap: Callable[..., str], *, one_by_one: bool) -> None:
    outcome = read([*map(wrap, parts(LONG)), wrap(ACCESS, "stdout")], one_by_one=one_by_one)
    assert {fate: count for fate, count in outcome.fates.items() if count} == {"row": 2, "folded": 2}
    assert [row["message"] for row in outcome.rows("server_events")] == ["prompt sent"]


@pytest.mark.parametrize("wrap", [docker, cri])
def test_parts_of_a_line_that_no_format_owns_are_rejected(wrap: Callable[..., str]) -> None:
    outcome = read([*map(wrap, parts("what is this " * 3_000 + "\n")), wrap(ACCESS, "stdout")], one_by_one=False)
    assert {fate: count for fate, count in outcome.fates.items() if count} == {"row": 1, "rejected": 3}


def test_a_whole_long_line_in_one_record_opens_nothing() -> None:
    outcome = read([docker(LONG), docker("what is this\n")], one_by_one=False)
    assert {fate: count for fate, count in outcome.fates.items() if count} == {"row": 1, "rejected": 1}
