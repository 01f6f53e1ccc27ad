"""`ollalog ingest`: read what is there, once, from where the last run stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ollalog.cli import units
from ollalog.cli.exit import finish
from ollalog.cli.parameters import TimeZone
from ollalog.cli.progress import shown_progress
from ollalog.core.machine import work_in_batch

if TYPE_CHECKING:
    from ollalog.cli.session import Session


@click.command(short_help="Read logs into the store, from where the last run stopped.")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
@click.option("--timezone", type=TimeZone(), help="Zone of log times that carry none, like Europe/Berlin or +05:30.")
@click.option("--host", metavar="NAME", help="Machine that the logs are of [this one].")
@click.option("--final", is_flag=True, help="Take a last line that has no end: nothing will follow it.")
@click.option("--hash-clients", is_flag=True, help="Store a hash instead of each client's address.")
@click.option("--rules", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Folder with alert rules of your own.")
@click.option("--no-alerts", is_flag=True, help="Do not search what was read for alerts.")
@click.pass_obj
def ingest(session: Session, /, paths: tuple[str, ...], *, as_json: bool, **given: Any) -> int:  # noqa: ANN401 - as IngestOptions
    """Read server logs and performance.jsonl into the store.

    PATH is a file, a folder, a quoted glob, a .gz, or - for stdin; without PATH the usual places of this machine are read.
    Rotated files of a folder are read oldest first. What was read before is known by its content, not by its name, and is
    not read twice.
    """
    work_in_batch()
    from ollalog import runtime

    options = runtime.IngestOptions(**session.settings.over(given), alerts=session.settings.alerts)
    with shown_progress(session) as events:
        summary = runtime.ingest(session.store, paths, options, clock=session.clock, events=events)
    found = summary.as_dict()
    click.echo(json.dumps(found) if as_json else "\n".join(described(found)))
    return finish(summary.problems, interrupted=summary.interrupted)


def described(found: Mapping[str, Any]) -> Iterator[str]:
    """What was read, where it went and what to do next; `found` is the object that --json prints."""
    if not found["sources"]:
        yield "nothing to read"
        return
    logs = units.counted(len(found["sources"]), "log")
    if found["bytes"]:
        size = f"{units.counted(found['lines'], 'line')} ({units.size(found['bytes'])})"
        yield f"read {size} of {logs} in {found['seconds']:.2f} s"
    else:
        yield f"nothing new in {logs}"
    yield from table_rows(found["rows"])
    yield from _fates(found["fates"])
    yield from _gaps(found["sources"])
    if found["fates"]["row"]:
        yield "next: ollalog report"


def table_rows(rows: Mapping[str, int]) -> Iterator[str]:
    """One line for each table that has rows."""
    for table, number in rows.items():
        hint = '   ollalog sql "SELECT reason, text FROM rejects"' if table == "rejects" and number else ""
        if number:
            yield f"  {table:<14}{number:>12,} {'row' if number == 1 else 'rows'}{hint}"


def _fates(fates: Mapping[str, int]) -> Iterator[str]:
    """What became of the lines that made no row."""
    meanings = {
        "folded": "continue another line",
        "noise": "recognised and not stored (runner output, blank lines)",
        "held": "half a line at the end, which waits for the rest (--final takes it)",
    }
    for fate, meaning in meanings.items():
        if fates.get(fate):
            yield f"  {fate:<14}{fates[fate]:>12,} {meaning}"


def _gaps(sources: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A sentence for each log of which bytes were gone."""
    for source in sources:
        if source["gap_bytes"] != 0:
            lost = "an unknown number of bytes" if source["gap_bytes"] is None else units.size(source["gap_bytes"])
            yield f"  gap: {lost} of {units.shown(source['path'])} were gone before they could be read"


COMMAND = ingest
