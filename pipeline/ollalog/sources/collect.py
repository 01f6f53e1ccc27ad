"""Paths and what the catalogue knows → what there is to read, every stream once, oldest first."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ollalog.core.batch import Source
from ollalog.core.errors import SourceError
from ollalog.sources.chain import chain_name
from ollalog.sources.claims import Claims
from ollalog.sources.discover import Discovery, discover
from ollalog.sources.found import FoundLog, open_file, open_pipe
from ollalog.sources.generations import Generations
from ollalog.sources.item import Plan, PlanItem
from ollalog.sources.journal import journal_item
from ollalog.sources.matching import KnownSources
from ollalog.sources.places import Machine, discover_usual
from ollalog.sources.problems import cut_off, unreadable
from ollalog.sources.siblings import Lookup, missing_generations, without_twins
from ollalog.sources.streams import FileId

ATTEMPTS = 5
"""So often a plan is made anew when files were renamed meanwhile."""


def plan(
    paths: Sequence[str],
    known: Sequence[Source],
    *,
    host: str,
    next_id: int,
    stdin: BinaryIO | None = None,
) -> Plan:
    """Find the logs, tell which known source each is, and say what is to be read of them.

    Args:
        paths: Files, folders, patterns, "-"; none: the usual places of this machine.
        known: The sources of the catalogue, with their checkpoints.
        host: The name that new sources get for their machine.
        next_id: The first number that is free for a new source.
        stdin: What "-" reads; the process's own when not given.

    Returns:
        The items in reading order, rotated siblings before the log itself; problems of single paths; remarks.

    Raises:
        Nothing for a path that cannot be read: it is in `problems`, and the others are read.
    """
    for _ in range(ATTEMPTS):
        found = discover(paths) if paths else discover_usual(Machine.this())
        planned = plan_logs(found, opened_logs(found, open_file, stdin), known, Numbering(host, next_id), open_file)
        planned.items.extend(_journal_items(found, known, Numbering(host, free_id(next_id, planned.items))))
        if planned.is_settled or found.stdin:
            break
    return planned


def free_id(next_id: int, items: Sequence[PlanItem]) -> int:
    """The first number that neither the catalogue nor one of the items has."""
    return max([next_id, *(item.source.id + 1 for item in items)])


def _journal_items(found: Discovery, known: Sequence[Source], numbering: Numbering) -> Iterator[PlanItem]:
    for count, journal in enumerate(dict.fromkeys(found.journals)):
        yield journal_item(journal, known, numbering.host, numbering.next_id + count, follows=False)


@dataclass(frozen=True)
class Numbering:
    """What new sources get: the name of their machine, and numbers from `next_id` on. `cut`: families of logs cut in place."""

    host: str
    next_id: int
    cut: frozenset[str] = frozenset()


def plan_logs(
    found: Discovery, logs: Sequence[FoundLog], known: Sequence[Source], numbering: Numbering, opened: Callable[[Path], FoundLog]
) -> Plan:
    """As `plan`, for logs that were found and opened already.

    Args:
        found: Problems and remarks so far.
        logs: Each file once.
        known: The sources of the catalogue, with their checkpoints.
        numbering: What new sources get.
        opened: Finds out what lies at a path.
    """
    live = [chain for path in (*found.paths, *found.absent) if (chain := chain_name(path)).live]
    families = dict.fromkeys([str(chain.family) for chain in live] + [str(log.chain.family) for log in logs if log.chain.live])
    beside = missing_generations(families, logs, known, Lookup(opened, numbering.cut))
    logs = without_twins([*logs, *beside.logs])
    claims = Claims(KnownSources(known))
    to_read = claims.settle(logs)
    generations = Generations(known, host=numbering.host, next_id=numbering.next_id)
    items = generations.items(to_read)
    return Plan(items, found.problems + claims.problems, found.remarks + claims.remarks + generations.remarks, beside.is_settled)


def opened_logs(found: Discovery, opened: Callable[[Path], FoundLog], stdin: BinaryIO | None = None) -> list[FoundLog]:
    """The logs that have bytes, each file once however many names lead to it; what cannot be opened is added to the problems."""
    return list(_opened(found, opened, stdin))


def _opened(found: Discovery, opened: Callable[[Path], FoundLog], stdin: BinaryIO | None) -> Iterator[FoundLog]:
    seen: set[FileId] = set()
    openings: list[tuple[str, Callable[[], FoundLog], bool]] = [
        (str(path), partial(opened, path), path in found.explicit) for path in found.paths
    ]
    if found.stdin:
        openings.append(("-", lambda: open_pipe(stdin or sys.stdin.buffer, "-"), True))
    for path, opening, is_named in openings:
        try:
            log = opening()
        except EOFError:
            found.remarks.append(cut_off(path))
        except (OSError, zlib.error) as fault:
            found.problems.append(unreadable(path, fault))
        except SourceError as problem:
            found.problems.append(problem)
        else:
            if log.file_id not in seen and _has_bytes(log, found, is_named=is_named):
                yield log
            if log.file_id is not None:
                seen.add(log.file_id)


def _has_bytes(log: FoundLog, found: Discovery, *, is_named: bool) -> bool:
    if not log.head and is_named and not log.stream.is_cut_off:
        found.remarks.append(f"{log.path}: empty")
    return bool(log.head)
