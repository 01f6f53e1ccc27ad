"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollalog.cli import units

SECOND_NS = 1_000_000_000


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (None, "-"),
        (0, "0 ns"),
        (958, "958 ns"),
        (16_520, "16.5 \N{MICRO SIGN}s"),
        (999_960, "1 ms"),
        (1_870_000, "1.87 ms"),
        (720_998_800, "721 ms"),
        (999_999_999, "1 s"),
        (12_650_958_875, "12.7 s"),
        (59_999_999_999, "1m00s"),
        (125 * SECOND_NS, "2m05s"),
        (3_599_999_999_999, "1h00m"),
        ((4 * 3600 + 15 * 60 + 37) * SECOND_NS, "4h15m"),
        (52 * 3600 * SECOND_NS, "2d04h"),
        (-2_000_000, "-2 ms"),
    ],
)
def test_durations_have_three_digits_and_a_unit(ns: int | None, text: str) -> None:
    assert units.duration(ns) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, "-"), (0, "0"), (9_876, "9,876"), (9_999.6, "10k"), (12_345, "12.3k"), (999_600, "1M"), (4_567_890, "4.57M"), (2e12, "2.0T")],
)
def test_counts_stay_short(number: float | None, text: str) -> None:
    assert units.count(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(None, "-"), (0, "0 B"), (999, "999 B"), (1_234_567, "1.23 MB"), (999_999, "1 MB"), (5e12, "5.0 TB")]
)
def test_sizes_are_decimal(number: float | None, text: str) -> None:
    assert units.size(number) == text


@pytest.mark.parametrize(
    ("ratio", "text"), [(None, "-"), (1, "100%"), (0.9999, ">99.9%"), (0.9944, "99.4%"), (0.5, "50%"), (0.0001, "<0.1%"), (0, "0%")]
)
def test_shares_never_hide_a_failure(ratio: float | None, text: str) -> None:
    assert units.percent(ratio) == text


@pytest.mark.parametrize(("per_second", "text"), [(None, "-"), (4.883, "4.88"), (38.24, "38.2"), (318.09, "318"), (1204.4, "1,204")])
def test_rates_have_three_digits(per_second: float | None, text: str) -> None:
    assert units.rate(per_second) == text


@given(st.integers(0, 10**17))
def test_any_duration_fits_into_eight_characters(ns: int) -> None:
    assert len(units.duration(ns)) <= 8


def test_text_from_a_log_is_cut_and_harmless() -> None:
    assert units.shown("\x1b[31mred\x1b[0m and long", 12) == r"\x1b[31mr..."
    assert units.shown(None) == "-"
