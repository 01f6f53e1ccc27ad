"""Records that are cut at their commas give what decoding each of them gives, whatever stands between the lines of one shape."""

from __future__ import annotations

import json
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ollalog.core.batch import Block
from ollalog.parsing import record_shapes
from ollalog.parsing.format import LINE_SCHEMA
from ollalog.parsing.parse import ParsedBatch, parse
from ollalog.parsing.record_names import NUMBERS, RAW_SCHEMA, TIMES
from ollalog.parsing.route import all_formats
from ollalog.sources import cut

DECODED = tuple(replace(known, extract_alike=None) for known in all_formats())
NAMES = st.one_of(
    st.sampled_from(
        ["total_latency_ms", "eval_duration_ms", "prompt_tokens", "generated_tokens", "success", "error", "timestamp", "operation"]
    ),
    st.sampled_from([name for aliases in NUMBERS.values() for name, _ in aliases]),
    st.sampled_from(sorted(RAW_SCHEMA)),
    st.sampled_from(["request_id", "streaming", "a.b", "x-y", "line", "text", "byte_offset", "stamp", "done"]),
)
ODD_NAMES = NAMES | st.sampled_from(["log", "MESSAGE", "größe", "", 'quo"te', "0", "model", "Model"])
NUMBER_TEXTS = st.one_of(
    st.floats(0, 1e6).map(repr),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(0, 10**6).map(str),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(["0", "-0", "00", "05", "007.5", "0.0", "-1", "+1", ".5", "5.", "5.e3", "5.E-3", "1e5", "1E+5", "1e-400", "1e400"]),
    st.sampled_from(["1_0", "1.5.5", "0x10", "1d", "٣", "1٣", "1.٣", "NaN", "Infinity", "-Infinity", "nan", "inf"]),
    st.sampled_from(["4611686018427387903", "4611686018427387904", "9007199254740993", "18446744073709551616"]),
)
PLAIN_TEXTS = st.sampled_from(
    ["llama3.1:8b", "chat", "timeout after 30 s", "", "é", "a.exe", "x.e5", "v0.", "null", "true", "5", "/api/chat", "EMBEDDING"]
)
ODD_TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["a, b", 'say "x"', "a\\b", "[GIN] 2026", "{", "}", "\x7f", "\u2028", "\x00", "tab\t", '"model": "y"']),
)
TIME_TEXTS = st.one_of(
    st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
    st.datetimes().map(lambda at: f"{at.isoformat(timespec='milliseconds')}Z"),
    st.sampled_from(["2026-06-21T18:00:00Z", "2026-06-21T18:00:00.123456789Z", "2026-06-21 18:00:00.5", "2026-06-21T18:00:00.25+02:00"]),
    st.sampled_from(
        [
            "2026-06-21T18:00:00.12345 Z",
            "2026-06-21T18:00:00.+12345Z",
            "2026-06-21T18:00:60.500000Z",
            "1782064800",
            "9999-12-31T23:59:59.000000Z",
        ]
    ),
)
ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ODD_TEXTS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(ODD_TEXTS, inner, max_size=2),
)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def usual(name: str) -> st.SearchStrategy[str]:
    """The text of a value as programs write it for this name, or null."""
    if name in TIMES:
        return TIME_TEXTS.map(quoted) | st.integers(1_782_064_800, 1_782_064_900).map(str) | st.floats(1.7e9, 1.8e9).map(repr)
    if RAW_SCHEMA.get(name) == pl.Float64():
        return st.floats(0, 1e6).map(repr) | st.integers(0, 10**6).map(str) | st.just("null")
    if RAW_SCHEMA.get(name) == pl.Boolean():
        return st.sampled_from(["true", "false", "null"])
    return PLAIN_TEXTS.map(quoted) if name == "model" else PLAIN_TEXTS.map(quoted) | st.just("null")


ODD_VALUES = st.one_of(
    NUMBER_TEXTS,
    NUMBER_TEXTS.map(lambda text: f'"{text}"'),
    ODD_TEXTS.map(quoted),
    ODD_TEXTS.map(json.dumps),
    ODD_TEXTS.map(lambda text: f'"{text}"'),
    ANY_JSON.map(json.dumps),
    TIME_TEXTS.map(quoted),
    st.sampled_from(
        [
            "null",
            "true",
            "false",
            "True",
            "nul",
            "",
            " ",
            '"',
            '""',
            '"\\ud800"',
            '"\\u00e9"',
            " 5",
            "5 ",
            '"x" ',
            "5}",
            "[1]",
            '{"a": 1}',
            '"a" "b"',
        ]
    ),
)


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    """Records of one shape, some of them odd in a value, a name, the order, or what stands between them."""
    fields = ["model", *draw(st.lists(NAMES, max_size=6, unique=True).filter(lambda some: "model" not in some))]
    colon, comma = draw(st.sampled_from([(": ", ", "), (": ", ", "), (":", ","), (":", ","), (": ", ","), (" :", ", ")]))
    names = draw(st.permutations(fields))
    lines = [draw(record(names, colon, comma)) for _ in range(draw(st.integers(1, 12)))]
    return "\n".join(lines).encode("utf-8", errors="replace")


