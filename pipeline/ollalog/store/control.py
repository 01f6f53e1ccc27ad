"""What operators say of alerts: silences and acknowledgements, in a file of their own that needs no writer's lock."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ollalog.core.layout import StoreLayout
from ollalog.store import catalog as catalogs
from ollalog.store.catalog import Catalog
from ollalog.store.files import make_folder, unusable
from ollalog.store.snapshot import as_instant, as_us

STATEMENTS = (
    """CREATE TABLE IF NOT EXISTS silences (
        id TEXT PRIMARY KEY, matchers TEXT NOT NULL, starts_us INTEGER NOT NULL, ends_us INTEGER NOT NULL, author TEXT NOT NULL,
        comment TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS acks (
        fingerprint TEXT NOT NULL, fired_at TEXT NOT NULL, acked_us INTEGER NOT NULL, author TEXT NOT NULL, comment TEXT NOT NULL,
        PRIMARY KEY (fingerprint, fired_at))""",
)
KEPT_ACKS = 10_000


@dataclass(frozen=True)
class SilenceRow:
    """A silence as it is kept: its matchers as they were written."""

    id: str
    matchers: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    author: str
    comment: str


@dataclass(frozen=True)
class AckRow:
    """An acknowledgement as it is kept: of one alert, this time that it fires."""

    fingerprint: str
    fired_at: str
    acked_at: datetime
    author: str
    comment: str


@dataclass(frozen=True)
class ControlRows:
    """All that operators said."""

    silences: tuple[SilenceRow, ...] = ()
    acks: tuple[AckRow, ...] = ()


def read_control(root: Path) -> ControlRows:
    """What operators said; nothing where nobody did.

    Raises:
        StoreError: the file is damaged.
    """
    path = StoreLayout(root).control
    return catalogs.read_plain(path, _rows) if path.exists() else ControlRows()


def control_stamp(root: Path) -> tuple[int, int]:
    """Changes when operators say something."""
    try:
        found = StoreLayout(root).control.stat()
    except OSError:
        return (0, 0)
    return found.st_mtime_ns, found.st_size


def add_silence(root: Path, silence: SilenceRow) -> None:
    """Keep a silence. Raises StoreError where the file cannot be written."""
    with _writing(root) as control:
        control.run(
            "INSERT INTO silences VALUES (?, ?, ?, ?, ?, ?)",
            (silence.id, json.dumps(silence.matchers), as_us(silence.starts_at), as_us(silence.ends_at), silence.author, silence.comment),
        )


def end_silence(root: Path, number: str, now: datetime) -> bool:
    """Let a silence end now; whether there was one that had not ended. Raises StoreError where the file cannot be written."""
    with _writing(root) as control:
        there = control.value("SELECT count(*) FROM silences WHERE id = ? AND ends_us > ?", (number, as_us(now)))
        control.run("UPDATE silences SET ends_us = ? WHERE id = ? AND ends_us > ?", (as_us(now), number, as_us(now)))
    return bool(there)


def add_acks(root: Path, acks: Iterable[AckRow]) -> None:
    """Keep acknowledgements, the newest of each. Raises StoreError where the file cannot be written."""
    with _writing(root) as control:
        control.run_many(
            "INSERT OR REPLACE INTO acks VALUES (?, ?, ?, ?, ?)",
            [(ack.fingerprint, ack.fired_at, as_us(ack.acked_at), ack.author, ack.comment) for ack in acks],
        )
        control.run("DELETE FROM acks WHERE rowid IN (SELECT rowid FROM acks ORDER BY acked_us DESC LIMIT -1 OFFSET ?)", (KEPT_ACKS,))


def new_id() -> str:
    """A name for a silence that no other has."""
    return secrets.token_hex(4)


@contextmanager
def _writing(root: Path) -> Iterator[Catalog]:
    layout = StoreLayout(root)
    try:
        make_folder(root.absolute())
    except OSError as failure:
        raise unusable(root, failure) from failure
    control = catalogs.open_plain(layout.control, STATEMENTS)
    try:
        with control.transaction():
            yield control
    finally:
        control.close()


def _rows(control: Catalog) -> ControlRows:
    silences = control.rows("SELECT id, matchers, starts_us, ends_us, author, comment FROM silences ORDER BY starts_us, id")
    acks = control.rows("SELECT fingerprint, fired_at, acked_us, author, comment FROM acks ORDER BY acked_us")
    return ControlRows(
        tuple(
            SilenceRow(number, tuple(json.loads(texts)), _instant(start), _instant(end), *rest)
            for number, texts, start, end, *rest in silences
        ),
        tuple(AckRow(name, fired_at, _instant(at), *rest) for name, fired_at, at, *rest in acks),
    )


def _instant(us: int) -> datetime:
    instant = as_instant(us)
    assert instant is not None  # noqa: S101 - written from an instant
    return instant
