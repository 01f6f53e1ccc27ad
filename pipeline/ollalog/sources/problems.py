"""What can go wrong with a log, as errors that a person can act on."""

from __future__ import annotations

import zlib
from pathlib import Path

from ollalog.core.errors import SourceError, did_you_mean


def missing(path: Path) -> SourceError:
    """No such file or folder; says the sibling with the nearest name."""
    try:
        siblings = [sibling.name for sibling in path.parent.iterdir()]
    except OSError:
        siblings = []
    return SourceError(
        f"{path}: there is no such file or folder",
        at=str(path),
        found="nothing of that name" if siblings else f"no folder {path.parent} that can be read, or nothing in it",
        want="a log file, a folder with logs, a pattern, or - for standard input",
        fix=did_you_mean(path.name, siblings) or f"look what is there: ls {path.parent}",
    )


def no_path(name: str) -> SourceError:
    """A text that can be no path, as a variable that is not set leaves it."""
    return SourceError(
        "a path is needed",
        at="the command line",
        found=repr(name),
        want="a log file, a folder with logs, a pattern, or - for standard input",
        fix="see what the variable holds that the path was made of",
    )


def nothing_matches(pattern: str) -> SourceError:
    """A pattern that no file matches."""
    return SourceError(
        f"{pattern}: no file matches",
        at=pattern,
        found="no file",
        want="a pattern that at least one file matches",
        fix="list what is there with ls, and put the pattern in quotes when the shell should leave it alone",
    )


def unreadable(path: str, fault: Exception) -> SourceError:
    """A file or folder that the system or its own content keeps from being read."""
    if isinstance(fault, PermissionError):
        found, fix = "permission denied", "run as a user who may read it, for example with sudo"
    elif isinstance(fault, FileNotFoundError):
        found, fix = "it vanished while it was to be read", "run the command again: what was read is kept"
    elif isinstance(fault, EOFError):
        found, fix = "packed data that is cut off", "run the command again when it is complete"
    elif isinstance(fault, zlib.error) or type(fault).__name__ == "BadGzipFile":
        found, fix = f"damaged packed data ({fault})", f"check it with: gzip -t {path}"
    else:
        found, fix = getattr(fault, "strerror", None) or str(fault), "see that it can be read, and run the command again"
    return SourceError(f"{path}: cannot be read", at=path, found=str(found), want="a file that can be read", fix=fix)


def not_a_log(path: Path, found: str) -> SourceError:
    """Something that exists but from which nothing can be read."""
    return SourceError(
        f"{path}: cannot be read as a log",
        at=str(path),
        found=found,
        want="a file, a folder, a pipe, or - for standard input",
        fix="name the file that the log is written to",
    )


def cut_off(path: str) -> str:
    """The remark on packed data whose end is missing: it may still be on its way."""
    return f"{path}: the packed data is cut off; it is read when it is complete"
