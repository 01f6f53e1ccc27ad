"""What `doctor` finds: the logs of this machine, whether they can be read and how far they were, the store, and what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ollalog import runtime, sources, store
from ollalog.core import machine
from ollalog.core.batch import SourceSummary
from ollalog.core.clock import Clock

LOW_DISK_BYTES = 1 << 30


def examine(root: Path, paths: Sequence[str], clock: Clock) -> dict[str, Any]:
    """Look at everything, change nothing.

    Args:
        root: The store's folder.
        paths: Logs to look at; none: the usual places of this machine.
        clock: Says when.

    Returns:
        Plain values for JSON; sizes in bytes, instants ISO 8601 with Z, null where not known.

    Raises:
        StoreError: the store is damaged.
    """
    status = store.read_status(root)
    found = sources.survey(paths)
    logs = [_log(place, status.sources) for place in found.places]
    ends = [part.max_time for part in store.read_snapshot(root).parts if part.max_time is not None]
    examined: dict[str, Any] = {
        "ollalog": version("ollalog"),
        "logs": logs,
        "searched": [str(path) for path in found.searched],
        "closed_folders": [str(path) for path in found.closed],
        "problems": [str(problem) for problem in found.problems],
        "store": {
            "path": str(root),
            "size_bytes": status.size_bytes,
            "free_bytes": _free_bytes(root),
            "is_writable": _is_writable(root),
            "writer": None if status.writer is None else vars(status.writer),
            "last_batch": status.batch or None,
            "last_batch_at": _iso(status.committed_at),
            "last_error": status.last_error,
        },
        "last_event_at": _iso(max(ends, default=None)),
        "zone": {"machine": machine.zone_text(), "times": _zones(root, clock) if status.batch else {}},
        "versions": _versions(root, clock) if status.batch else [],
    }
    return examined | {"suggestions": list(_suggestions(examined))}


def _log(place: sources.LogPlace, known: Sequence[SourceSummary]) -> dict[str, Any]:
    read = next((summary for summary in reversed(known) if summary.source.path == place.path), None)
    offset = None if read is None else read.source.offset
    size_bytes = place.size_bytes if place.kind == "file" else None
    return {
        "path": place.path,
        "kind": place.kind,
        "is_readable": place.problem is None,
        "problem": None if place.problem is None else place.problem.found,
        "fix": None if place.problem is None else place.problem.fix,
        "size_bytes": place.size_bytes,
        "offset": offset,
        "unread_bytes": None if size_bytes is None else max(0, size_bytes - (offset or 0)),
        "gap_bytes": None if read is None else read.gap_bytes,
        "is_known": read is not None,
    }


def _zones(root: Path, clock: Clock) -> dict[str, int]:
    """How the zone of access times is known, with the number of requests."""
    with runtime.warehouse(root, now=clock.now_utc()) as warehouse:
        rows = warehouse.query("SELECT tz_basis, count(*) AS requests FROM requests GROUP BY tz_basis ORDER BY tz_basis")
    return dict(rows.iter_rows())


def _versions(root: Path, clock: Clock) -> list[str]:
    """Versions of Ollama that the logs name, in the order in which they were first seen."""
    with runtime.warehouse(root, now=clock.now_utc()) as warehouse:
        rows = warehouse.query("SELECT version FROM versions WHERE version IS NOT NULL GROUP BY version ORDER BY min(started_at)")
    return [str(row[0]) for row in rows.iter_rows()]


def _suggestions(examined: Mapping[str, Any]) -> Iterator[str]:
    """What a person should do, the most urgent first."""
    place = examined["store"]
    if place["free_bytes"] is not None and place["free_bytes"] < LOW_DISK_BYTES:
        yield "free some space: less than 1 GiB is left on the disk of the store"
    if not place["is_writable"]:
        yield "the store's folder cannot be written by this user: choose another with --store or OLLALOG_STORE"
    for log in examined["logs"]:
        if not log["is_readable"]:
            yield f"{log['path']} cannot be read ({log['problem']}): {log['fix']}"
    for folder in examined["closed_folders"]:
        yield f"{folder} cannot be looked into: run as a user who may, for example with sudo"
    if not examined["logs"]:
        yield "no log was found: name one, `ollalog ingest PATH...`; on Linux with systemd see `journalctl -u ollama`"
    unread = [log for log in examined["logs"] if log["unread_bytes"] or (log["is_readable"] and not log["is_known"])]
    if unread and place["writer"] is None:
        yield "there is something new to read: `ollalog ingest` once, or `ollalog tail` from now on"
    if examined["zone"]["times"].get("machine"):
        yield "some times are taken to be in this machine's zone, for their log names none: if that is wrong, say --timezone"
    if place["last_error"] and place["writer"] is None:
        yield "the last run ended with an error, see last_error; `ollalog verify` says whether all is well"


def _free_bytes(root: Path) -> int | None:
    try:
        return shutil.disk_usage(_existing(root)).free
    except OSError:
        return None


def _is_writable(root: Path) -> bool:
    return os.access(_existing(root), os.W_OK)


def _existing(root: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(folder for folder in (root.absolute(), *root.absolute().parents) if folder.exists())


def _iso(instant: Any) -> str | None:  # noqa: ANN401 - a datetime or nothing
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")
