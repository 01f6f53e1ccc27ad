"""From paths, patterns and folders to the files that are logs."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ollalog.core.errors import SourceError
from ollalog.sources.journal import PREFIX, Journal
from ollalog.sources.problems import missing, no_path, nothing_matches, unreadable

STDIN = "-"
_ROTATION = r"(?:[-._]\d[\dT_-]*)*"
_LOG_NAME = re.compile(rf".+(?:\.log|\.jsonl|\.ndjson|\.out|\.err){_ROTATION}(?:\.old|\.bak|\.prev)?(?:\.gz)?", re.IGNORECASE)
# Files of these kinds are usually something else: only a name that speaks of a log makes them one.
_NAMED_LOG = re.compile(rf".*(?:log|ollama|journal|server|performance).*\.(?:json|txt){_ROTATION}(?:\.gz)?", re.IGNORECASE)
_PACKED = re.compile(r"[^.]+\.gz", re.IGNORECASE)
_PACKED_OTHERWISE = (".zst", ".xz", ".bz2", ".lz4", ".zip", ".7z")


@dataclass
class Discovery:
    """The files to read in the order found ("-" is standard input), what cannot be found, and what a person should know.

    `absent` are the paths that were named and are not there.
    """

    paths: list[Path] = field(default_factory=list)
    explicit: set[Path] = field(default_factory=set)
    absent: list[Path] = field(default_factory=list)
    journals: list[Journal] = field(default_factory=list)
    stdin: bool = False
    problems: list[SourceError] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def discover(names: Sequence[str]) -> Discovery:
    """Find the files that paths, folders and patterns mean.

    A file that is named is taken whatever it is called; in a folder, and the folders in it, names that logs have count.
    """
    found = Discovery()
    for name in names:
        if name == STDIN:
            found.stdin = True
            continue
        if name.startswith(PREFIX):
            found.journals.append(Journal.named(name))
            continue
        if not name or "\0" in name:
            found.problems.append(no_path(name))
            continue
        path = Path(os.path.expanduser(name))  # noqa: PTH111 - leaves an unknown user's ~ as it is, where pathlib raises
        if not os.path.lexists(path) and glob.has_magic(name):
            _take_pattern(str(path), found)
        else:
            _take(path, found, is_named=True)
    return found


def is_log_name(name: str) -> bool:
    """Whether a file of this name in a folder is taken for a log."""
    return not name.startswith(".") and any(kind.fullmatch(name) for kind in (_LOG_NAME, _NAMED_LOG, _PACKED))


def absolute(path: Path) -> Path:
    """The path by which a log is known: its folder without links and dots, its own name as it is."""
    return Path(os.path.realpath(path.parent)) / path.name if path.name not in ("", "..") else Path(os.path.realpath(path))


def _take_pattern(pattern: str, found: Discovery) -> None:
    matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - takes absolute patterns, which Path.glob does not
    if not matches:
        found.problems.append(nothing_matches(pattern))
    for match in matches:
        _take(Path(match), found, is_named=False)


def _take(path: Path, found: Discovery, *, is_named: bool) -> None:
    path = absolute(path)
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        found.problems.append(missing(path))
        found.absent.append(path)
    except OSError as fault:
        found.problems.append(unreadable(str(path), fault))
    else:
        if is_folder:
            _take_folder(path, found)
        else:
            found.paths.append(path)
            if is_named:
                found.explicit.add(path)


def _take_folder(folder: Path, found: Discovery) -> None:
    faults: list[OSError] = []
    files = list(_files_below(folder, faults))
    found.problems.extend(unreadable(str(fault.filename), fault) for fault in faults)
    logs = [path for path in files if is_log_name(path.name)]
    found.paths.extend(logs)
    found.remarks.extend(_packed_remarks(files))
    if not logs and not faults:
        found.remarks.append(f"{folder}: no logs in this folder (looked for names such as server.log, *.log.1, *.jsonl, *.gz)")


def _files_below(folder: Path, faults: list[OSError]) -> Iterator[Path]:
    for root, folders, names in os.walk(folder, onerror=faults.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root) / name for name in sorted(names))


def _packed_remarks(files: Iterable[Path]) -> Iterator[str]:
    for path in files:
        if path.suffix in _PACKED_OTHERWISE and is_log_name(path.stem):
            yield f"{path}: left out, only .gz is unpacked here; unpack it yourself and pipe it into: ollalog ingest -"
