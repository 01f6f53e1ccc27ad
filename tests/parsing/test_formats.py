"""Every case below tests/cases/formats: lines in, all rows out.

A case is a TOML file `<format or envelope or theme>/<case>.toml`: `why`; `lines` (texts), or `bytes` (one character per
byte), or `slice` (text as it stands); `newline` ("\\n"), `encoding` ("utf-8"), `open_end` (the last line lacks its newline), `final`;
`timezone` as `ingest --timezone` takes it, `machine` (zone of the machine, UTC), `hash_clients`. What comes of it, complete: `[fates]`
(those that are not 0), `[noise]` (kinds), `[[requests]]`, `[[inferences]]`, `[[server_events]]`, `[[rejects]]`: all columns that are
not null, less batch, source, host and read_at.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ollalog.core.tables import TABLES
from ollalog.parsing.envelope import Envelope
from ollalog.parsing.format import LINE_SCHEMA, Format
from ollalog.parsing.route import all_envelopes, all_formats
from tests.parsing.reading import Outcome, context, read_file

CASES = Path(__file__).parent.parent / "cases" / "formats"
INPUT = {"lines", "bytes", "slice"}
OPTIONS = {"newline", "encoding", "open_end", "final", "timezone", "machine", "hash_clients"}
KEYS = {"why", "fates", "noise", *INPUT, *OPTIONS, *TABLES}
MARK = "\n[fates]\n"


@pytest.mark.parametrize("path", sorted(CASES.glob("*/*.toml")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_lines_become_the_rows_of_their_case(path: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    assert case.get("why"), "a case says what it shows"
    assert set(case) <= KEYS, "no key is mistyped"
    log = tmp_path / "server.log"
    log.write_bytes(content(case))
    given = context(case.get("timezone"), case.get("machine"), b"key" if case.get("hash_clients") else None)

    outcome = read_file(log, given, final=case.get("final", False))

    if request.config.getoption("--update-golden"):
        rewrite(path, outcome)
        return
    assert positive(outcome.fates) == case.get("fates", {})
    assert positive(outcome.noise) == case.get("noise", {})
    for table in TABLES:
        assert [rounded(row) for row in outcome.rows(table)] == [rounded(row) for row in case.get(table, [])], table


def test_every_format_and_every_envelope_has_cases() -> None:
    names = {known.name for known in all_formats()} | {known.name for known in all_envelopes()}
    assert names <= {path.parent.name for path in CASES.glob("*/*.toml")}


@pytest.mark.parametrize("known", all_formats(), ids=lambda known: known.name)
def test_examples_of_a_format_are_owned_by_it_and_no_earlier_one(known: Format) -> None:
    assert known.examples
    texts = pl.DataFrame({"text": known.examples})
    for other in all_formats():
        owned = texts.select(other.owns(pl.col("text")))["text"].to_list()
        if other.name == known.name:
            assert all(owned), known.examples
        elif other.rank < known.rank and other.is_json == known.is_json:
            assert not any(owned), other.name


@pytest.mark.parametrize("known", all_envelopes(), ids=lambda known: known.name)
def test_examples_of_an_envelope_are_unwrapped_by_it_and_no_earlier_one(known: Envelope) -> None:
    assert known.examples
    lines = pl.DataFrame({"line": [0], "byte_offset": [0], "text": [known.examples[0]], "stamp": [None]}, schema=LINE_SCHEMA)
    lines = pl.concat([lines.with_columns(pl.lit(text).alias("text")) for text in known.examples])
    for other in all_envelopes():
        if other.rank < known.rank:
            assert not lines.select(other.owns(pl.col("text")))["text"].any(), other.name
    for format_ in all_formats():
        if not format_.is_json:
            assert not lines.select(format_.owns(pl.col("text")))["text"].any(), format_.name
    unwrapped = known.unwrap(lines)
    assert lines.select(known.owns(pl.col("text")))["text"].all()
    assert unwrapped["text"].null_count() == 0
    assert not set(unwrapped["text"]) & set(known.examples)


def test_ranks_are_distinct() -> None:
    formats = [(known.is_json, known.rank) for known in all_formats()]
    envelopes = [known.rank for known in all_envelopes()]
    assert len(set(formats)) == len(formats)
    assert len(set(envelopes)) == len(envelopes)


def content(case: Mapping[str, Any]) -> bytes:
    """The bytes of the log that a case tells."""
    if "bytes" in case:
        return str(case["bytes"]).encode("latin-1")
    newline = case.get("newline", "\n")
    text = case["slice"] if "slice" in case else "".join(f"{line}{newline}" for line in case["lines"])
    return str(text.removesuffix(newline) if case.get("open_end") else text).encode(case.get("encoding", "utf-8"))


def positive(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in sorted(counts.items()) if count}


def rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose ratios and rates have nine significant digits."""
    return {name: float(f"{value:.9g}") if isinstance(value, float) else value for name, value in row.items()}


def rewrite(path: Path, outcome: Outcome) -> None:
    """Replace what a case expects by what came; a person reads the difference."""
    given = (path.read_text(encoding="utf-8") + MARK).split(MARK, 1)[0].rstrip()
    parts = [given, table("[fates]", positive(outcome.fates))]
    if outcome.noise:
        parts.append(table("[noise]", positive(outcome.noise)))
    parts += [table(f"[[{name}]]", row) for name in TABLES for row in outcome.rows(name)]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def table(head: str, row: Mapping[str, object]) -> str:
    return "\n".join([head, *_assignments(row.items())])


def _assignments(pairs: Iterable[tuple[str, object]]) -> Iterable[str]:
    return (f"{name} = {literal(value)}" for name, value in pairs)


def literal(value: object) -> str:
    """A value as TOML writes it, texts with as few escapes as can be."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float):
        return f"{value:.9g}" if value % 1 else repr(value)
    if isinstance(value, str) and ('"' in value or "\\" in value) and "'" not in value and value.isprintable():
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
