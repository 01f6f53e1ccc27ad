"""Text from logs made safe to show: what would steer a terminal is spelt out instead."""

from __future__ import annotations

import re

# Control characters (C0, DEL, C1), line and paragraph separators, marks that turn the direction of writing,
# tag characters that nobody sees, and lone surrogates, which no output encoding can hold.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")


def printable(text: str) -> str:
    r"""Spell out every character that could move a cursor, change a colour or hide text: ESC becomes `\x1b`.

    Args:
        text: Anything that was read from a log, a path or a query.

    Returns:
        One line of text that a terminal shows as it is; tabs and newlines are spelt out too.
    """
    return UNSAFE.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)
