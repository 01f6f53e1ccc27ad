"""Regular expressions of polars whose classes mean ASCII, which is what logs are cut by."""

from __future__ import annotations

import re

_PIECE = re.compile(r"\\(.)|([\[\]])", re.DOTALL)
_ASCII = {"d": "0-9", "w": "A-Za-z0-9_"}


def ascii_only(pattern: str) -> str:
    r"""The pattern with `\d` and `\w` for ASCII alone.

    In polars they stand for the digits and letters of all scripts, which takes a hundred times as long to compile; and polars
    compiles each pattern anew for every block once there are more of them than it remembers (32).
    """
    is_in_class = False

    def narrowed(found: re.Match[str]) -> str:
        nonlocal is_in_class
        escaped, bracket = found.groups()
        if bracket:
            is_in_class = bracket == "["
            return bracket
        if escaped not in _ASCII:
            return found[0]
        return _ASCII[escaped] if is_in_class else f"[{_ASCII[escaped]}]"

    return _PIECE.sub(narrowed, pattern)
