"""What the name of a log says: the log that it is a generation of, and how old it is among its siblings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

# The Ollama app renames server.log to server-1.log … server-5.log at each start: the highest number is the oldest.
_APP_ROTATED = re.compile(r"(?P<stem>server|app|upgrade)-(?P<number>\d{1,3})(?P<suffix>\.log)")
# logrotate and docker append numbers, dates or both: x.log.1, x.log-20240501, x.log.2024-05-01.2
_NUMBERED = re.compile(r"(?P<base>.+)\.(?P<number>\d{1,3})")
_DATED = re.compile(r"(?P<base>.+?)[-._](?P<date>(?:19|20)\d{2}-?[01]\d-?[0-3]\d)(?:[-T_](?P<time>\d{2,10}))?(?P<suffix>\.log|\.jsonl)?")
# The app of 2023 and 2024 went the other way: server.log is the oldest, then server1.log, server2.log …
_COUNTED = re.compile(r"server(?P<number>\d{1,3})\.log")
_LOG_SUFFIXES = (".log", ".jsonl", ".ndjson", ".json", ".out", ".err", ".txt")

NAMELESS_AGE = -1
"""What the age of an open file that has no name any more begins with: of a chain, the oldest is deleted."""


@dataclass(frozen=True)
class ChainName:
    """A log's place in its chain: `family` is the path without what rotation adds; a smaller `age` is older.

    `live` is true where more may be written; the end of a rotated or packed file is final.
    """

    family: Path
    age: tuple[int, int, int]
    live: bool


def chain_name(path: Path) -> ChainName:
    """Read a log's path, absolute; looks at its siblings only for names of the old Ollama app.

    Ages: (0, date, time - number) dated, (0, number, 0) of the old app, (1, 0, -number) numbered, (2, 0, 0) the log itself.
    """
    packed = path.suffix == ".gz"
    plain = path.with_suffix("") if packed else path
    name = plain.name
    if match := _APP_ROTATED.fullmatch(name):
        return ChainName(plain.with_name(match["stem"] + match["suffix"]), (1, 0, -int(match["number"])), live=False)
    if (counted := _counted(plain)) is not None:
        return ChainName(plain.with_name("server.log"), (0, counted, 0), live=not packed and _is_newest(plain, counted))
    base, number = name, 0
    if (match := _NUMBERED.fullmatch(base)) and (_is_log(match["base"]) or _DATED.fullmatch(match["base"])):
        base, number = match["base"], int(match["number"])
    if (match := _DATED.fullmatch(base)) and (_is_log(match["base"]) or _undated(plain, match).exists()):
        date, time = int(match["date"].replace("-", "")), int(match["time"] or 0)
        return ChainName(_undated(plain, match), (0, date, time - number), live=False)
    if number or base != name:
        return ChainName(plain.with_name(base), (1, 0, -number), live=False)
    return ChainName(plain, (2, 0, 0), live=not packed)


def _is_log(name: str) -> bool:
    return name.endswith(_LOG_SUFFIXES)


def _undated(path: Path, match: re.Match[str]) -> Path:
    return path.with_name(match["base"] + (match["suffix"] or ""))


def _counted(path: Path) -> int | None:
    """The number that the old app gave a log of its chain; None where the name is no sign of it."""
    if match := _COUNTED.fullmatch(path.name):
        return int(match["number"]) if path.with_name("server.log").exists() else None
    if path.name == "server.log" and not path.with_name("server-1.log").exists() and not _is_newest(path, 0):
        return 0
    return None


def _is_newest(path: Path, number: int) -> bool:
    """Whether no log beside this one says that the app, old or new, went on after it."""
    names = [_COUNTED.fullmatch(sibling.name) for sibling in path.parent.glob("server[0-9]*.log")]
    went_on = any(match is not None and int(match["number"]) > number for match in names)
    return not went_on and not path.with_name("server-1.log").exists()
