"""Whose turn it is when the processor is short: following the logs and sending answers go before working answers out."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

LOWER = 10
LOWEST = 19


def give_way(by: int) -> None:
    """Lower the priority of this thread, and of those that DuckDB starts from it.

    Linux keeps a priority for each thread, whatever POSIX says; elsewhere the whole process would give way, or nothing happens.
    """
    with suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), by)
