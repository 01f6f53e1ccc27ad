"""The report for a terminal: aligned columns that fit its width."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from ollalog.cli.charts import Charset
from ollalog.cli.report_model import Field, Report, Section

GAP = "  "
NARROWEST_TEXT = 12


def as_text(report: Report, charset: Charset, *, width: int, colour: bool) -> str:
    """The report as lines of at most `width` characters; when it is narrow, pictures and rarer columns are left out."""
    strong, faint, plain = ("\x1b[1m", "\x1b[2m", "\x1b[0m") if colour else ("", "", "")
    rule = "─" if charset.unicode else "-"
    lines = [f"{strong}{report.title}{plain}"]
    lines += [line for label, sentence in report.facts for line in _fact(label, charset.text(sentence), width)]
    for section in report.sections:
        title = charset.text(section.title)
        lines += ["", f"{strong}{title}{plain} {faint}{rule * max(width - len(title) - 1, 0)}{plain}"]
        lines += table(section, charset, width)
        lines += [f"{faint}{line}{plain}" for note in section.notes for line in _wrapped(charset.text(note), width)]
    if report.notes:
        lines += ["", f"{strong}Notes{plain}", *(line for note in report.notes for line in _bullet(charset.text(note), width))]
    return "\n".join(line.rstrip() for line in lines)


def table(section: Section, charset: Charset, width: int) -> list[str]:
    """A section's rows as aligned lines with a head; what is rare is left out and words are cut until they fit."""
    fields = [replace(shown, title=charset.text(shown.title)) for shown in section.fields]
    cells = {shown.key: [shown.shown(row.get(shown.key), charset) for row in section.shown_rows] for shown in fields}
    for rarer in reversed([shown for shown in fields if shown.optional]):
        if _total(fields, cells, cut=False) > width:
            fields.remove(rarer)
    for rarer in reversed(fields[2:]):
        if _total(fields, cells, cut=True) > width:
            fields.remove(rarer)
    widths = _widths(fields, cells)
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    for index in sorted(range(len(fields)), key=lambda index: -widths[index]):
        if excess > 0 and fields[index].left:
            cut = min(excess, max(widths[index] - NARROWEST_TEXT, 0))
            widths[index] -= cut
            excess -= cut
    mark = "…" if charset.unicode else "..."
    rows = [[shown.title for shown in fields]]
    rows += [[cells[shown.key][number] for shown in fields] for number in range(len(section.shown_rows))]
    return [
        GAP.join(_padded(cell, size, mark, left=shown.left) for cell, size, shown in zip(row, widths, fields, strict=True)) for row in rows
    ]


def _widths(fields: Sequence[Field], cells: dict[str, list[str]]) -> list[int]:
    return [max(map(columns, [shown.title, *cells[shown.key]])) for shown in fields]


def _total(fields: Sequence[Field], cells: dict[str, list[str]], *, cut: bool) -> int:
    """How wide a table is, or how narrow it can be when its words are cut."""
    sizes = _widths(fields, cells)
    narrow = [min(size, NARROWEST_TEXT) if cut and shown.left else size for size, shown in zip(sizes, fields, strict=True)]
    return sum(narrow) + len(GAP) * (len(fields) - 1)


@lru_cache(maxsize=4096)  # the same cells are measured again for each column that is left out
def columns(text: str) -> int:
    """How many columns of a terminal a text takes: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 0 if unicodedata.combining(letter) else 1 for letter in text)


def _padded(text: str, size: int, mark: str, *, left: bool) -> str:
    """A cell of exactly `size` columns; what is too long is cut with a mark."""
    if columns(text) > size:
        while columns(text) > size - len(mark):
            text = text[:-1]
        text += mark
    blank = " " * (size - columns(text))
    return text + blank if left else blank + text


def _fact(label: str, sentence: str, width: int) -> list[str]:
    indent = " " * 12
    return textwrap.wrap(f"{label:<10}  {sentence}", max(width, 30), subsequent_indent=indent, break_on_hyphens=False)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 30), break_on_hyphens=False)


def _bullet(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 30), initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
