"""Text as Go prints it: quoted strings and key=value attributes, read back."""

from __future__ import annotations

import re

_ESCAPE = re.compile(rb'\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([abfnrtv\\"\']))')
_PLAIN = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_PAIR = re.compile(r'("(?:[^"\\]|\\.)*"|[^\s"=]+)=("(?:[^"\\]|\\.)*"|\S*)')


def _unescaped(found: re.Match[bytes]) -> bytes:
    two, four, eight, octal, plain = found.groups()
    if two:
        return bytes([int(two, 16)])
    if four or eight:
        return chr(min(int(four or eight, 16), 0x10FFFF)).encode("utf-8", errors="replace")
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    return _PLAIN.get(plain, plain)


def unquote(text: str) -> str:
    """The text between Go's double quotes with its escapes undone; bytes that are no UTF-8 become U+FFFD."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_unescaped, text.encode()).decode(errors="replace")


def _value(text: str) -> str:
    return unquote(text[1:-1]) if len(text) > 1 and text[0] == '"' == text[-1] else text


def attributes(text: str) -> dict[str, str]:
    """The key=value pairs of a slog line: keys and values unquoted, in order; text between pairs is passed over."""
    return {_value(key): _value(value) for key, value in _PAIR.findall(text)}
