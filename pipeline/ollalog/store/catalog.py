"""The SQLite catalogue: opening, transactions and faults. The one durable truth; sole importer of sqlite3."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from ollalog.core.errors import StoreError
from ollalog.store import schema

BUSY_MS = 30_000
ATTEMPTS = 20
T = TypeVar("T")


class Catalog:
    """One connection to the catalogue. Every fault of SQLite becomes a `StoreError`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Every row of one query."""
        with _faults(self._path):
            return self._connection.execute(statement, parameters).fetchall()

    def value(self, statement: str, parameters: Sequence[Any] = ()) -> Any:  # noqa: ANN401 (whatever the column holds)
        """The first column of the first row of one query; None when there is no row."""
        found = self.rows(statement, parameters)
        return found[0][0] if found else None

    def has_table(self, name: str) -> bool:
        """Whether there is a table: a reader may find a catalogue that no writer has brought up to date yet."""
        return self.value("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)) is not None

    def has_column(self, table: str, name: str) -> bool:
        """As `has_table`."""
        return self.value("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", (table, name)) is not None

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement; to be called within `transaction`."""
        with _faults(self._path):
            self._connection.execute(statement, parameters)

    def run_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row; to be called within `transaction`."""
        with _faults(self._path):
            self._connection.executemany(statement, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is run within becomes durable together at its end, or not at all."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.rollback()
            raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read within belongs to one commit."""
        self.run("BEGIN")
        try:
            yield
        finally:
            if self._connection.in_transaction:
                self._connection.rollback()

    def close(self) -> None:
        """Close the connection; the last one to close folds the write-ahead log into the catalogue."""
        self._connection.close()


def open_for_writing(path: Path) -> Catalog:
    """Open the catalogue, making it where there is none; the caller holds the writer's lock.

    Raises:
        StoreError: it is damaged, of a newer version, or its folder cannot be written.
    """
    with _faults(path):
        catalog = Catalog(sqlite3.connect(path, isolation_level=None, check_same_thread=False), path)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MS}"):
            catalog.run(f"PRAGMA {pragma}")
        _make_tables(catalog, path)
    except StoreError:
        catalog.close()
        raise
    return catalog


def read(path: Path, work: Callable[[Catalog], T]) -> T | None:
    """Do some reading of a catalogue that exists, all of it as of one commit.

    Without a write-ahead log beside it nobody writes, and it is opened as immutable, so that a store on a read-only disk
    can be read; should a writer come meanwhile, the work is done again.

    Returns:
        What the work returns; None while the first writer has not yet made the tables.

    Raises:
        StoreError: the catalogue is damaged, or of a newer version.
    """
    for _ in range(ATTEMPTS):
        before = _fingerprint(path)
        try:
            outcome = _read_once(path, work, immutable=not before.has_log)
        except StoreError:
            # Torn pages are what a reader of an "immutable" file sees when a writer came after all.
            if _fingerprint(path) == before:
                raise
            continue
        if before.has_log or _fingerprint(path) == before:
            return outcome
    raise StoreError(
        "the catalogue changed again and again while it was read",
        at=str(path),
        want="a moment without a writer starting or stopping",
        fix="run the command again",
    )


def open_plain(path: Path, statements: Iterable[str]) -> Catalog:
    """Open a small database beside the catalogue for writing, making its tables where there are none; one file, no log beside it.

    Raises:
        StoreError: it is damaged, or its folder cannot be written.
    """
    with _faults(path):
        database = Catalog(sqlite3.connect(path, isolation_level=None, check_same_thread=False), path)
    try:
        for pragma in ("synchronous=FULL", f"busy_timeout={BUSY_MS}"):
            database.run(f"PRAGMA {pragma}")
        with database.transaction():
            for statement in statements:
                database.run(statement)
    except StoreError:
        database.close()
        raise
    return database


def read_plain(path: Path, work: Callable[[Catalog], T]) -> T:
    """Do some reading of such a database, all of it as of one transaction.

    Raises:
        StoreError: it is damaged.
    """
    with _faults(path):
        database = Catalog(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None), path)
    try:
        database.run(f"PRAGMA busy_timeout={BUSY_MS}")
        with database.snapshot():
            return work(database)
    finally:
        database.close()


def _make_tables(catalog: Catalog, path: Path) -> None:
    with catalog.transaction():
        version = _version(catalog, path)
        statements = list(schema.STATEMENTS) if version == 0 else []
        statements += [statement for later, added in schema.UPGRADES.items() if later > version for statement in added]
        for statement in statements:
            catalog.run(statement)
        if version < schema.VERSION:
            catalog.run(f"PRAGMA user_version={schema.VERSION}")


def _read_once(path: Path, work: Callable[[Catalog], T], *, immutable: bool) -> T | None:
    mode = "mode=ro&immutable=1" if immutable else "mode=ro"
    with _faults(path):
        connection = sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, isolation_level=None)
    catalog = Catalog(connection, path)
    try:
        catalog.run(f"PRAGMA busy_timeout={BUSY_MS}")
        with catalog.snapshot():
            return work(catalog) if _version(catalog, path) else None
    finally:
        catalog.close()


@dataclass(frozen=True)
class _Fingerprint:
    """Changes when a writer came while the catalogue was read as immutable."""

    has_log: bool
    inode: int
    size_bytes: int
    changed_ns: int


def _fingerprint(path: Path) -> _Fingerprint:
    found = path.stat()
    return _Fingerprint(path.with_name(f"{path.name}-wal").exists(), found.st_ino, found.st_size, found.st_mtime_ns)


def _version(catalog: Catalog, path: Path) -> int:
    version = int(catalog.value("PRAGMA user_version"))
    if version > schema.VERSION:
        raise StoreError(
            "the store was written by a newer ollalog",
            at=str(path),
            found=f"catalogue version {version}",
            want=f"version {schema.VERSION} or older",
            fix="upgrade ollalog, or choose another store with --store",
        )
    return version


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into one message."""
    try:
        yield
    except sqlite3.Error as fault:
        raise StoreError(
            "the catalogue cannot be used",
            at=str(path),
            found=str(fault),
            want="a catalogue of ollalog on a disk with free space that this user may use",
            fix="free space or repair permissions; if the file is damaged, restore it or ingest into a new --store",
        ) from fault
