"""The section on the logs themselves: is every line accounted for, what was rejected, what is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ollalog.cli import units
from ollalog.cli.report_fields import House, number, rows_of, shortened, text
from ollalog.cli.report_model import Row, Section

SOURCES_SHOWN, REASONS_SHOWN = 10, 3
FATES = {"row": "rows", "folded": "continued", "noise": "noise", "rejected": "rejected", "held": "held"}


def quality(house: House) -> Section:
    """Every line of every log has one fate; here are the sums."""
    rows = rows_of(house, "data_quality")
    lines = list(_by_source(rows).values())
    fields = (
        text("path", "log"),
        number("lines", "lines"),
        *(number(fate, title, optional=fate in {"folded", "held"}) for fate, title in FATES.items()),
    )
    notes = [_accounts(lines), *_rejects(rows), *_gaps(rows)]
    more, shown = shortened(lines, SOURCES_SHOWN, "data_quality")
    return Section("data_quality", "The logs", fields, rows, [*more, *notes], shown)


def _by_source(rows: Sequence[Row]) -> Mapping[int, dict[str, Any]]:
    """One row a source: its path, its lines, its fates."""
    sources: dict[int, dict[str, Any]] = defaultdict(lambda: dict.fromkeys(FATES, 0))
    for row in rows:
        source = sources[row["source"]]
        source["path"] = _name(row["path"])
        if row["measure"] == "lines":
            source["lines"] = row["count"]
        elif row["measure"] == "fate":
            source[row["name"]] = row["count"]
    return sources


def _name(path: str | None) -> str | None:
    """The last two parts of a path: the rest is the same for most logs of a machine."""
    return None if path is None else "/".join(path.replace("\\", "/").split("/")[-2:])


def _accounts(sources: Sequence[Row]) -> str:
    """The law of accounting, as a sentence."""
    lines = sum(source.get("lines", 0) for source in sources)
    sums = {title: sum(source[fate] for source in sources) for fate, title in FATES.items() if fate != "held"}
    total = " + ".join(f"{count:,} {title}" for title, count in sums.items() if count)
    return (
        f"Every line is accounted for: {lines:,} = {total}."
        if sum(sums.values()) == lines
        else f"{lines:,} lines, but {total}: run ollalog verify."
    )


def _rejects(rows: Sequence[Row]) -> list[str]:
    """What most rejected lines had wrong."""
    reasons: dict[str, int] = defaultdict(int)
    for row in rows:
        if row["measure"] == "reject":
            reasons[row["name"]] += row["count"]
    worst = sorted(reasons.items(), key=lambda reason: -reason[1])[:REASONS_SHOWN]
    return [f"Rejected: {'; '.join(f'{units.shown(reason, 60)} ({count:,})' for reason, count in worst)}."] if worst else []


def _gaps(rows: Sequence[Row]) -> list[str]:
    """Bytes that were gone before they could be read."""
    gaps = [row for row in rows if row["measure"] == "gap" and row["count"] != 0]
    lost = ["an unknown number of bytes" if row["count"] is None else units.size(row["count"]) for row in gaps]
    return [f"Gap: {size} of {units.shown(row['path'])} were gone before they could be read." for size, row in zip(lost, gaps, strict=True)]
