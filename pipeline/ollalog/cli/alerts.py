"""`ollalog alerts`: what is wrong now, and what was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ollalog.cli.answers import answered
from ollalog.cli.exit import FOUND
from ollalog.cli.options import with_common_options
from ollalog.core.instants import instant
from ollalog.core.printable import printable
from ollalog.core.rows import plain
from ollalog.core.sqlfile import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import polars as pl

    from ollalog.cli.session import Session

STATES = ("pending", "firing", "resolved", "inactive")
SHOWN = 50
COLUMNS = (
    "happened_at", "rule", "fingerprint", "state", "severity", "model", "value", "threshold", "labels", "message", "recommendation",
    "replayed",
)  # fmt: skip


def _filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that both commands take."""
    options = (
        click.option("--severity", type=click.Choice(SEVERITIES), help="Only alerts of this severity or a higher one."),
        click.option("--model", metavar="MODEL", help="Only alerts about this model."),
        click.option("--rule", metavar="RULE", help="Only alerts of this rule."),
        click.option("--state", type=click.Choice(STATES), help="Only this state."),
        click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The newest N only [table 50, json all]."),
        click.option("--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True, help="How to print."),
        click.option("--exit-code", is_flag=True, help="End with 1 when one of them is firing."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group("alerts", invoke_without_command=True, short_help="What is wrong now; `alerts history`: what was.")
@_filters
@click.pass_context
def COMMAND(context: click.Context, /, form: str, limit: int | None, *, exit_code: bool, **chosen: str | None) -> int:  # noqa: N802
    """Show the alerts that are pending or firing.

    Where no live server was followed yet, these are the alerts that stood at the end of the logs that were read.
    """
    if context.invoked_subcommand is not None:
        return 0
    session: Session = context.obj
    rows = answered(session, lambda warehouse: warehouse.query("SELECT * FROM alerts ORDER BY happened_at, fingerprint"))
    return _shown(session, _current(rows, chosen), form, limit, exit_code=exit_code, empty="no alerts")


@click.command("history")
@_filters
@click.option("--since", metavar="WHEN", help="From then on: 2026-06-21, 24h, 7d.")
@click.option("--until", metavar="WHEN", help="Before then.")
@click.pass_obj
def history(
    session: Session, /, form: str, limit: int | None, since: str | None, until: str | None, *, exit_code: bool, **chosen: str | None
) -> int:
    """Show every change of state of every alert; `replayed` ones were found in logs by their own time and told to nobody."""
    first, end = _instant(session, "since", since), _instant(session, "until", until)
    query = "SELECT * FROM alerts ORDER BY happened_at, fingerprint"
    rows = answered(session, lambda warehouse: warehouse.query(query), since=first, until=end)
    return _shown(session, _chosen(rows, chosen), form, limit, exit_code=exit_code, empty="no alerts in this time")


COMMAND.add_command(with_common_options(history))


def _instant(session: Session, name: str, text: str | None) -> datetime | None:
    """The instant of --since or --until."""
    return instant(text, f"--{name}", now=session.clock.now_utc(), zone=None) if text else None


def _current(rows: pl.DataFrame, chosen: dict[str, str | None]) -> pl.DataFrame:
    """The last state of each alert: the live ones, else those of history; pending and firing unless a state is asked for."""
    import polars as pl

    live = rows.filter(~pl.col("replayed"))
    last = (rows if live.is_empty() else live).group_by("fingerprint", maintain_order=True).last().sort("happened_at", "fingerprint")
    return _chosen(last if chosen["state"] else last.filter(pl.col("state").is_in(["pending", "firing"])), chosen)


def _chosen(rows: pl.DataFrame, chosen: dict[str, str | None]) -> pl.DataFrame:
    """The rows that the options ask for, the table's columns without where they lie."""
    import polars as pl

    for column in ("model", "rule", "state"):
        if chosen[column]:
            rows = rows.filter(pl.col(column) == chosen[column])
    if chosen["severity"]:
        rows = rows.filter(pl.col("severity").is_in(SEVERITIES[SEVERITIES.index(chosen["severity"]) :]))
    return rows.select(COLUMNS)


def _shown(session: Session, rows: pl.DataFrame, form: str, limit: int | None, *, exit_code: bool, empty: str) -> int:
    """Print the newest rows; the exit code."""
    firing = "firing" in rows["state"].to_list()
    shown = rows.tail(limit or (SHOWN if form == "table" else rows.height))
    if form == "json":
        objects = ({**row, "labels": json.loads(row["labels"])} for row in shown.iter_rows(named=True))
        click.echo("[" + ",\n ".join(json.dumps(plain(row), ensure_ascii=False) for row in objects) + "]")
    elif shown.is_empty():
        session.remark(empty)
    else:
        click.echo("\n".join(_lines(shown)))
        if shown.height < rows.height:
            session.remark(f"the newest {shown.height} of {rows.height}; ask for more with --limit N")
    return FOUND if exit_code and firing else 0


def _lines(rows: pl.DataFrame) -> Iterator[str]:
    """Aligned lines for people, and what to do about each kind of alert."""
    width = max(len(rule) for rule in rows["rule"].to_list())
    for row in rows.iter_rows(named=True):
        when = f"{row['happened_at']:%Y-%m-%d %H:%M:%S}Z"
        mark = " (replayed)" if row["replayed"] else ""
        yield printable(f"{when}  {row['state']:<8}  {row['severity']:<8}  {row['rule']:<{width}}  {row['message']}{mark}")
    yield ""
    for rule, recommendation in rows.select("rule", "recommendation").unique(maintain_order=True).iter_rows():
        if recommendation:
            yield printable(f"{rule}: {recommendation}")
