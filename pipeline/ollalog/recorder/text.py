"""Texts of other people, made fit for a record: whole characters, and not too many of them."""

from __future__ import annotations

MOST_NAME_CHARACTERS = 256
"""Characters of a name that are kept: of a model, a graph, an agent, a tool, …"""
MOST_ERROR_CHARACTERS = 2048
"""Characters of an error's text that are kept."""


def bounded(value: object, most: int = MOST_NAME_CHARACTERS) -> str:
    """The text of a value, cut to a number of characters; what is no character (half of a pair, an undecodable byte) becomes U+FFFD."""
    text = value if type(value) is str else _text_of(value)
    if len(text) > most:
        text = f"{text[: most - 1]}…"
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _text_of(value: object) -> str:
    """The text of anything; nothing for nothing."""
    if value is None:
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)
