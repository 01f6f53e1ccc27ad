"""The report as Markdown: headings and tables, for an issue or a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ollalog.cli.charts import Charset
from ollalog.cli.report_model import Report, Section

# What Markdown or the HTML inside it would take for markup.
MARKUP = re.compile(r"([\\`*_\[\]<>|~#&])")


def as_markdown(report: Report, charset: Charset) -> str:
    """The report with the same words and numbers as on a terminal."""
    return "\n".join(_lines(report, charset))


def _lines(report: Report, charset: Charset) -> Iterator[str]:
    yield f"# {escaped(report.title)}"
    yield ""
    for label, sentence in report.facts:
        yield f"- **{label}**: {escaped(sentence)}"
    for section in report.sections:
        yield from _section(section, charset)
    if report.notes:
        yield from ("", "## Notes", "")
        for note in report.notes:
            yield f"- {escaped(note)}"


def _section(section: Section, charset: Charset) -> Iterator[str]:
    yield from ("", f"## {escaped(section.title)}", "")
    yield f"| {' | '.join(escaped(shown.title) for shown in section.fields)} |"
    yield f"|{'|'.join(':--' if shown.left else '--:' for shown in section.fields)}|"
    for row in section.shown_rows:
        yield f"| {' | '.join(escaped(shown.shown(row.get(shown.key), charset)) for shown in section.fields)} |"
    for note in section.notes:
        yield from ("", escaped(note))


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, blanks in a row included."""
    return MARKUP.sub(r"\\\1", text).replace("\\<", "&lt;").replace("\\&", "&amp;").replace("  ", " \N{NO-BREAK SPACE}")
