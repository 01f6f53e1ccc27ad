"""Logs that live: which of them have news, whatever is done to them meanwhile.

A file that is followed is held open, so that what was written before a rename, a deletion or a change of rights can still be
read. What a file is by name and size is looked at often, for that is cheap; what it really is, by `plan`, only when that changed.
"""

from __future__ import annotations

import stat as modes
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ollalog.core.batch import Source
from ollalog.core.errors import SourceError
from ollalog.sources.chain import NAMELESS_AGE, ChainName, chain_name
from ollalog.sources.collect import Numbering, free_id, opened_logs, plan_logs
from ollalog.sources.discover import Discovery, discover
from ollalog.sources.followed import Followed, Looks, Moment, again, file_id_at, held_by, is_over, is_quiet
from ollalog.sources.found import FoundLog, open_file
from ollalog.sources.held import HeldGzipStream, HeldStream
from ollalog.sources.identity import last_checkpoint
from ollalog.sources.item import PlanItem
from ollalog.sources.journal import JournalStream, journal_item
from ollalog.sources.packed import GZIP_MAGIC
from ollalog.sources.places import Machine, discover_usual
from ollalog.sources.problems import not_a_log
from ollalog.sources.skipping import skipped_to_end
from ollalog.sources.streams import FileId

MAX_HELD = 256
"""So many files are held open at most; of the others each is opened when it has news."""
QUIET_S = 5.0
"""A rotated file that nobody wrote to for so long is complete: until then its writer may still have it open."""
FORGET_S = 60.0
"""A rotated file is let go of when nobody wrote to it for so long."""
MAX_UNSETTLED = 50
"""So many looks in a row may find files being renamed; after that what was found is believed."""
JOURNAL_EVERY = 24
"""Of so many looks for the usual logs one asks whether the journal has entries of the server by now."""
_LEAST_BUDGET_BYTES = 1 << 20


@dataclass(frozen=True)
class KnownLogs:
    """What the catalogue says, asked for when it is needed: the sources, and the first number that none has."""

    sources: Callable[[], Sequence[Source]]
    next_id: Callable[[], int]


