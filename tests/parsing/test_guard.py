"""R3: whatever a parser does to one line, every other line is read."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from ollalog.core.batch import Block
from ollalog.parsing import ParsedBatch, ParserState, parse, saying, settle
from ollalog.parsing.format import Extract, Format
from ollalog.parsing.guard import guarded, reason
from ollalog.parsing.route import all_formats
from ollalog.sources import cut
from tests.parsing.reading import context

SLOG = 'time=2026-06-21T18:00:00.000Z level=INFO source=x.go:1 msg="model loaded" size=3\n'


def fragile(extract: Callable[[pl.DataFrame], Extract]) -> Format:
    """A format that owns lines beginning with "fragile", before any other is asked."""
    return Format("fragile", -1, lambda text: text.str.starts_with("fragile"), extract, ("fragile",))


def failing(fault: BaseException) -> Callable[[pl.DataFrame], Extract]:
    """Says what lines say, and raises on one of them."""

    def extract(lines: pl.DataFrame) -> Extract:
        if (lines["text"] == "fragile 3").any():
            raise fault
        return Extract(said=saying.of_texts(lines, "INFO"))

    return extract


def parsed_by(known: Format, text: str) -> ParsedBatch:
    data = text.encode()
    return parse(cut(Block(source=1, start=0, end=len(data), data=data)), formats=(known, *all_formats()))


FAULTS = [ValueError("no such\nnumber"), pl.exceptions.PanicException("index out of bounds"), RecursionError()]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_line_that_its_format_fails_on_is_rejected_and_all_others_are_read(fault: BaseException) -> None:
    text = SLOG + "".join(f"fragile {number}\n" for number in range(9)) + SLOG
    parsed = parsed_by(fragile(failing(fault)), text)
    settled = settle(parsed, ParserState(), context())

    assert settled.fates == {"row": 10, "folded": 0, "noise": 0, "rejected": 1, "held": 0}
    assert settled.tables["server_events"]["message"].to_list()[1:-1] == [f"fragile {number}" for number in range(9) if number != 3]
    (reject,) = settled.tables["rejects"].iter_rows(named=True)
    assert (reject["format"], reject["text"], reject["byte_offset"]) == ("fragile", "fragile 3", len(SLOG) + 3 * len("fragile 0\n"))
    assert reject["reason"] == reason(fault)
    assert "\n" not in reject["reason"]


def test_a_line_whose_meaning_cannot_be_told_is_rejected_and_all_others_are_read() -> None:
    def misspelt(lines: pl.DataFrame) -> Extract:
        return Extract(said=saying.of_texts(lines, "INFO").with_columns(pl.lit(1).alias("tail")))

    parsed = parsed_by(fragile(misspelt), "fragile 1\nfragile 2\n")
    settled = settle(parsed, ParserState(), context())
    assert settled.fates["rejected"] == 2
    assert settled.tables["rejects"]["format"].to_list() == ["fragile", "fragile"]
    assert settled.tables["rejects"]["text"].to_list() == ["fragile 1", "fragile 2"]


def test_out_of_memory_is_no_line_s_fault() -> None:
    with pytest.raises(MemoryError):
        parsed_by(fragile(failing(MemoryError())), "fragile 1\nfragile 2\nfragile 3\n")


def test_lines_are_halved_no_further_than_the_fault() -> None:
    def read(lines: pl.DataFrame) -> list[int]:
        if 5 in lines["line"]:
            raise ValueError
        return lines["line"].to_list()

    pieces = guarded(read, pl.DataFrame({"line": range(16)}), lambda line, _why: [-line["line"][0]])
    assert list(pieces) == [[0, 1, 2, 3], [4], [-5], [6, 7], list(range(8, 16))]
