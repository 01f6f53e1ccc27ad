"""Folders and files that survive a power cut: making, syncing, moving, linking."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from ollalog.core.errors import StoreError


def sync_file(path: Path) -> None:
    """Wait until a file's content is on the disk."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Wait until a folder's names are on the disk: without it a file can be durable and yet have no name."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def sync_folders(paths: Iterable[Path]) -> None:
    """Sync each of the folders once."""
    for path in sorted(set(paths)):
        sync_folder(path)


def make_folder(path: Path) -> None:
    """Make a folder and the parents that it lacks; each new name is synced in its parent."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    sync_folder(path.parent)


def link_over(origin: Path, temporary: Path, target: Path) -> None:
    """Give a file a second name, replacing what had that name in one step; a copy where there are no hard links."""
    temporary.unlink(missing_ok=True)
    try:
        os.link(origin, temporary)
    except OSError:
        shutil.copyfile(origin, temporary)
        sync_file(temporary)
    temporary.replace(target)
    # Renaming a name over another name of the same file does nothing, and leaves both.
    temporary.unlink(missing_ok=True)


def files_below(folder: Path) -> Iterator[Path]:
    """Every file (and link, and other thing that is no folder) below a folder, in no order; none when it is missing."""
    pending = [folder] if folder.is_dir() else []
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(Path(entry.path))
                else:
                    yield Path(entry.path)


def _sync(path: Path, flags: int) -> None:
    file = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def unusable(root: Path, failure: OSError) -> StoreError:
    """The message of a folder that a store cannot be written to."""
    is_full = failure.errno in (errno.ENOSPC, errno.EDQUOT)
    right = "repair its permissions, or choose another store with --store or OLLALOG_STORE"
    return StoreError(
        "the store cannot be written",
        at=str(failure.filename or root),
        found=failure.strerror or str(failure),
        want="a folder on a disk with free space that this user may write",
        fix="free some space and run the same command again: what was committed stays" if is_full else right,
    )
