"""Every stream once: which log is which known source, which are copies of each other, which are new."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ollalog.core.batch import Source
from ollalog.core.errors import SourceError
from ollalog.sources.found import FoundLog, stored
from ollalog.sources.identity import HEAD_BYTES
from ollalog.sources.matching import KnownSources, same_beginning
from ollalog.sources.problems import cut_off, unreadable

# New logs are sorted by so many first bytes, so that each is compared with few; shorter ones are never taken for copies.
_SORTED_BYTES = 32


@dataclass(frozen=True)
class Claim:
    """A log that is to be read, and the source that it is (None: a new one).

    `keeps_name` is true when the file by which the source is known is still there, so that a copy does not rename it.
    """

    log: FoundLog
    source: Source | None = None
    keeps_name: bool = False


class Claims:
    """Settles what a set of logs is; `problems` and `remarks` say which of them could not be looked into."""

    def __init__(self, known: KnownSources) -> None:
        self.problems: list[SourceError] = []
        self.remarks: list[str] = []
        self._known = known
        self._claims: dict[str, Claim] = {}
        self._new: dict[bytes, list[FoundLog]] = defaultdict(list)

    def settle(self, logs: Sequence[FoundLog]) -> list[Claim]:
        """Tell for every log which source it is; of several that are one stream the longest is kept.

        Returns:
            One claim per stream, in the order of the logs.
        """
        rest = self._settle_continued(logs)
        partners = {claim.source.id: claim.log for claim in self._claims.values() if claim.source is not None}
        for log in sorted(rest, key=_longest_first):
            self._settle_other(log, partners)
        return [self._claims[log.path] for log in logs if log.path in self._claims]

    def _settle_continued(self, logs: Sequence[FoundLog]) -> list[FoundLog]:
        """Settle the logs that hold all that is committed of a source; returns the others."""
        holders: dict[int, list[FoundLog]] = defaultdict(list)
        sources: dict[int, Source] = {}
        rest = []
        for log in logs:
            try:
                readable = self._readable_again(log, logs)
                source = self._known.continued_by(readable)
                # Unpacks what is packed, once, before anything of it is read: damage and missing ends show here.
                _ = readable.size_bytes
            except (OSError, EOFError, zlib.error) as fault:
                self._report(log, fault)
                continue
            if source is None:
                rest.append(readable)
            else:
                holders[source.id].append(readable)
                sources[source.id] = source
        for source_id, copies in holders.items():
            rest.extend(self._settle_copies(sources[source_id], copies))
        return rest

    def _settle_copies(self, source: Source, copies: list[FoundLog]) -> list[FoundLog]:
        """Settle the longest of the logs that hold a source; returns those that go on otherwise than it."""
        longest, *others = sorted(copies, key=lambda log: (_longest_first(log), log.path != source.path))
        keeps_name = longest.path != source.path and (
            any(log.path == source.path for log in others) or self._known.is_where_it_was(source, longest)
        )
        self._claims[longest.path] = Claim(longest, source, keeps_name)
        return [log for log in others if not _is_beginning(log, longest, source.offset)]

    def _settle_other(self, log: FoundLog, partners: dict[int, FoundLog]) -> None:
        """Settle a log that is no known source as a whole: nothing is left of it, or it is new, or a copy of a new one."""
        try:
            begins_alike = self._new[log.head[:_SORTED_BYTES]]
            if self._known.cut_short_by(log, partners) is None and not any(_is_beginning(log, new) for new in begins_alike):
                begins_alike.append(log)
                self._claims[log.path] = Claim(log)
        except (OSError, EOFError, zlib.error) as fault:
            self._report(log, fault)

    def _readable_again(self, log: FoundLog, logs: Sequence[FoundLog]) -> FoundLog:
        """A pipe is kept in a file only when what comes through it may be known already or is short anyway."""
        if log.stored is not None:
            return log
        looks_known = any(self._known.begins_like(log.head)) or any(other.head == log.head for other in logs if other is not log)
        return stored(log) if looks_known or len(log.head) < HEAD_BYTES else log

    def _report(self, log: FoundLog, fault: Exception) -> None:
        if isinstance(fault, EOFError):
            self.remarks.append(cut_off(log.path))
        else:
            self.problems.append(unreadable(log.path, fault))


def _longest_first(log: FoundLog) -> tuple[int, bool]:
    """Longer streams first; of equal ones a plain file before a packed one."""
    return (-(log.size_bytes or 0), log.stream.kind != "file")


def _is_beginning(log: FoundLog, other: FoundLog, start: int = 0) -> bool:
    """Whether a log, from `start` on, holds nothing but the beginning of another."""
    if log.stored is None or other.stored is None or log.stored.size_bytes > other.stored.size_bytes:
        return False
    return other.head.startswith(log.head) and same_beginning(log.stored, other.stored, log.stored.size_bytes, start)
