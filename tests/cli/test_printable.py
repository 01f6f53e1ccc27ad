"""R3: nothing from a log steers the terminal."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from ollalog.core.printable import printable


def test_escapes_are_spelt_out() -> None:
    assert printable("\x1b]0;owned\x07\r\n\tx\x9b2J") == r"\x1b]0;owned\x07\r\n\tx\x9b2J"


def test_marks_that_turn_the_direction_of_writing_are_spelt_out() -> None:
    assert printable("model\u202egnp.exe") == r"model\u202egnp.exe"


def test_ordinary_words_of_any_script_stay() -> None:
    assert printable("qwen2.5:7b \u4f60\u597d \u00b5s \u00e9 \U0001f600") == "qwen2.5:7b \u4f60\u597d \u00b5s \u00e9 \U0001f600"


@given(st.text())
def test_no_control_character_is_left_and_any_encoding_can_hold_it(text: str) -> None:
    safe = printable(text)
    assert not any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in safe)
    safe.encode()
