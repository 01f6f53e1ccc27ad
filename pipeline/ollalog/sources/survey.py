"""Which logs there are and whether they can be read, without reading them: for `doctor`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ollalog.core.errors import SourceError
from ollalog.sources.discover import discover
from ollalog.sources.places import Machine, closed_folders, discover_usual, searched
from ollalog.sources.problems import unreadable


@dataclass(frozen=True)
class LogPlace:
    """One log that was found: a file, a packed file or a journal; its size on disk; why it cannot be read, if so."""

    path: str
    kind: str
    size_bytes: int | None = None
    problem: SourceError | None = None


@dataclass(frozen=True)
class LogSurvey:
    """All logs that were found, where was looked, which folders are closed to this user, and which named paths are no logs."""

    places: list[LogPlace] = field(default_factory=list)
    searched: list[Path] = field(default_factory=list)
    closed: list[Path] = field(default_factory=list)
    problems: list[SourceError] = field(default_factory=list)


def survey(paths: Sequence[str]) -> LogSurvey:
    """Look where logs are: at some paths, or in the usual places of this machine."""
    machine = Machine.this()
    found = discover(paths) if paths else discover_usual(machine)
    places = [_place(path) for path in found.paths] + [LogPlace(journal.name, "journal") for journal in found.journals]
    if paths:
        return LogSurvey(places, [Path(path) for path in paths], [], found.problems)
    return LogSurvey(places, searched(machine), closed_folders(machine), found.problems)


def _place(path: Path) -> LogPlace:
    kind = "gzip" if path.suffix == ".gz" else "file"
    try:
        size_bytes = path.stat().st_size
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as fault:
        return LogPlace(str(path), kind, None, unreadable(str(path), fault))
    return LogPlace(str(path), kind, size_bytes)
