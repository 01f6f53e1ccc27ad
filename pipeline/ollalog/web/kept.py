"""Warehouses that were opened and are asked by nobody: the next question about the same range and machine needs not open the store anew."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass

from ollalog.warehouse import Warehouse

MOST_KEPT = 4
KEPT_BYTES = 256 << 20
"""So much memory do kept warehouses have in all: mostly the footers of the store's files, and small tables."""
KEPT_S = 60.0
"""A warehouse says what was now when it was opened."""

Mark = Hashable
"""Equal as long as the store is the same."""


@dataclass(frozen=True, eq=False)
class Opened:
    """A warehouse, what it was opened for, the store's mark before, and when: seconds that only grow."""

    house: Warehouse
    scope: Hashable
    mark: Mark
    opened_s: float

    def is_old(self, mark: Mark, now_s: float) -> bool:
        """Whether the store has changed since, or too much time passed."""
        return self.mark != mark or now_s - self.opened_s > KEPT_S


class Kept:
    """The kept warehouses; used by many threads. Whoever takes one has it alone, so that no question waits for another."""

    def __init__(self) -> None:
        self._sizes: dict[Opened, int] = {}  # bytes of memory; those that were put longest ago first
        self._lock = threading.Lock()
        self._is_closed = False

    def take(self, scope: Hashable, mark: Mark, now_s: float) -> Opened | None:
        """A warehouse that was opened for this scope of the store as it is; None: there is none."""
        with self._lock:
            found = next((each for each in reversed(self._sizes) if each.scope == scope and not each.is_old(mark, now_s)), None)
            if found is not None:
                del self._sizes[found]
            return found

    def put(self, opened: Opened) -> None:
        """Keep a warehouse, and close those that were put longest ago, beyond the room that there is."""
        size_bytes = opened.house.memory_bytes()
        gone = []
        with self._lock:
            self._sizes[opened] = size_bytes
            while self._sizes and (self._is_closed or len(self._sizes) > MOST_KEPT or sum(self._sizes.values()) > KEPT_BYTES):
                gone.append(next(iter(self._sizes)))
                del self._sizes[gone[-1]]
        _close(gone)

    def has_old(self, mark: Mark, now_s: float) -> bool:
        """Whether `drop_old` would close any."""
        with self._lock:
            return any(each.is_old(mark, now_s) for each in self._sizes)

    def drop_old(self, mark: Mark, now_s: float) -> None:
        """Close those of a store that has changed since, and those of too long ago."""
        with self._lock:
            gone = [each for each in self._sizes if each.is_old(mark, now_s)]
            for each in gone:
                del self._sizes[each]
        _close(gone)

    def close(self) -> None:
        """Close all, and what is put from now on."""
        with self._lock:
            self._is_closed = True
            gone = list(self._sizes)
            self._sizes.clear()
        _close(gone)


def _close(gone: list[Opened]) -> None:
    for each in gone:
        each.house.close()