class Follower:
    """Watches paths for ever; `look` says what is to be read now, `note` is told what was.

    `problems` and `remarks` are of the last thorough look; `lag_bytes` is what was not yet read then.
    """

    def __init__(self, paths: Sequence[str], *, host: str, from_end: bool = False) -> None:
        self.problems: list[SourceError] = []
        self.remarks: list[str] = []
        self.lag_bytes = 0
        self._paths = paths
        self._host = host
        self._skips = from_end
        self._held: dict[FileId, HeldStream] = {}
        self._journals: dict[str, JournalStream] = {}
        self._followed: list[Followed] = []
        self._seen: dict[str, tuple[object, ...]] | None = None
        self._is_stale = True
        self._unsettled_looks = 0
        self._journal_asks = 0

    @property
    def folders(self) -> list[Path]:
        """Where news can be expected: folders that are there."""
        named = [Path(path) for path in self._paths]
        folders = [path for path in named if path.is_dir()]
        folders += [path.parent for path in named if not path.is_dir()]
        folders += [Path(followed.item.source.path).parent for followed in self._followed]
        return [folder for folder in dict.fromkeys(map(Path.absolute, folders)) if folder.is_dir()]

    @property
    def descriptors(self) -> list[int]:
        """What becomes readable when a journal has news."""
        return [stream.descriptor for stream in self._journals.values() if stream.descriptor is not None]

    @property
    def log_count(self) -> int:
        """How many logs are followed that may still grow."""
        return sum(followed.live for followed in self._followed)

    @property
    def is_behind(self) -> bool:
        """Whether more is there than the last turn read, and can be read at once: nothing waits for the end of an older line."""
        waiting = {followed.item.source.family for followed in self._followed if followed.is_held and not followed.live}
        unread = (followed for followed in self._followed if followed.looks is None)
        return self._is_stale or any(followed.item.source.family not in waiting for followed in unread)

    def look(self, known: KnownLogs, moment: Moment, *, thorough: bool, budget_bytes: int) -> list[PlanItem]:
        """Say what has news.

        Args:
            known: The catalogue.
            moment: Now.
            thorough: Look for new files too, not only at those that are followed.
            budget_bytes: About as much is to be read of all of them together in this turn.

        Returns:
            What is to be read, in order; of a log whose rotated generation is not read to its end only that generation.
        """
        if (thorough or self._is_changed()) and not self._survey(known):
            return []
        items = [followed.item for followed in self._to_read(moment, thorough=thorough)]
        for item in items:
            item.budget_bytes = max(_LEAST_BUDGET_BYTES, budget_bytes // len(items))
        return items

    def note(self, items: Sequence[PlanItem], committed: Mapping[int, Source]) -> None:
        """Take in what became of a turn's items; `committed` are the sources as the catalogue has them now."""
        by_item = {id(followed.item): followed for followed in self._followed}
        for item in items:
            followed, result = by_item[id(item)], item.result
            if result is None or result.is_cut:
                followed.looks = None
            if result is not None:
                self._is_stale |= result.is_stale
                followed.has_failed = result.problem is not None and not result.is_stale
                followed.is_complete = result.problem is None and not result.is_cut and not result.held
                followed.is_held = result.held
                self.problems += [result.problem] if result.problem is not None and not result.is_stale else []
            is_committed = item.source.id in committed
            source = committed.get(item.source.id, item.source)
            followed.item = again(item, _thinned(source), gap_bytes=0 if is_committed else item.gap_bytes)
            if isinstance(item.stream, JournalStream) and item.stream.at != source.offset:
                self._restart(item.stream, followed)
        self._unfollow([followed for followed in self._followed if is_over(followed)])

    def forget(self) -> None:
        """A commit failed: what was handed out since the last one is to be looked at anew."""
        self._is_stale = True
        self._seen = None
        self._followed = []
        self._journal_asks = 0
        self._close_journals()

    def close(self) -> None:
        """Let all files go."""
        for held in self._held.values():
            held.close()
        self._held.clear()
        self._close_journals()

    def _is_changed(self) -> bool:
        """Whether what is followed is, by name and size, no longer what it was."""
        if self._is_stale or any(followed.has_changed() for followed in self._followed):
            return True
        followed_streams = {id(held_by(followed.item)) for followed in self._followed}
        return any(held.size_bytes > 0 for held in self._held.values() if id(held) not in followed_streams)

    def _to_read(self, moment: Moment, *, thorough: bool) -> list[Followed]:
        """What has news or never was read to its end; in each family only up to the first that is not read to its end."""
        chosen: list[Followed] = []
        waiting: set[str] = set()
        forgotten: list[Followed] = []
        lag_bytes = 0
        for followed in self._followed:
            looks = followed.looks_now()
            family = followed.item.source.family
            if looks is None or family in waiting:
                continue
            lag_bytes += max(0, looks[0] - followed.item.source.offset) if followed.item.stream.kind == "file" else 0
            has_news = looks != followed.looks
            if has_news:
                followed.changed_s = moment.at_s
            if not (followed.live or followed.is_complete or followed.has_failed):
                waiting.add(family)
            is_final = not followed.live and (followed.item.stream.kind == "gzip" or is_quiet(followed, looks, moment, QUIET_S))
            if has_news or (followed.is_held and is_final) or (followed.has_failed and thorough):
                followed.item.end_is_final = is_final
                followed.looks = looks
                chosen.append(followed)
            elif self._is_forgotten(followed, looks, moment):
                forgotten.append(followed)
        self.lag_bytes = lag_bytes
        self._unfollow(forgotten)
        return chosen

    def _survey(self, known: KnownLogs) -> bool:
        """Find out what there is, by content, if anything changed since this was last done.

        Returns:
            False where files were given other names meanwhile, as rotation does: then nothing can be said, and nothing is to
            be read, until they stay; but not for ever.
        """
        found = self._discovered()
        places = _places(found)
        seen = {str(path): self._signature(path) for path in found.paths}
        seen |= {journal.name: () for journal in found.journals}
        if seen == self._seen and not self._is_changed():
            return True
        sources = known.sources()
        held = list(self._held_logs())
        cut = frozenset(followed.item.source.family for followed in self._followed if followed.is_cut_in_place())
        logs = opened_logs(found, self._open)
        present = {log.file_id for log in logs}
        logs += [log for log in held if log.file_id not in present and log.head]
        plan = plan_logs(found, logs, sources, Numbering(self._host, known.next_id(), cut), self._open)
        if self._unsettled_looks < MAX_UNSETTLED and not (plan.is_settled and places == _places(self._discovered())):
            self._unsettled_looks += 1
            self._is_stale = True
            return False
        self._unsettled_looks = 0
        before = {followed.item.source.id: followed for followed in self._followed}
        by_id = {source.id: source for source in sources}
        news = [item for item in plan.items if not _is_done(item, by_id.get(item.source.id))]
        news += self._journal_items(found, sources, free_id(known.next_id(), plan.items))
        self._followed = [self._follow(item, before.get(item.source.id), by_id) for item in news]
        self.problems, self.remarks = list(plan.problems), list(plan.remarks)
        self._skips = False
        self._is_stale = False
        self._drop_unused(found)
        self._seen = {str(path): self._signature(path) for path in found.paths} | {journal.name: () for journal in found.journals}
        return True

    def _journal_items(self, found: Discovery, known: Sequence[Source], next_id: int) -> list[PlanItem]:
        """The journals, each with the child that reads it already, if there is one."""
        items = []
        for journal in dict.fromkeys(found.journals):
            stream = self._journals.get(journal.name)
            if stream is not None and (followed := self._follower_of(stream)) is not None:
                items.append(followed.item)
                continue
            item = journal_item(journal, known, self._host, free_id(next_id, items), follows=True)
            if isinstance(item.stream, JournalStream):
                self._journals[journal.name] = item.stream
            items.append(item)
        return items

    def _follower_of(self, stream: JournalStream) -> Followed | None:
        return next((followed for followed in self._followed if followed.item.stream is stream), None)

    def _restart(self, stream: JournalStream, followed: Followed) -> None:
        """More was read than is committed: begin again behind what is."""
        stream.close()
        followed.item.stream = JournalStream(stream.journal, followed.item.source, follows=True)
        followed.looks = None
        self._journals[stream.journal.name] = followed.item.stream

    def _close_journals(self) -> None:
        for stream in self._journals.values():
            with suppress(SourceError):
                stream.close()
        self._journals.clear()

    def _discovered(self) -> Discovery:
        if self._paths:
            return discover(self._paths)
        machine = Machine.this()
        # To ask for the journal is to start a program, so it is asked for now and then, and never again once it was there.
        asks = not self._journals and self._journal_asks % JOURNAL_EVERY == 0
        self._journal_asks += 1
        found = discover_usual(machine if asks else replace(machine, journal=None))
        found.journals += [stream.journal for stream in self._journals.values()]
        return found

    def _follow(self, item: PlanItem, before: Followed | None, known: Mapping[int, Source]) -> Followed:
        if self._skips and item.source.offset == 0 and item.source.id not in known:
            item = skipped_to_end(item)
        live = not item.end_is_final
        item.source = _thinned(item.source)
        if before is not None and before.item.stream is item.stream and before.item.source.offset == item.source.offset:
            is_renamed = before.item.source.path != item.source.path
            looks = None if is_renamed else before.looks
            return Followed(item, live, looks, before.changed_s, before.is_complete, before.is_held)
        return Followed(item, live)

    def _open(self, path: Path) -> FoundLog:
        """What lies at a path, held open from now on; a file that is held already is that one.

        Raises:
            OSError, EOFError, zlib.error, SourceError: as `open_file`.
        """
        found = path.stat()
        if modes.S_ISFIFO(found.st_mode) or modes.S_ISCHR(found.st_mode):
            raise not_a_log(path, "a pipe, which passes by once: read it with `ollalog ingest`")
        held = self._held.get(FileId.of(found))
        if not modes.S_ISREG(found.st_mode) or (held is None and len(self._held) >= MAX_HELD):
            return open_file(path)
        if held is None:
            held = HeldStream(path)
            self._held[held.file_id] = held
        held.path = path
        return _log_of(held, chain_name(path), held.file_id)

    def _held_logs(self) -> Iterator[FoundLog]:
        for held in list(self._held.values()):
            with suppress(OSError, EOFError, zlib.error):
                yield _as_log(held)

    def _signature(self, path: Path) -> tuple[object, ...]:
        """What has to stay the same at a path for it to need no new look; of what is held only which file it is."""
        try:
            found = path.stat()
        except OSError as fault:
            return (fault.errno,)
        file_id = FileId.of(found)
        if file_id in self._held:
            return (file_id.device, file_id.inode)
        return (file_id.device, file_id.inode, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def _drop_unused(self, found: Discovery) -> None:
        """Let go of files that are no source, unless they are empty and may become one."""
        used = {id(held_by(followed.item)) for followed in self._followed}
        places = {file_id_at(path) for path in found.paths}
        for file_id, held in list(self._held.items()):
            if id(held) not in used and (held.size_bytes > 0 or file_id not in places):
                self._let_go(held)

    def _is_forgotten(self, followed: Followed, looks: Looks, moment: Moment) -> bool:
        """Whether a rotated file, read to its end, can be let go: a later generation is followed, and it was quiet for long."""
        family = followed.item.source.family
        is_followed_by = any(other.live and other.item.source.family == family for other in self._followed)
        return not followed.live and followed.is_complete and is_followed_by and is_quiet(followed, looks, moment, FORGET_S)

    def _unfollow(self, ended: Sequence[Followed]) -> None:
        for followed in ended:
            self._followed.remove(followed)
            self._let_go(held_by(followed.item))

    def _let_go(self, held: HeldStream | None) -> None:
        """Close a file; what is remembered of its path is what it looks like, so that a change of it is seen."""
        if held is not None:
            del self._held[held.file_id]
            held.close()
            if self._seen is not None and str(held.path) in self._seen:
                self._seen[str(held.path)] = self._signature(held.path)


def _places(found: Discovery) -> dict[Path, FileId | None]:
    """Which file lies at each path now."""
    return {path: file_id_at(path) for path in found.paths}


def _as_log(held: HeldStream) -> FoundLog:
    """A held file as a log that was found under the name that it has now; without a name it is older than all that have one."""
    place = held.place
    if place is None:
        return _log_of(held, ChainName(chain_name(held.path).family, (NAMELESS_AGE, held.stat().st_mtime_ns, 0), live=False), None)
    held.path = place
    return _log_of(held, chain_name(place), held.file_id)


def _log_of(held: HeldStream, chain: ChainName, file_id: FileId | None) -> FoundLog:
    """A held file as a log that was found.

    Raises:
        EOFError, zlib.error, OSError: it is packed, and cut off or damaged.
    """
    path = str(held.path) if file_id is not None else f"{held.path} (deleted, inode {held.file_id.inode})"
    packed_head = held.head()
    if packed_head.startswith(GZIP_MAGIC):
        packed = HeldGzipStream(held)
        return FoundLog(path, packed, packed, packed.head(), chain, file_id)
    if held.path.suffix == ".gz" and 0 < len(packed_head) < len(GZIP_MAGIC):
        raise EOFError
    return FoundLog(path, held, held, packed_head, chain, file_id)


def _is_done(item: PlanItem, known: Source | None) -> bool:
    """Whether nothing can be new of an item: it is packed, read to its end, and the catalogue has its name."""
    return item.stream.kind == "gzip" and item.unread_bytes == 0 and known == item.source


def _thinned(source: Source) -> Source:
    """A source with the last of its proofs only: the catalogue has the others."""
    proof = last_checkpoint(source)
    return replace(source, checkpoints=() if proof is None else (proof,))
