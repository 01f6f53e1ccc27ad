"""The memory that this process uses."""

from __future__ import annotations

import os
import sys


def resident_bytes() -> int | None:
    """Resident memory of this process; its peak where the system tells nothing else; None where it tells nothing; bytes."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - one read of a few bytes
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return _peak_bytes()


def _peak_bytes() -> int | None:
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
