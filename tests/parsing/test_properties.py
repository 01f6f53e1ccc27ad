"""Whatever the bytes and wherever they are cut: the same rows, fates and state; never an exception."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.parsing.reading import context, read_file, read_pieces
from tests.parsing.test_formats import CASES, content

LINE_LIMIT_BYTES = 2000


def corpus() -> list[bytes]:
    """Every line of every case: all shapes that there are."""
    cases = (tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(CASES.glob("*/*.toml")))
    lines = {line for case in cases for line in content({**case, "encoding": "utf-8"}).split(b"\n")}
    return sorted(line for line in lines if len(line) < LINE_LIMIT_BYTES)


LINES = corpus()
# what opens, tears, closes or continues something: these decide what blocks must remember
OPENERS = (b"slot ", b"\t", b"panic", b"time=", b"srv", b"goroutine", b"20")
TELLING = [line for line in LINES if line.startswith(OPENERS) or b"print_timings" in line]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A line cut off, torn by another, or with bytes put into it."""
    line, other = draw(st.sampled_from(LINES)), draw(st.sampled_from(LINES))
    at = draw(st.integers(0, len(line)))
    middle = draw(st.sampled_from([b"", other, b"\0", b"\xff", b"\r", "µ€".encode(), b'"', b"\\", b"9" * 30, b"{", b"\x1b[0m", b" | "]))
    return line[:at] + middle + (line[at:] if draw(st.booleans()) else b"")


PLAIN_LINES = st.one_of(st.sampled_from(LINES), st.sampled_from(TELLING))
ANY_LINES = st.one_of(PLAIN_LINES, PLAIN_LINES, damaged(), st.binary(max_size=40))
LOGS = st.builds(lambda lines, end: b"\n".join(lines) + end, st.lists(ANY_LINES, max_size=30), st.sampled_from([b"", b"\n"]))
GIVEN = context("+02:00")


@settings(deadline=None, max_examples=60)
@given(data=LOGS, places=st.lists(st.floats(0, 1), max_size=4))
def test_splitting_the_input_anywhere_gives_the_same_rows_fates_and_state(data: bytes, places: list[float]) -> None:
    """DESIGN §4: parsing a file in one block or in a thousand gives identical rows."""
    stops = [round(place * len(data)) for place in places]
    whole, pieces = read_pieces(data, [], GIVEN), read_pieces(data, stops, GIVEN)
    assert pieces.fates == whole.fates
    assert pieces.noise == whole.noise
    assert pieces.state.to_json() == whole.state.to_json()
    assert set(pieces.tables) == set(whole.tables)
    for table, frame in whole.tables.items():
        assert_frame_equal(pieces.tables[table], frame)


@settings(deadline=None, max_examples=12)
@given(st.lists(ANY_LINES, min_size=2, max_size=12).map(b"\n".join))
def test_line_by_line_gives_the_same_rows_as_all_at_once(data: bytes) -> None:
    """The state between blocks holds all that later lines need."""
    stops = [index + 1 for index, byte in enumerate(data) if byte == ord("\n")]
    whole, single = read_pieces(data, [], GIVEN), read_pieces(data, stops, GIVEN)
    assert single.fates == whole.fates
    for table, frame in whole.tables.items():
        assert_frame_equal(single.tables[table], frame)


@settings(deadline=None, max_examples=40)
@given(st.one_of(st.binary(max_size=400), LOGS))
@example(b"\xff\xfe[\0G\0")
@example(b"\x1f\x8b\x08")
@example(b"\0")
def test_any_bytes_are_accounted_for_line_by_line(data: bytes) -> None:
    """R3, DESIGN §4: every line has exactly one fate (`read_blocks` asserts it), and nothing raises."""
    whole = read_pieces(data, [], context())
    assert sum(whole.fates.values()) == whole.lines
    stored = sum(frame.height for table, frame in whole.tables.items() if table not in ("rejects", "pairs"))  # a pair is of two lines
    assert stored == whole.fates["row"]
    assert (whole.tables["rejects"].height if "rejects" in whole.tables else 0) == whole.fates["rejected"]


