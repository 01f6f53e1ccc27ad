"""`ollalog cleanup`: remove what is older, or more, than is to be kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from ollalog.cli import units

if TYPE_CHECKING:
    from ollalog.cli.session import Session


@click.command(short_help="Remove rows that are older, or more, than is to be kept.")
@click.option("--keep-days", type=click.IntRange(min=0), metavar="N", help="Keep today and so many days before it.")
@click.option("--max-rows", type=click.IntRange(min=0), metavar="N", help="Keep at most so many rows of each table.")
@click.option("--max-bytes", metavar="SIZE", help="Keep at most so much of all tables together, like 10GB.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--json", "as_json", is_flag=True, help="Print what was removed as one JSON object.")
@click.pass_obj
def cleanup(session: Session, /, *, dry_run: bool, as_json: bool, **given: Any) -> int:  # noqa: ANN401 - the limits
    """Remove whole UTC days that are over a limit, oldest first; never today's.

    Limits that are not given are those of the settings file: `[retention]` with keep_days, max_rows, max_bytes, and the same for
    single tables, like `[retention.rejects]`. `tail` keeps to them by itself. Of requests their sums by day and model stay, so that
    `daily_trend` goes back further than the rows do. The files are deleted ten minutes later, when nobody can still be reading them.
    """
    from ollalog import cleaning, store
    from ollalog.core.errors import UsageError
    from ollalog.core.retention import read_retention
    from ollalog.runtime import opened_warehouse

    limits = {name: value for name, value in given.items() if value is not None}
    retention = read_retention({**session.settings.retention, **limits})
    if not retention.is_set:
        raise UsageError(
            "there is no limit, so nothing would be removed",
            want="--keep-days, --max-rows, --max-bytes, or a table [retention] in the settings file",
            fix="for instance: ollalog cleanup --keep-days 30 --dry-run",
        )
    with nullcontext() if dry_run else store.open_store(session.store, command="cleanup", clock=session.clock) as opened:
        done = cleaning.clean_up(session.store, opened, retention, opened_warehouse, session.clock.now_utc())
    found = done.as_dict()
    click.echo(json.dumps(found) if as_json else "\n".join(described(found)))
    return 0


def described(found: Mapping[str, Any]) -> Iterator[str]:
    """What went, table by table; `found` is the object that --json prints."""
    if not found["tables"]:
        yield "nothing is over a limit; nothing was removed"
        return
    verb = "would remove" if found["dry_run"] else "removed"
    first, last = found["first_date"], found["last_date"]
    yield f"{verb} {units.counted(found['days'], 'day')}: {first if first == last else f'{first} to {last}'}"
    for name, table in sorted(found["tables"].items()):
        rows, days = units.counted(table["rows"], "row"), units.counted(table["days"], "day")
        yield f"  {name:<16}{rows:>17}  {days:>8}  {units.size(table['bytes']):>9}"
    if not found["dry_run"] and "requests" in found["tables"]:
        yield "the sums of each day and model stay in daily_trend"


COMMAND = cleanup
