"""`ollalog reprocess`: parse again from the start and replace, atomically."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
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


@click.command(short_help="Parse logs again from the start and replace their rows.")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@click.option("--json", "as_json", is_flag=True, help="Print what changed as one JSON object.")
@click.option("--timezone", type=TimeZone(), help="Zone of log times that carry none, like Europe/Berlin or +05:30.")
@click.option("--host", metavar="NAME", help="Machine that the logs are of [this one].")
@click.option("--final", is_flag=True, help="Take a last line that has no end: nothing will follow it.")
@click.option("--hash-clients", is_flag=True, help="Store a hash instead of each client's address.")
@click.option("--rules", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Folder with alert rules of your own.")
@click.option("--no-alerts", is_flag=True, help="Do not search what was read for alerts.")
@click.pass_obj
def reprocess(session: Session, /, paths: tuple[str, ...], *, as_json: bool, **given: Any) -> int:  # noqa: ANN401 - as IngestOptions
    """Parse logs again from the start and replace their rows in one step, as after an upgrade of ollalog.

    Without PATH: every log that the store knows. Rows of logs that are gone stay as they are. Readers see the old rows or
    the new ones, never a mixture.
    """
    work_in_batch()
    from ollalog import runtime

    options = runtime.IngestOptions(**session.settings.over(given), alerts=session.settings.alerts)
    with shown_progress(session) as events:
        summary = runtime.reprocess(session.store, paths, options, clock=session.clock, events=events)
    found = summary.as_dict()
    click.echo(json.dumps(found) if as_json else "\n".join(described(found)))
    return finish(summary.problems, interrupted=summary.interrupted)


def described(found: Mapping[str, Any]) -> Iterator[str]:
    """What changed, table by table; `found` is the object that --json prints."""
    if not found["sources"]:
        yield "nothing to parse again: the store knows no log that is still there"
        return
    size = f"{units.counted(found['lines'], 'line')} ({units.size(found['bytes'])})"
    yield f"parsed {size} of {units.counted(len(found['sources']), 'log')} again in {found['seconds']:.2f} s"
    changed = {table: change for table, change in found["tables"].items() if change["added"] or change["removed"] or change["changed"]}
    for table, change in changed.items():
        yield f"  {table:<14}{change['before']:>12,} -> {change['after']:,} rows: " + ", ".join(_steps(change))
    if not changed:
        yield "every row is as it was"


def _steps(change: Mapping[str, int]) -> Iterator[str]:
    """What happened to rows of a table, in words."""
    yield from (f"{change[step]:,} {step}" for step in ("added", "removed", "changed") if change[step])


COMMAND = reprocess