@settings(deadline=None, max_examples=12)
@given(LOGS.filter(lambda data: data and not data.startswith((b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"))))
def test_a_file_gives_the_same_rows_as_its_bytes(data: bytes) -> None:
    """Reading through `sources` adds nothing and loses nothing."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "server.log"
        path.write_bytes(data)
        through_file = read_file(path, GIVEN, final=True)
    direct = read_pieces(data, [], GIVEN)
    assert set(through_file.tables) == set(direct.tables)
    for table, frame in direct.tables.items():
        assert_frame_equal(through_file.tables[table], frame)


def go_quoted(text: str) -> str:
    """Text as Go's strconv.Quote prints it, near enough: what does not print is escaped."""
    plain = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    return "".join(plain.get(sign, sign if sign.isprintable() else f"\\U{ord(sign):08x}") for sign in text)


@st.composite
def access_lines(draw: st.DrawFn) -> str:
    status = draw(st.integers(100, 599))
    latency = draw(st.sampled_from(["0s", "958ns", "16.52µs", "720.9988ms", "59.999999999s", "1m12s", "4h15m37s", "100h0m0s"]))
    client = draw(st.sampled_from(["127.0.0.1", "::1", "", "2001:0db8:1111:2222:3333:4444:5555:6666"]))
    method = draw(st.sampled_from(["GET", "POST", "OPTIONS", "X-CUSTOM-METHOD"]))
    path = draw(st.one_of(st.sampled_from(["/api/chat", "/a | b", "/[GIN] 2026/01/01 - 00:00:00 | 200 |", "/x?y=z"]), st.text(max_size=20)))
    return f'[GIN] 2026/06/21 - 18:00:00 | {status:3d} | {latency:>13} | {client:>15} | {method:<7}  "{go_quoted(path)}"'


STAMP = "2026-06-21T16:00:00.123456789Z"
WRAPPINGS: dict[str, Callable[[str], str]] = {
    "compose": lambda line: f"ollama-1  | {line}",
    "cri": lambda line: f"{STAMP} stdout F {line}",
    "docker_json": lambda line: json.dumps({"log": f"{line}\n", "stream": "stdout", "time": STAMP}),
    "docker_timestamps": lambda line: f"{STAMP} {line}",
    "journal_export": lambda line: f"MESSAGE={line}",
    "journal_json": lambda line: json.dumps({"__REALTIME_TIMESTAMP": "1782057600123456", "MESSAGE": line}),
    "journal_json_bytes": lambda line: json.dumps({"__REALTIME_TIMESTAMP": "1782057600123456", "MESSAGE": list(line.encode())}),
    "journald": lambda line: f"8月 01 21:04:16 hosta ollama[5398]: {line}",
    "pod_prefix": lambda line: f"[pod/ollama-0/ollama] {line}",
    "quoted": lambda line: f"> {line}",
    "supervisor": lambda line: f"[2024-12-05 04:25:01] [stdout] {line}",
    "torn": lambda line: f"srv        update:    - prompt 0x56248de98e60:     140 tokens, checkpoin{line}",
    "carriage_return": lambda line: f"{line}\r",
    "nul_hole": lambda line: "\0" * 99 + line,
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@settings(deadline=None, max_examples=6)
@given(lines=st.lists(access_lines(), min_size=1, max_size=5))
def test_an_access_line_gives_the_same_row_in_any_envelope(wrapping: str, lines: list[str]) -> None:
    """DESIGN §4: envelopes say nothing that the access line itself says."""
    wrapped = read_pieces("".join(f"{WRAPPINGS[wrapping](line)}\n" for line in lines).encode(), [], GIVEN)
    bare = read_pieces("".join(f"{line}\n" for line in lines).encode(), [], GIVEN)
    assert bare.fates["row"] == len(lines)
    assert_frame_equal(wrapped.tables["requests"].drop("byte_offset"), bare.tables["requests"].drop("byte_offset"))
