"""The report's tables fit the terminal, whatever its width and whatever is in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollalog.cli import units
from ollalog.cli.charts import Charset
from ollalog.cli.report_json import as_json
from ollalog.cli.report_markdown import as_markdown
from ollalog.cli.report_model import Field, Report, Section
from ollalog.cli.report_text import as_text, columns, table

RICH = Charset(unicode=True)
WORDS = Field("model", "model", lambda value, _: units.shown(value), left=True)
NUMBER = Field("requests", "requests", lambda value, _: units.count(value))
PICTURE = Field("trend", "by hour", lambda value, charset: charset.sparkline(value), left=True, optional=True)


def section(*models: str) -> Section:
    rows = [{"model": model, "requests": 12, "trend": [1, 2, 3] * 8} for model in models]
    return Section("models", "Models", (WORDS, NUMBER, PICTURE), rows)


def report(*models: str) -> Report:
    return Report("Report", [("span", "one day")], {"requests": 1}, [section(*models)], ["a note"])


def test_words_stand_left_and_numbers_right() -> None:
    assert table(section("a:1b", "longer:70b"), RICH, 80) == [
        f"model       requests  {'by hour':<24}",
        f"a:1b              12  {'▃▆█' * 8}",
        f"longer:70b        12  {'▃▆█' * 8}",
    ]


def test_pictures_go_first_when_it_is_narrow() -> None:
    assert table(section("a:1b"), RICH, 30) == ["model  requests", "a:1b         12"]


def test_long_words_are_cut_with_a_mark() -> None:
    assert table(section("a-model-with-a-very-long-name:70b"), RICH, 24)[1].startswith("a-model-with-…")


@given(st.text(max_size=60), st.integers(40, 200))
def test_no_line_is_wider_than_the_terminal(model: str, width: int) -> None:
    """U3: width is respected, also with characters that take two columns."""
    text = as_text(report(model), RICH, width=width, colour=False)
    assert all(columns(line) <= width for line in text.splitlines())


@given(st.text(max_size=60))
def test_no_renderer_lets_control_characters_through(model: str) -> None:
    """R3: hostile model names are harmless in every format."""
    texts = [as_text(report(model), RICH, width=80, colour=False), as_markdown(report(model), RICH), as_json(report(model))]
    assert all(letter.isprintable() or letter == "\n" for text in texts for letter in text if letter < "\x80")


def test_markup_is_escaped_in_markdown() -> None:
    """R3: HTML in a model name is text."""
    assert "&lt;script\\>a\\|b" in as_markdown(report("<script>a|b"), RICH)


@pytest.mark.parametrize("colour", [True, False])
def test_colour_is_only_there_when_asked_for(colour: bool) -> None:  # noqa: FBT001 - a case
    """U3: NO_COLOR."""
    assert ("\x1b[1m" in as_text(report("a"), RICH, width=80, colour=colour)) is colour
