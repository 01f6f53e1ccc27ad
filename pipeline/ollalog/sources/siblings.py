"""Rotated generations that nobody named: when a log is followed by its own name alone, what went before lies beside it."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ollalog.core.batch import Source
from ollalog.core.errors import SourceError
from ollalog.sources.chain import NAMELESS_AGE, chain_name
from ollalog.sources.found import FoundLog
from ollalog.sources.held import HeldStream
from ollalog.sources.matching import KnownSources, same_beginning


@dataclass(frozen=True)
class Beside:
    """Rotated generations that were found beside the logs. `is_settled`: no file was given another name meanwhile."""

    logs: list[FoundLog]
    is_settled: bool


@dataclass(frozen=True)
class Lookup:
    """How to look: `opened` finds out what lies at a path, `cut` are families whose log is known to have been cut in place."""

    opened: Callable[[Path], FoundLog]
    cut: Collection[str]


def missing_generations(families: Iterable[str], logs: Sequence[FoundLog], known: Sequence[Source], lookup: Lookup) -> Beside:
    """The generation of each log that was read last, if it was rotated out of what was found, and those between it and the log.

    Older ones are left alone: whoever names a file wants what comes from now on, not the archive beside it. Where the one that
    was read last is nowhere, it has dropped off the end of its chain, and all that is there is younger.

    Args:
        families: The logs that are followed or were named, whether they are there, empty or gone.
        logs: What was found.
        known: The sources of the catalogue.
        lookup: How to look. What was cut in place was not rotated, unless by copy.
    """
    latest: dict[str, Source] = {}
    for source in sorted(known, key=lambda source: (source.generation, source.id)):
        if source.offset:
            latest[source.family] = source
    missing: list[FoundLog] = []
    is_settled = True
    for family in families:
        if family in latest:
            generations = [log for log in logs if str(log.chain.family) == family]
            last_read = KnownSources([latest[family]])
            holder = next((log for log in generations if last_read.continued_by(log)), None)
            if holder is None or not holder.chain.live:
                present = {log.path for log in logs}
                before = _chain(Path(family))
                beside = [log for log in _opened(before, lookup.opened) if log.path not in present]
                missing += _since(last_read, holder, beside, is_cut=family in lookup.cut)
                is_settled = is_settled and before == _chain(Path(family))
    return Beside(missing, is_settled)


def without_twins(logs: Sequence[FoundLog]) -> list[FoundLog]:
    """The logs less the open files without a name of which a copy was found: the copy's name tells its place in the chain."""
    named = [log for log in logs if log.chain.age[0] != NAMELESS_AGE]
    return [log for log in logs if log.chain.age[0] != NAMELESS_AGE or not any(_is_copy(other, log) for other in named)]


def _is_copy(log: FoundLog, of: FoundLog) -> bool:
    if log.stored is None or of.stored is None or log.head != of.head:
        return False
    try:
        size_bytes = of.stored.size_bytes
        return log.stored.size_bytes == size_bytes and same_beginning(log.stored, of.stored, size_bytes)
    except (OSError, EOFError, zlib.error):
        return False


def _since(last_read: KnownSources, holder: FoundLog | None, beside: Sequence[FoundLog], *, is_cut: bool) -> Iterator[FoundLog]:
    """What lies beside a log and belongs to its family, from the generation that was read last on."""
    if holder is None:
        holder = next((log for log in beside if last_read.continued_by(log)), None)
        if holder is None:
            yield from (log for log in beside if not log.chain.live and not is_cut)
            return
        yield holder
    began_ns = holder.stream.stat().st_mtime_ns if isinstance(holder.stream, HeldStream) else 0
    for log in beside:
        if log.chain.age > holder.chain.age and not log.chain.live and _changed_ns(log.path) >= began_ns:
            yield log


def _changed_ns(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - the path of a log is a text
    except OSError:
        return 0


def _chain(family: Path) -> dict[Path, int]:
    """The rotated files that lie beside a log, with their inodes."""
    try:
        found = {family.parent / entry.name: entry.inode() for entry in os.scandir(family.parent) if entry.is_file()}
    except OSError:
        return {}
    return {path: inode for path, inode in sorted(found.items()) if path != family and chain_name(path).family == family}


def _opened(paths: Iterable[Path], opened: Callable[[Path], FoundLog]) -> Iterator[FoundLog]:
    for path in paths:
        try:
            log = opened(path)
        except (OSError, EOFError, zlib.error, SourceError):
            continue  # it is no generation that could be read
        if log.head and log.stored is not None:
            yield log
