"""What must be renewed in a child process: locks that a thread of the parent may have held, file positions that it shares."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Renewable(Protocol):
    """Something with locks or open files of its own."""

    def renew(self) -> None:
        """Take new ones; called in a child process before anything else runs there."""
        ...


_renewables: weakref.WeakSet[Renewable] = weakref.WeakSet()


def renew_at_fork(renewable: Renewable) -> None:
    """Have an object renewed in every child process, as long as it lives."""
    _renewables.add(renewable)


def _renew_all() -> None:
    for renewable in list(_renewables):
        renewable.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
