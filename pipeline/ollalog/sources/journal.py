"""The systemd journal as a source: `journalctl` as a child process, a cursor instead of a place in a file.

An entry is one line of JSON. The offset of a line is the length of all lines before it as they were read the first time: a number
that only grows, by which rows are told apart. Where reading goes on is said by the cursor of the last entry, which is kept as the
proof of content at an offset.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from ollalog.core.batch import Block, Checkpoint, Source
from ollalog.core.errors import SourceError
from ollalog.sources.identity import last_checkpoint
from ollalog.sources.item import PlanItem

PREFIX = "journal:"
DEFAULT_UNIT = "ollama.service"
_FIELDS = "MESSAGE,_PID,_HOSTNAME,SYSLOG_IDENTIFIER,_SYSTEMD_UNIT,PRIORITY"
_PIPE_BYTES = 1 << 20


@dataclass(frozen=True)
class Journal:
    """Entries of one unit: of this machine's journal, or of the journal files in a folder."""

    unit: str
    folder: Path | None = None

    @staticmethod
    def named(name: str) -> Journal:
        """What a path like journal:ollama or journal:ollama@/mnt/var/log/journal means."""
        unit, _, folder = name.removeprefix(PREFIX).partition("@")
        unit = unit or DEFAULT_UNIT
        return Journal(unit if "." in unit else f"{unit}.service", Path(folder).absolute() if folder else None)

    @property
    def name(self) -> str:
        """The path by which it is known."""
        return f"{PREFIX}{self.unit}" + (f"@{self.folder}" if self.folder else "")

    def command(self, *options: str) -> list[str]:
        """The command line that prints entries; a long message is printed whole."""
        place = ["--directory", str(self.folder)] if self.folder else []
        wanted = ["--output=json", f"--output-fields={_FIELDS}", "--all", "--quiet", "--no-pager"]
        return ["journalctl", *place, "--unit", self.unit, *wanted, *options]

    @property
    def following(self) -> list[str]:
        """The options with which it waits for more; of this machine's journal it tells no earlier boots then, of a folder all."""
        return ["--follow", "--no-tail", *(["--merge"] if self.folder else [])]

    def is_there(self) -> bool:
        """Whether this machine has a journal with an entry of the unit that we may read."""
        return shutil.which("journalctl") is not None and bool(self._printed("--lines=1").strip())

    def has_entry(self, cursor: str) -> bool | None:
        """Whether the entry of a cursor is still there; None where there is none after it either."""
        printed = self._printed("--lines=1", f"--cursor={cursor}").strip()
        return None if not printed else cursor_of(printed) == cursor

    def _printed(self, *options: str) -> bytes:
        try:
            return subprocess.run(self.command(*options), capture_output=True, check=False, timeout=60).stdout  # noqa: S603 - our own words
        except (OSError, subprocess.TimeoutExpired):
            return b""


def cursor_of(line: bytes) -> str | None:
    """The cursor of an entry; None where a line is none."""
    with suppress(ValueError, TypeError, AttributeError):
        cursor = json.loads(line).get("__CURSOR")
        return cursor if isinstance(cursor, str) else None
    return None


def proven(block: Block) -> Block:
    """A block of entries with the cursor of its last one as the proof at its end."""
    lines = block.data.rstrip(b"\n").rsplit(b"\n", 2)
    cursors = [cursor for line in reversed(lines[-2:]) if (cursor := cursor_of(line))]
    return replace(block, checkpoints=(Checkpoint(block.end, cursors[0]),) if cursors else ())


