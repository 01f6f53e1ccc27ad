"""Files of derived data, one per closed date: found by the key of what they follow from, written aside and renamed, swept when stale.

A file of rows counts once the note beside it is there. Nothing here is a truth: the folder may be deleted at any time, and readers
join the rows anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

import polars as pl

from ollalog.core.batch import Snapshot
from ollalog.core.closed_dates import SUMS, ClosedDate, keys_of_dates, sums_name, views_by_date
from ollalog.core.layout import StoreLayout
from ollalog.store.files import make_folder, sync_file, sync_folder

GRACE_S = 600.0
"""Files that no snapshot of now needs stay so long, for readers of older ones."""
CRASH_POINTS = ("closed_date_written", "closed_date_noted", "sums_written")
NOTE = ".json"
ROWS = ".parquet"


def read_closed_dates(root: Path, snapshot: Snapshot) -> tuple[ClosedDate, ...]:
    """The closed dates that follow from a snapshot and whose requests are there; of a date there may be several, of different names."""
    folder = StoreLayout(root).derived
    try:
        names = {path.name for path in folder.iterdir()}
    except OSError:
        return ()
    notes = sorted(name for name in names if name.endswith(NOTE) and name.removesuffix(NOTE) + ROWS in names)
    keys = keys_of_dates(snapshot) if notes else {}
    current = {f"{day.isoformat()}.{key}" for day, key in keys.items()}
    found = (_noted(folder / name) for name in notes if name.rsplit(".", 2)[0] in current)
    return tuple(each for each in found if each is not None)


@lru_cache(maxsize=4096)
def _noted(path: Path) -> ClosedDate | None:
    """What a note says; None for one that cannot be read. Notes never change under a name."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        run_names = tuple((str(blob), str(name), first_us) for blob, name, first_us in said["run_names"])
        return ClosedDate(date.fromisoformat(said["date"]), path.with_suffix(ROWS), said["shown"], said["aliases"], run_names)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_closed_date(root: Path, said: ClosedDate, key: str, write: Callable[[Path], object], fault: Callable[[str], object]) -> None:
    """Keep the requests of a date.

    Args:
        root: The store's folder.
        said: What the note says; its path is not used.
        key: What the rows follow from.
        write: Writes the rows to a path.
        fault: Called with each of CRASH_POINTS, in this order.

    Raises:
        OSError: the folder cannot be written.
    """
    note = {
        "date": said.date.isoformat(),
        "shown": dict(said.shown),
        "aliases": dict(said.aliases),
        "run_names": [list(entry) for entry in said.run_names],
    }
    text = json.dumps(note, sort_keys=True)
    name = f"{said.date.isoformat()}.{key}.{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}"
    _write_aside(root, name + ROWS, write)
    fault("closed_date_written")
    _write_aside(root, name + NOTE, lambda path: path.write_text(text, encoding="utf-8"))
    fault("closed_date_noted")


def missing_sums(root: Path, day: date, stems: Mapping[date, str]) -> list[str]:
    """The views by date whose rows of a closed date are not kept; stems as `sums_name` has them."""
    return [view for view in views_by_date() if not (StoreLayout(root).derived / sums_name(day, stems, view)).exists()]


def write_sums(  # noqa: PLR0913, PLR0917 - as write_closed_date
    root: Path, day: date, stems: Mapping[date, str], view: str, write: Callable[[Path], object], fault: Callable[[str], object]
) -> None:
    """Keep the rows of a closed date of a view by date. Raises as `write_closed_date` does."""
    _write_aside(root, sums_name(day, stems, view), write)
    fault("sums_written")


def _write_aside(root: Path, name: str, write: Callable[[Path], object]) -> None:
    """Write a file under another name, and give it its own when it is on the disk."""
    folder = StoreLayout(root).derived
    make_folder(folder)
    aside = folder / f".{name}.{os.getpid()}"
    try:
        write(aside)
        sync_file(aside)
        aside.rename(folder / name)
        sync_folder(folder)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def closing(root: Path) -> Iterator[bool]:
    """Whether nobody else closes dates of this store; nobody does while the block lasts, if so.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = StoreLayout(root).derived
    make_folder(folder)
    file = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield _locked(file)
    finally:
        os.close(file)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sweep_closed_dates(root: Path, snapshot: Snapshot, now: datetime) -> None:
    """Delete files of dates that the store has no more; those that are stale, and what a crash left, when they are old enough."""
    keys = keys_of_dates(snapshot)
    newest: dict[str, str] = {}
    try:
        with os.scandir(StoreLayout(root).derived) as entries:
            found = sorted((entry.stat().st_mtime, entry.name, entry.path) for entry in entries if entry.name.lstrip(".")[:1].isdigit())
    except OSError:
        return
    for _, name, _ in found:
        day, _, rest = name.partition(".")
        if name.endswith(NOTE) and rest.partition(".")[0] == keys.get(_day(day) or date.min):
            newest[day] = name.removesuffix(NOTE)
    stems = {date.fromisoformat(text): name for text, name in newest.items()}
    needed = {name + kind for name in newest.values() for kind in (NOTE, ROWS)}
    needed |= {sums_name(day, stems, view) for day in stems for view in views_by_date()}
    for written_s, name, path in found:
        if _day(name.lstrip(".").partition(".")[0]) not in keys or (name not in needed and now.timestamp() - written_s > GRACE_S):
            with suppress(OSError):
                Path(path).unlink()


@dataclass(frozen=True)
class Derived:
    """What is kept of closed dates: the bytes of all files, and the dates that have one, in order."""

    size_bytes: int
    dates: tuple[date, ...]


def read_derived(root: Path) -> Derived:
    """Look at what is kept of closed dates; nothing where there is no folder."""
    size_bytes, days = 0, set()
    for path in _files(root):
        with suppress(FileNotFoundError):
            size_bytes += path.stat().st_size
            day = _day(path.name.partition(".")[0]) if path.suffix == NOTE else None
            days |= {day} if day is not None else set()
    return Derived(size_bytes, tuple(sorted(days)))


def derived_problems(root: Path) -> Iterator[str]:
    """What is wrong with the files that are kept of closed dates; all of them may be removed without loss."""
    for path in _files(root):
        place = f"{path.parent.name}/{path.name}"
        if _day(path.name.partition(".")[0]) is None or path.suffix not in (ROWS, NOTE, SUMS):
            yield f"{place}: does not belong there"
        elif path.suffix == NOTE:
            if _noted(path) is None:
                yield f"{place}: cannot be read"
        elif not _is_readable(path):
            yield f"{place}: cannot be read as Parquet"


def _files(root: Path) -> list[Path]:
    """The files of the folder, without its lock and what is being written."""
    try:
        return sorted(path for path in StoreLayout(root).derived.iterdir() if not path.name.startswith("."))
    except OSError:
        return []


def _is_readable(path: Path) -> bool:
    """Whether all rows can be read; what was swept meanwhile is not missed."""
    try:
        pl.read_parquet(path)
    except FileNotFoundError:
        return True
    except (OSError, pl.exceptions.PolarsError):
        return False
    return True


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
