"""Rotated generations that nobody named: when a log is followed by its own name alone, what went before lies beside it."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ollalog.core.batch import Source
from ollalog.core.errors import SourceError
from ollalog.sources.chain import chain_name
from ollalog.sources.found import FoundLog
from ollalog.sources.held import HeldStream
from ollalog.sources.matching import KnownSources


def missing_generations(logs: Sequence[FoundLog], known: Sequence[Source], opened: Callable[[Path], FoundLog]) -> Iterator[FoundLog]:
    """The generation of each log that was read last, if it was rotated out of what was found, and those between it and the log.

    Older ones are left alone: whoever names a file wants what comes from now on, not the archive beside it.

    Args:
        logs: What was found.
        known: The sources of the catalogue.
        opened: Finds out what lies at a path.
    """
    latest: dict[str, Source] = {}
    for source in sorted(known, key=lambda source: (source.generation, source.id)):
        if source.offset:
            latest[source.family] = source
    for family in dict.fromkeys(str(log.chain.family) for log in logs if log.chain.live):
        if family in latest:
            generations = [log for log in logs if str(log.chain.family) == family]
            yield from _since(KnownSources([latest[family]]), generations, Path(family), opened)


def _since(last_read: KnownSources, logs: Sequence[FoundLog], family: Path, opened: Callable[[Path], FoundLog]) -> Iterator[FoundLog]:
    """What lies beside a log and belongs to its family, from the generation that was read last on."""
    holder = next((log for log in logs if last_read.continued_by(log)), None)
    if holder is not None and holder.chain.live:
        return
    present = {log.path for log in logs}
    beside = [log for log in _beside(family, opened) if log.path not in present]
    if holder is None:
        holder = next((log for log in beside if last_read.continued_by(log)), None)
        if holder is None:
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


def _beside(family: Path, opened: Callable[[Path], FoundLog]) -> Iterator[FoundLog]:
    try:
        names = sorted(entry.name for entry in os.scandir(family.parent) if entry.is_file())
    except OSError:
        return
    for path in (family.parent / name for name in names):
        if path != family and chain_name(path).family == family:
            try:
                log = opened(path)
            except (OSError, EOFError, zlib.error, SourceError):
                continue  # it is no generation that could be read
            if log.head and log.stored is not None:
                yield log