class JournalStream:
    """The entries behind a cursor, from a child that is started when it is first needed and again when it has ended.

    `journalctl --follow` keeps to the present boot, so a child that reads what is there, of any boot, comes before one that waits.
    """

    kind = "journal"
    is_cut_off = False

    def __init__(self, journal: Journal, source: Source, *, follows: bool) -> None:
        """Begin behind what is committed of a source; with `follows` a child waits for more."""
        proof = last_checkpoint(source)
        self.journal = journal
        self.at = source.offset
        self._cursor = None if proof is None else proof.tail_hash
        self._follows = follows
        self._is_at_end = False
        self._child: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._rest = b""

    @property
    def descriptor(self) -> int | None:
        """What becomes readable when there are new entries."""
        out = self._child.stdout if self._child else None
        return None if out is None else out.fileno()

    def head(self) -> bytes:
        """Nothing: what the journal is, is said by its name."""
        return b""

    def has_news(self) -> bool:
        """Whether entries wait, or nobody is there to say so."""
        descriptor = self.descriptor
        return descriptor is None or bool(select.select([descriptor], [], [], 0)[0])

    def read_from(self, offset: int, chunk_bytes: int) -> JournalReading:
        """What is there now of the entries behind those that were read last.

        Raises:
            OSError: the offset is another, or there is no journalctl.
        """
        if offset != self.at:
            raise OSError("the journal was read beyond what is committed")
        if self._child is None:
            self._start()
        return JournalReading(self, chunk_bytes)

    def chunks(self, chunk_bytes: int) -> Iterator[bytes]:
        """Whole lines, as many as are there; to the end of the journal where nobody waits for more.

        Raises:
            SourceError: journalctl ended with an error.
        """
        while (data := self._read(chunk_bytes)) is not None:
            whole = data.rfind(b"\n") + 1
            self._rest = data[whole:]
            self.at += whole
            if whole:
                last = data[data.rfind(b"\n", 0, whole - 1) + 1 : whole]
                self._cursor = cursor_of(last) or self._cursor
                yield data[:whole]

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._end()

    def _start(self) -> None:
        # journalctl passes over one entry after a cursor, also where the cursor's own entry is gone and it is another.
        is_there = self._cursor is not None and self.journal.has_entry(self._cursor)
        behind = [f"--{'after-' if is_there else ''}cursor={self._cursor}"] if self._cursor else []
        waits = self._follows and self._is_at_end
        self._is_at_end = False
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
        self._child = subprocess.Popen(  # noqa: S603 - our own words
            self.journal.command(*behind, *(self.journal.following if waits else [])),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._said,
            pipesize=_PIPE_BYTES,
        )
        self._rest = b""
        if waits and self._child.stdout is not None:
            os.set_blocking(self._child.stdout.fileno(), False)

    def _read(self, chunk_bytes: int) -> bytes | None:
        """The rest of before and what came since; None where there is no more for now, or no more at all."""
        if self._child is None or self._child.stdout is None:
            return None
        parts, size_bytes = [self._rest], len(self._rest)
        while size_bytes < chunk_bytes:
            try:
                part = os.read(self._child.stdout.fileno(), _PIPE_BYTES)
            except BlockingIOError:
                break
            if not part:
                self._end()
                break
            parts.append(part)
            size_bytes += len(part)
        return b"".join(parts) if size_bytes > len(self._rest) else None

    def _end(self) -> None:
        """The child ended: what it said of an error is raised."""
        child, said = self._child, self._said
        self._child = self._said = None
        if child is None or said is None:
            return
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
        said.seek(0)
        words = said.read(2000).decode(errors="replace").strip()
        said.close()
        self._is_at_end = child.returncode == 0
        if child.returncode > 0:
            raise unreadable_journal(self.journal, words)


class JournalReading:
    """One reading of what is there of a journal."""

    before = b""

    def __init__(self, stream: JournalStream, chunk_bytes: int) -> None:
        self._stream = stream
        self._chunk_bytes = chunk_bytes

    @property
    def chunks(self) -> Iterator[bytes]:
        """Whole lines."""
        return self._stream.chunks(self._chunk_bytes)

    def step_back(self, length_bytes: int) -> bool:
        """What passed by is gone."""
        return False

    def __enter__(self) -> Self:
        """The child runs."""
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        """The child goes on."""


def unreadable_journal(journal: Journal, words: str) -> SourceError:
    """The message of a journal that cannot be read."""
    return SourceError(
        f"{journal.name}: cannot be read",
        at=journal.name,
        found=words or "journalctl ended with an error",
        want="journalctl, and the right to read the system's journal",
        fix="add the user to the group systemd-journal, or run it with sudo; see: journalctl -u " + journal.unit,
    )


def journal_item(journal: Journal, known: Iterable[Source], host: str, next_id: int, *, follows: bool) -> PlanItem:
    """What there is to read of a journal.

    An entry that was read last and is gone was vacuumed, and maybe others that came after it: a gap of unknown size.
    """
    sources = [source for source in known if source.family == journal.name]
    source = sources[-1] if sources else Source(next_id, journal.name, journal.name, "journal", host=host)
    proof = last_checkpoint(source)
    is_vacuumed = proof is not None and journal.has_entry(proof.tail_hash) is False
    stream = JournalStream(journal, source, follows=follows)
    return PlanItem(source, stream, b"", None, end_is_final=False, gap_bytes=None if is_vacuumed else 0)
