"""`ollalog alerts`: what is wrong now, and what was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from ollalog.cli.answers import answered
from ollalog.cli.exit import FOUND
from ollalog.cli.options import with_common_options
from ollalog.core.errors import UsageError
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
DURATIONS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
comment_option = click.option("--comment", default="", metavar="TEXT", help="Why; kept with it.")


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


@click.group("alerts", invoke_without_command=True, short_help="What is wrong now; history, silence, silences, unsilence, ack.")
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
    return _shown(session, _current(session, rows, chosen), form, limit, exit_code=exit_code, empty="no alerts")


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


@click.command("silence")
@click.argument("matchers", nargs=-1, required=True, metavar="MATCHER...")
@click.option("--for", "lasts", required=True, metavar="TIME", help="How long: 30m, 2h, 7d.")
@comment_option
@click.pass_obj
def silence(session: Session, matchers: tuple[str, ...], lasts: str, comment: str) -> int:
    """Let nobody be told of some alerts for a while; they are still evaluated and shown.

    MATCHER is label=value, label!=value, label=~regex or label!~regex; an alert has to meet all of them. Besides its own
    labels an alert has rule, severity and fingerprint.
    """
    from ollalog import alerting

    made = alerting.silence(session.store, matchers, session.clock.now_utc(), _duration(lasts), author=_author(), comment=comment)
    click.echo(f"silence {made.id} until {made.ends_at:%Y-%m-%d %H:%M:%S}Z; to end it: ollalog alerts unsilence {made.id}")
    return 0


@click.command("silences")
@click.option("--all", "past", is_flag=True, help="Those that have ended too.")
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True, help="How to print.")
@click.pass_obj
def silences(session: Session, form: str, *, past: bool) -> int:
    """Show the silences that there are."""
    from ollalog import store

    now = session.clock.now_utc()
    shown = [one for one in store.read_control(session.store).silences if past or one.ends_at > now]
    if form == "json":
        click.echo(
            "[" + ",\n ".join(json.dumps(plain({**vars(one), "matchers": list(one.matchers)}), ensure_ascii=False) for one in shown) + "]"
        )
    elif not shown:
        session.remark("no silences")
    for one in shown if form == "table" else ():
        told = f"{one.id}  until {one.ends_at:%Y-%m-%d %H:%M:%S}Z  {' '.join(one.matchers)}  {one.author}  {one.comment}"
        click.echo(printable(told.rstrip()))
    return 0


@click.command("unsilence")
@click.argument("number", metavar="ID")
@click.pass_obj
def unsilence(session: Session, number: str) -> int:
    """End a silence now."""
    from ollalog import alerting

    alerting.end_silence(session.store, number, session.clock.now_utc())
    click.echo(f"silence {number} has ended")
    return 0


@click.command("ack")
@click.argument("matchers", nargs=-1, required=True, metavar="MATCHER...")
@comment_option
@click.pass_obj
def ack(session: Session, matchers: tuple[str, ...], comment: str) -> int:
    """Say that you know of alerts that fire now: nobody is reminded of them, this time that they fire.

    MATCHER is the fingerprint of an alert, or label=value and so on as for silence.
    """
    from ollalog import alerting
    from ollalog.alerts.matchers import all_fit, matcher

    conditions = [matcher(text if any(sign in text for sign in "=~") else f"fingerprint={text}") for text in matchers]
    rows = answered(session, lambda warehouse: warehouse.query("SELECT * FROM alerts ORDER BY happened_at, fingerprint"))
    chosen = [alert for alert in alerting.firing_alerts(rows) if all_fit(conditions, alert.all_labels)]
    if not chosen:
        raise UsageError("no alert that fires meets this", found=" ".join(matchers), fix="see what fires: ollalog alerts --format json")
    alerting.acknowledge(session.store, chosen, session.clock.now_utc(), author=_author(), comment=comment)
    for alert in chosen:
        click.echo(printable(f"acknowledged {alert.fingerprint}  {alert.rule}  {alert.message}"))
    return 0


for _command in (history, silence, silences, unsilence, ack):
    COMMAND.add_command(with_common_options(_command))


def _author() -> str:
    """Who runs this."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _duration(text: str) -> timedelta:
    """How long a silence lasts."""
    import re

    if not re.fullmatch(r"([0-9]{1,6}[smhdw])+", text) or not any(digit in text for digit in "123456789"):
        raise UsageError("this is no time that a silence can last", at="--for", found=text, want="30m, 2h, 1d12h", fix="write: --for 2h")
    seconds = sum(int(number) * DURATIONS[unit] for number, unit in re.findall(r"([0-9]+)([smhdw])", text))
    return timedelta(seconds=min(seconds, 10 * 366 * 86400))


def _instant(session: Session, name: str, text: str | None) -> datetime | None:
    """The instant of --since or --until."""
    return instant(text, f"--{name}", now=session.clock.now_utc(), zone=None) if text else None


def _current(session: Session, rows: pl.DataFrame, chosen: dict[str, str | None]) -> pl.DataFrame:
    """The last state of each alert, pending and firing unless a state is asked for, with what operators said of it."""
    import polars as pl

    from ollalog import alerting

    last = alerting.standing_alerts(rows)
    shown = _chosen(last if chosen["state"] else last.filter(pl.col("state").is_in(["pending", "firing"])), chosen)
    orders, now = alerting.orders_of(session.store), session.clock.now_utc()
    firing = {alert.fingerprint: alert for alert in alerting.firing_alerts(rows)}
    of_rows = [firing.get(name) for name in shown["fingerprint"].to_list()]
    silenced = [alert is not None and orders.silence_of(alert, now) is not None for alert in of_rows]
    acknowledged = [alert is not None and orders.ack_of(alert) is not None for alert in of_rows]
    marks = (pl.Series("silenced", silenced, pl.Boolean), pl.Series("acknowledged", acknowledged, pl.Boolean))
    return shown.with_columns(*marks)


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
        mark = "".join(f" ({name})" for name in ("replayed", "silenced", "acknowledged") if row.get(name))
        yield printable(f"{when}  {row['state']:<8}  {row['severity']:<8}  {row['rule']:<{width}}  {row['message']}{mark}")
    yield ""
    for rule, recommendation in rows.select("rule", "recommendation").unique(maintain_order=True).iter_rows():
        if recommendation:
            yield printable(f"{rule}: {recommendation}")
