"""What this machine says of itself: its zone, the user's home; and the secret that a store keeps on it."""

from __future__ import annotations

import os
import secrets
import sys
import time
from contextlib import suppress
from pathlib import Path

from ollalog.core.zones import offset_of, zone_fault

_ARENA_MAX = -8
"""M_ARENA_MAX of malloc.h."""
_SET_BY_USER = frozenset(os.environ)


def home() -> Path | None:
    """The user's home folder; None for a user who has none, as those that systemd makes for a service (DynamicUser)."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def zone_text() -> str:
    """This machine's zone: by name where it says one, else its present offset."""
    name = os.environ.get("TZ", "").lstrip(":") or str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2]
    # POSIX counts the offsets in TZ westwards: what looks like one there is not one of ours
    if name and offset_of(name) is None and zone_fault(name) is None:
        return name
    minutes = time.localtime().tm_gmtoff // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def share_one_heap() -> None:
    """Let all threads take memory from one heap of the C library's: glibc gives each its own, which grows and stays.

    A program that mostly waits is 10 MiB smaller so; elsewhere there is nothing to do.
    """
    import ctypes

    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_ARENA_MAX, 1)


def calm_polars(threads: int = 4) -> None:
    """Let polars have few threads, and heaps for these: how many it has is read when it is imported.

    A block is parsed in hundreds of small steps, and after each of them polars' threads look for more to do before they sleep: on a machine
    of many cores that costs more than the work. Of its heaps, one that a block has left is used by the next, instead of new pages.
    What the user has set stays.
    """
    threads = min(threads, os.cpu_count() or 1)
    ours = {"POLARS_MAX_THREADS": str(threads), "_RJEM_MALLOC_CONF": f"narenas:{max(2, threads)},dirty_decay_ms:2000"}
    os.environ.update({name: value for name, value in ours.items() if name not in _SET_BY_USER})


def work_in_batch() -> None:
    """Be scheduled as work that nobody waits for at a keyboard: no thread that wakes takes the processor from one that works.

    Linux's SCHED_BATCH, which needs no right; elsewhere, or where it is refused, there is nothing to do.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def client_key(root: Path) -> bytes:
    """The secret with which a store hashes clients; made on first use, readable by its owner only."""
    path = root / "client.key"
    root.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        key = secrets.token_bytes(32)
        file.write(key)
    return key
