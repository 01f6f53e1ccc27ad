"""Closed dates: days of which the joined requests are kept as a file, and the key that says what such a file follows from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ollalog.core.batch import Part, Snapshot
from ollalog.core.sqlfile import rules_digest, shipped_views

FORMAT = 2
JOINED = ("requests", "inferences", "pairs")
"""Tables whose rows are joined: what is of one request lies within this of its end."""
AROUND = timedelta(hours=1)
SEEN = ("requests", "inferences")
STEP = timedelta(days=1)
SUMS = ".sums"


@dataclass(frozen=True)
class ClosedDate:
    """The requests of one UTC date, joined, as a file of derived data holds them.

    `shown` and `aliases` are the names that the join took for files and for names of models (see model_files, model_aliases):
    where the store has others by now, the file is stale. `run_names` are the names in the date's runs: (model_blob, name, µs of the
    first).
    """

    date: date
    path: Path
    shown: Mapping[str, str | None] = field(default_factory=dict)
    aliases: Mapping[str, str | None] = field(default_factory=dict)
    run_names: tuple[tuple[str, str, int | None], ...] = ()

    @property
    def stem(self) -> str:
        """What tells its file from all others."""
        return self.path.stem


def sums_name(day: date, stems: Mapping[date, str], view: str) -> str:
    """The name of the file of a date's rows of a view by date: they follow from the date and the days beside it, and from the view.

    Args:
        day: The date.
        stems: Stem of each closed date; where there is none there is nothing of it.
        view: Name of the view.
    """
    around = " ".join(stems.get(day + step * STEP, "") for step in (-1, 0, 1))
    return f"{day.isoformat()}.{hashlib.blake2b(f'{around} {rules_digest(view)}'.encode(), digest_size=12).hexdigest()}.{view}{SUMS}"


def views_by_date() -> list[str]:
    """The views that ship with the program of which the rows of each closed date are kept."""
    return [name for name, file in shipped_views().items() if file.by_date]


def whole_days(closed: Iterable[ClosedDate], snapshot: Snapshot) -> list[ClosedDate]:
    """The closed dates beside which there is nothing that is not closed: their rows of views by date can be kept."""
    by_date = {each.date: each for each in closed}
    unclosed = rows_of_dates(snapshot).keys() - by_date.keys()
    return [each for day, each in sorted(by_date.items()) if not {day - STEP, day + STEP} & unclosed]


def bounds_of(day: date) -> tuple[datetime, datetime]:
    """The first instant of a UTC date, and that of the next."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return start, start + STEP


def touches(part: Part, start: datetime, end: datetime) -> bool:
    """Whether a part may hold rows of a range; one whose times are not known may."""
    return part.min_time is None or part.max_time is None or (part.max_time >= start and part.min_time < end)


def keys_of_dates(snapshot: Snapshot) -> dict[date, str]:
    """What the joined requests of each date follow from, as a key: the parts of that date and the hours around it, loads up to it.

    Args:
        snapshot: The store as of one commit.

    Returns:
        One key for each date with requests or runs, in order. Another part, or another way to join, makes another key.
    """
    dated = [(day, part) for part in snapshot.parts if (day := _date(part)) is not None]
    joined: dict[date, list[Part]] = {}
    told: dict[date, list[Part]] = {}
    for day, part in dated:
        if part.table in JOINED:
            joined.setdefault(day, []).append(part)
        elif part.table == "server_events":
            told.setdefault(day, []).append(part)
    days = sorted({day for day, part in dated if part.table in SEEN})
    before = hashlib.blake2b(f"{FORMAT} {rules_digest('model_requests')}".encode(), digest_size=16)
    earlier = iter(sorted(told))
    pending = next(earlier, None)
    keys: dict[date, str] = {}
    for day in days:
        start, end = bounds_of(day)
        while pending is not None and pending <= day:
            _feed(before, told[pending])
            pending = next(earlier, None)
        digest = before.copy()
        near = (*joined.get(day - STEP, ()), *joined[day], *joined.get(day + STEP, ()), *told.get(day + STEP, ()))
        _feed(digest, [part for part in near if touches(part, start - AROUND, end + AROUND)])
        keys[day] = digest.hexdigest()
    return keys


def rows_of_dates(snapshot: Snapshot) -> dict[date, int]:
    """Requests and runs of each date."""
    rows: dict[date, int] = {}
    for part in snapshot.parts:
        day = _date(part)
        if part.table in SEEN and day is not None:
            rows[day] = rows.get(day, 0) + part.rows
    return rows


def chunks(days: Sequence[date], rows: Mapping[date, int], most_rows: int) -> Iterable[list[date]]:
    """Days that follow each other, taken together up to so many rows; a day with more is alone."""
    chunk: list[date] = []
    for day in days:
        if chunk and (day - chunk[-1] != STEP or sum(rows[each] for each in chunk) + rows[day] > most_rows):
            yield chunk
            chunk = []
        chunk.append(day)
    if chunk:
        yield chunk


def _date(part: Part) -> date | None:
    try:
        return date.fromisoformat(part.date)
    except ValueError:
        return None


def _feed(digest: hashlib.blake2b, parts: Iterable[Part]) -> None:
    """Parts by their names, which are given once, their rows and bytes."""
    for text in sorted(f"{part.table}/{part.date}/{part.paths[0].name} {part.rows} {part.size_bytes}\n" for part in parts):
        digest.update(text.encode("utf-8", "surrogateescape"))
