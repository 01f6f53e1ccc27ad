"""Which of the known sources a log that was found is: by its content; names and inodes are hints."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ollalog.core.batch import Checkpoint, Source
from ollalog.core.errors import SourceError
from ollalog.sources.coding import coding_of
from ollalog.sources.found import FoundLog, open_file
from ollalog.sources.identity import HEAD_BYTES, checkpoint_at, fingerprint, last_checkpoint, same_head
from ollalog.sources.streams import StoredStream

_COMPARE_BYTES = 1 << 20


class KnownSources:
    """The sources of the catalogue, found by file, by head, by family."""

    def __init__(self, sources: Iterable[Source]) -> None:
        begun = [source for source in sources if source.offset > 0]
        self._by_file: dict[tuple[str, int | None, int | None], list[Source]] = defaultdict(list)
        self._by_head: dict[tuple[int, str], list[Source]] = defaultdict(list)
        self._by_first_line: dict[Checkpoint, list[Source]] = defaultdict(list)
        for source in sorted(begun, key=lambda source: -source.generation):
            self._by_file[source.path, source.device, source.inode].append(source)
            self._by_head[source.head_bytes, source.head_hash].append(source)
            for proof in source.checkpoints[:1]:
                self._by_first_line[proof].append(source)
        self._head_lengths = sorted({source.head_bytes for source in begun}, reverse=True)

    def begins_like(self, head: bytes) -> Iterator[Source]:
        """The sources whose whole known head is that of a stream, the longest known first."""
        for length in self._head_lengths:
            if 0 < length <= len(head):
                yield from self._by_head.get((length, fingerprint(head[:length])), ())

    def with_first_line_of(self, head: bytes) -> Iterator[Source]:
        """The sources of which more of the head is known than a stream has bytes, if the first line is the same."""
        coding = coding_of(head)
        newline = coding.first_newline(head, len(coding.mark))
        end = newline + coding.unit
        if len(head) < HEAD_BYTES and newline >= 0:
            candidates = self._by_first_line.get(checkpoint_at(end, head[:end]), ())
            yield from (source for source in candidates if source.head_bytes > len(head))

    def of_file(self, log: FoundLog) -> Iterator[Source]:
        """The sources that had this name and this inode."""
        if log.file_id is not None:
            yield from self._by_file.get((log.path, log.file_id.device, log.file_id.inode), ())

    def continued_by(self, log: FoundLog) -> Source | None:
        """The source of which a log is at least as much as is committed; None: no such source.

        For a file of the same name and inode the head and the last position are proof enough; for any other, the head and
        every position.
        """
        if log.stored is None:
            return None
        for source in self.of_file(log):
            if _is_itself(source, log.stored, log.head):
                return source
        return next((source for source in self.begins_like(log.head) if _continues(source, log.stored)), None)

    def cut_short_by(self, log: FoundLog, partners: Mapping[int, FoundLog]) -> Source | None:
        """The source of which a log is a beginning that is committed already, so that nothing of it is to be read."""
        if log.stored is None:
            return None
        size_bytes = log.stored.size_bytes
        for source in (*self.begins_like(log.head), *self.with_first_line_of(log.head)):
            if source.offset > size_bytes and _is_beginning(source, log.stored, partners.get(source.id) or _own_file(source, log)):
                return source
        return None

    def is_where_it_was(self, source: Source, log: FoundLog) -> bool:
        """Whether the file in which a source was last seen is another than the log and still holds what is committed."""
        return _own_file(source, log) is not None


def same_beginning(one: StoredStream, other: StoredStream, end: int, start: int = 0) -> bool:
    """Whether two streams have the same bytes from `start` to `end`."""
    left = _windows(one, start, end)
    right = _windows(other, start, end)
    return all(mine == theirs for mine, theirs in zip(left, right, strict=True))


def _windows(stream: StoredStream, start: int, end: int) -> Iterator[bytes]:
    """The bytes of a stretch in pieces of the same lengths for every stream; short where it ends."""
    with stream.read_from(start, _COMPARE_BYTES) as opened:
        rest = b""
        while start < end:
            wanted = min(_COMPARE_BYTES, end - start)
            while len(rest) < wanted and (chunk := next(opened.chunks, b"")):
                rest += chunk
            yield rest[:wanted]
            rest = rest[wanted:]
            start += wanted


def _is_itself(source: Source, stream: StoredStream, head: bytes) -> bool:
    """Whether a file that was known by name and inode still holds what is committed of it."""
    proof = last_checkpoint(source)
    if not same_head(source, head) or proof is None:
        return False
    if stream.kind == "gzip" and stream.believed_to_end_at(source.offset):
        return True
    return stream.size_bytes >= source.offset and stream.holds([proof])


def _continues(source: Source, stream: StoredStream) -> bool:
    proof = last_checkpoint(source)
    return proof is not None and stream.size_bytes >= source.offset and stream.holds(source.checkpoints)


def _is_beginning(source: Source, stream: StoredStream, partner: FoundLog | None) -> bool:
    """Whether a stream is a beginning of a source: byte by byte where a file with the source's bytes is there, else by proofs."""
    if partner is not None and partner.stored is not None:
        return same_beginning(stream, partner.stored, stream.size_bytes)
    proofs = [proof for proof in source.checkpoints if 0 < proof.offset <= stream.size_bytes]
    return (bool(proofs) or stream.size_bytes >= source.head_bytes) and stream.holds(proofs)


def _own_file(source: Source, log: FoundLog) -> FoundLog | None:
    """The file in which a source was last seen, if it is another than the log and still holds what is committed."""
    if source.inode is None or source.path == log.path:
        return None
    path = Path(source.path)
    try:
        own = open_file(path) if path.is_file() else None
        is_own = own is not None and own.stored is not None and _is_itself(source, own.stored, own.head)
    except (SourceError, OSError, EOFError, zlib.error):
        return None
    return own if is_own else None
