"""Pictures made of characters: sparklines, bars and stacked bars, with plain ASCII where the output cannot hold more."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

LEVELS = "▁▂▃▄▅▆▇█"
ASCII_LEVELS = "_.-:=+*#"
EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True)
class Charset:
    """Which characters the output can hold."""

    unicode: bool

    def sparkline(self, values: Sequence[float | None], greatest: float | None = None) -> str:
        """One character a value, as high as its share of the greatest; a blank for zero and where there is no value."""
        levels = LEVELS if self.unicode else ASCII_LEVELS
        top = greatest or max((value for value in values if value is not None), default=0)
        heights = (0 if not value or value < 0 else max(math.ceil(value / top * len(levels)), 1) for value in values)
        return "".join(levels[min(height, len(levels)) - 1] if height else " " for height in heights)

    def bar(self, ratio: float | None, width: int) -> str:
        """A bar as long as its share of the width; anything above zero is seen."""
        eighths = round(min(max(ratio or 0.0, 0.0), 1.0) * width * 8)
        if ratio and not eighths:
            eighths = 1
        if not self.unicode:
            return "#" * -(-eighths // 8)
        return ("█" * (eighths // 8) + EIGHTHS[eighths % 8]).rstrip()

    def stacked(self, ratios: Sequence[float], width: int) -> str:
        """Shares of a whole side by side, each in a shade of its own (in ASCII: the letters of `SHADES_ASCII`)."""
        shades = SHADES if self.unicode else SHADES_ASCII
        edges = [round(sum(ratios[: index + 1]) * width) for index in range(len(ratios))]
        starts = [0, *edges[:-1]]
        return "".join(shade * max(end - start, 0) for shade, start, end in zip(shades, starts, edges, strict=False))[:width]

    def text(self, text: str) -> str:
        """Our own words in characters that the output can hold."""
        return text if self.unicode else text.translate(_PLAIN)


SHADES = "█▓▒░"
SHADES_ASCII = "LPG."
_PLAIN = str.maketrans({"\N{MICRO SIGN}": "u", "·": "-", "→": "->", "…": "...", "≥": ">=", "≤": "<=", "−": "-", "×": "x", "–": "-"})


def charset_of(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Charset:
    """What a stream can hold: its encoding decides, and a locale that is explicitly "C" means ASCII."""
    locale = next((environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)), "")
    try:
        (LEVELS + EIGHTHS + SHADES).encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return Charset(unicode=False)
    return Charset(unicode=locale not in {"C", "POSIX"})