@st.composite
def record(draw: st.DrawFn, names: list[str], colon: str, comma: str) -> str:
    pairs = [(name, draw(usual(name))) for name in names]
    for _ in range(draw(st.sampled_from([0, 0, 0, 0, 0, 1, 1, 2]))):
        place = draw(st.integers(0, len(pairs) - 1))
        match draw(st.sampled_from(["value", "value", "value", "name", "more", "less", "twice", "swap", "bare"])):
            case "value":
                pairs[place] = (pairs[place][0], draw(ODD_VALUES))
            case "name":
                pairs[place] = (draw(ODD_NAMES), pairs[place][1])
            case "more":
                pairs.insert(place, (draw(ODD_NAMES), draw(ODD_VALUES)))
            case "less":
                pairs = pairs[:place] + pairs[place + 1 :] or pairs
            case "twice":
                pairs.append((pairs[place][0], draw(ODD_VALUES)))
            case "swap":
                pairs[0], pairs[place] = pairs[place], pairs[0]
            case _:
                pairs.insert(place, ("", draw(ODD_VALUES)))
    text = comma.join(f"{quoted(name)}{colon}{value}" if name else value for name, value in pairs)
    end = draw(st.sampled_from(["", "", "", "", " ", "}", ",", "\r"]))
    return ("{" + text + "}" + end).replace("\n", " ")


def read(data: bytes, *, decoded: bool) -> ParsedBatch:
    return parse(cut(Block(source=1, start=0, end=len(data), data=data)), formats=DECODED if decoded else None)


@settings(deadline=None, max_examples=100)
@given(logs())
@example(b'{"model":"x","load_ms":1}\n{"model":"x",5}')
@example(b'{"model": "x.e5", "load_ms": 5.0}\n{"model": "x", "load_ms": 5.}')
@example(b'{"model":"x","log":"y"}')
@example(b'{"model":"MESSAGE","load_ms":1}\n{"model":"x","load_ms":1}')
@example(
    b'{"model":"x","input_tokens":668,"prompt_eval_seconds":412017.20234803116}\n' * 2
    + b'{"model":"x","input_tokens":668,"prompt_eval_seconds":412017.20234803116} '
)
@example(b'{"a":1,{"model":"x"}\n{"a":1,{"model":"x"}')
def test_cutting_records_gives_what_decoding_them_gives(data: bytes) -> None:
    shaped, decoded = read(data, decoded=False), read(data, decoded=True)
    assert shaped.noise == decoded.noise
    for name in ("rejected", "unowned"):
        assert_frame_equal(getattr(shaped, name).sort("line"), getattr(decoded, name).sort("line"))
    assert (shaped.inferences is None) == (decoded.inferences is None)
    if shaped.inferences is not None and decoded.inferences is not None:
        assert_frame_equal(shaped.inferences, decoded.inferences, check_exact=True)


RECORD = (
    '{{"model": "llama3.1:8b", "operation": "chat", "timestamp": "2026-06-21T18:00:00.{:06}Z", "total_latency_ms": {}.5, "success": true}}'
)
BAD = {
    "torn": '{"model": "llama3.1:8b", "operation": "ch',
    "negative": RECORD.format(1, 7).replace("7.5", "-7.5"),
    "not a number": RECORD.format(1, 7).replace("7.5", "NaN"),
    "without a model": RECORD.format(1, 7).replace('"llama3.1:8b"', "null"),
    "no digit behind the point": RECORD.format(1, 7).replace("7.5", "7."),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_line_among_many_is_the_only_one_that_is_read_with_care(bad: str) -> None:
    """P2: found among the others at the cost of one column, not of the block."""
    texts = [RECORD.format(number, number) for number in range(5000)]
    texts.insert(1234, bad)
    lines = pl.DataFrame({"text": texts}).with_row_index("line").with_columns(byte_offset=pl.col("line").cast(pl.Int64), stamp=pl.lit(None))
    shaped, rest = record_shapes.alike(lines.select(pl.col(name).cast(kind) for name, kind in LINE_SCHEMA.items()))
    assert [frame.height for frame in shaped] == [5000]
    assert rest["text"].to_list() == [bad]


def test_records_of_a_few_shapes_are_all_cut() -> None:
    failure = '{"model": "llama3.1:8b", "error": "timeout after 30 s", "success": false}'
    texts = [failure if number % 50 == 0 else RECORD.format(number, number) for number in range(5000)]
    lines = pl.DataFrame({"text": texts}).with_row_index("line").with_columns(byte_offset=pl.col("line").cast(pl.Int64), stamp=pl.lit(None))
    shaped, rest = record_shapes.alike(lines.select(pl.col(name).cast(kind) for name, kind in LINE_SCHEMA.items()))
    assert [frame.height for frame in shaped] == [4900, 100]
    assert rest.height == 0
