"""U6: pictures made of characters, and their plain forms."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollalog.cli.charts import Charset, charset_of

RICH, PLAIN = Charset(unicode=True), Charset(unicode=False)


def test_sparkline_is_as_high_as_the_share_of_the_greatest() -> None:
    assert RICH.sparkline([0, 1, None, 4, 8]) == " ▁ ▄█"
    assert PLAIN.sparkline([0, 1, None, 4, 8]) == " _ :#"


def test_sparkline_of_nothing_is_blank() -> None:
    assert RICH.sparkline([0, 0]) == "  "
    assert RICH.sparkline([]) == ""


def test_bar_shows_even_the_smallest_share() -> None:
    assert RICH.bar(0.00001, 10) == "▏"
    assert PLAIN.bar(0.00001, 10) == "#"
    assert RICH.bar(0, 10) == RICH.bar(None, 10) == ""


def test_bar_never_leaves_its_width() -> None:
    assert RICH.bar(1.5, 4) == "████"


def test_stacked_shares_fill_the_width() -> None:
    assert RICH.stacked([0.5, 0.25, 0.25, 0], 8) == "████▓▓▒▒"
    assert PLAIN.stacked([0.25, 0.25, 0.25, 0.25], 4) == "LPG."


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e18)), max_size=80), st.booleans())
def test_sparkline_has_one_character_a_value(values: list[float | None], unicode: bool) -> None:  # noqa: FBT001 - drawn
    assert len(Charset(unicode=unicode).sparkline(values)) == len(values)


@pytest.mark.parametrize(
    ("encoding", "environment", "unicode"),
    [
        ("utf-8", {}, True),
        ("utf-8", {"LANG": "en_GB.UTF-8"}, True),
        ("utf-8", {"LANG": "en_GB.UTF-8", "LC_ALL": "C"}, False),
        ("ascii", {"LANG": "en_GB.UTF-8"}, False),
        ("latin-1", {}, False),
    ],
)
def test_locale_and_encoding_decide_about_ascii(encoding: str, environment: dict[str, str], unicode: bool) -> None:  # noqa: FBT001 - a case
    """U3: the locale is respected."""
    assert charset_of(io.TextIOWrapper(io.BytesIO(), encoding=encoding), environment).unicode is unicode


def test_our_own_words_have_an_ascii_form() -> None:
    assert PLAIN.text("12 \N{MICRO SIGN}s → ≥ 3…").isascii()
