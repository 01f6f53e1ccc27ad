"""`ollalog doctor`: which logs this machine has, which can be read, how far they were read, and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from ollalog.cli import units
from ollalog.core.printable import printable

if TYPE_CHECKING:
    from ollalog.cli.session import Session


@click.command(short_help="Which logs there are, which can be read, and what to do.")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@click.pass_obj
def doctor(session: Session, /, paths: tuple[str, ...], *, as_json: bool) -> int:
    """Look for logs in the usual places of this machine, or at PATH, and at the store; nothing is read in or changed.

    The exit code is 1 when a log that was found cannot be read.
    """
    from ollalog import health

    found = health.examine(session.store, paths, session.clock)
    click.echo(json.dumps(found) if as_json else "\n".join(printable(line) for line in _told(found)))
    return int(any(not log["is_readable"] for log in found["logs"]))


def _told(found: Mapping[str, Any]) -> Iterator[str]:
    logs, store = found["logs"], found["store"]
    yield f"logs        {units.counted(len(logs), 'log')} found"
    yield from (f"  {_log(log)}" for log in logs)
    if not logs:
        yield from (f"  looked in {folder}" for folder in found["searched"])
    yield f"last event  {found['last_event_at'] or 'none yet'}"
    yield f"zone        this machine's: {found['zone']['machine']}" + _bases(found["zone"]["times"])
    yield f"versions    ollalog {found['ollalog']}; Ollama {', '.join(found['versions']) or 'not known yet'}"
    free = "" if store["free_bytes"] is None else f", {units.size(store['free_bytes'])} free on its disk"
    yield f"store       {store['path']}, {units.size(store['size_bytes'])}{free}"
    writer = store["writer"]
    yield "writer      " + ("process {pid} on {host} ({command}, since {since})".format(**writer) if writer else "none at the moment")
    if store["last_error"]:
        yield f"last error  {store['last_error'].splitlines()[0]}"
    yield from (f"problem     {problem.splitlines()[0]}" for problem in found["problems"])
    yield from (f"do          {suggestion}" for suggestion in found["suggestions"])
    if not found["suggestions"] and not found["problems"]:
        yield "all is well"


def _log(log: Mapping[str, Any]) -> str:
    if not log["is_readable"]:
        return f"{log['path']}: cannot be read ({log['problem']})"
    size = "" if log["size_bytes"] is None else f"{units.size(log['size_bytes'])}, "
    if not log["is_known"]:
        return f"{log['path']}: {size}not read yet"
    rest = log["unread_bytes"]
    state = "read" if rest is None else "read to its end" if rest == 0 else f"{units.size(rest)} not read yet"
    gap = "" if log["gap_bytes"] == 0 else "; bytes were gone before they could be read"
    return f"{log['path']}: {size}{state}{gap}"


def _bases(times: Mapping[str, int]) -> str:
    shown = ", ".join(f"{count:,} by {basis}" for basis, count in times.items())
    return f"; of request times {shown}" if shown else ""


COMMAND = doctor
