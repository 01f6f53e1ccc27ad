"""`ollalog report`: the performance report."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ollalog.asking import known_model
from ollalog.cli import report_context, report_quality, report_requests, report_speed, report_time, units
from ollalog.cli.answers import EMPTY, answered, is_empty
from ollalog.cli.charts import Charset, charset_of
from ollalog.cli.parameters import TimeZone
from ollalog.cli.report_json import as_json
from ollalog.cli.report_markdown import as_markdown
from ollalog.cli.report_model import Report, Section
from ollalog.cli.report_overview import facts, notes, summary
from ollalog.cli.report_text import as_text
from ollalog.core.errors import UsageError
from ollalog.core.instants import instant

if TYPE_CHECKING:
    from ollalog.cli.session import Session
    from ollalog.warehouse import Warehouse

EMPTY_RANGE = "no request of a model in this range"
ALL_MODELS = "(all)"


@dataclass(frozen=True)
class Asked:
    """What the report is to be about."""

    model: str | None
    since: datetime | None
    until: datetime | None
    timezone: str | None


@click.command("report", short_help="The performance report.")
@click.option("--model", metavar="M", help="Only this model.")
@click.option("--since", metavar="WHEN", help="From then on: 2026-06-21, 2026-06-21T18:00, 24h, 7d, yesterday.")
@click.option("--until", metavar="WHEN", help="Before then.")
@click.option("--timezone", type=TimeZone(), help="Zone of hours and days, like Europe/Berlin [UTC].")
@click.option(
    "--format", "form", type=click.Choice(("text", "json", "markdown")), default="text", show_default=True, help="How to print it."
)
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it with charts, as one file for a browser."
)
@click.pass_obj
def report(
    session: Session, model: str | None, since: str | None, until: str | None, timezone: str | None, form: str, html: Path | None
) -> None:
    """Print how the models perform: latency, speed, failures, loading, trends, and whether the logs were read whole."""
    zone = timezone or session.settings.timezone
    asked = Asked(model, *_range(session, since, until, zone), zone)
    _close_dates(session)
    if html is not None:
        _write_page(session, asked, html)
        return
    made = answered(session, lambda house: build(house, asked), since=asked.since, until=asked.until, timezone=zone)
    if made == EMPTY_RANGE:
        made = f"{EMPTY_RANGE}; {answered(session, reach)}"
    if isinstance(made, str) and form != "json":
        click.echo(made)
        return
    click.echo(_rendered(made if isinstance(made, Report) else Report("", (), {"requests": 0}, (), [made]), form))


def _close_dates(session: Session) -> None:
    """Join the requests of days that are over, once: all that reads them is quick from then on."""
    from ollalog import runtime

    def tell(days: int) -> None:
        session.remark(f"joining requests and runs of {days} {'day' if days == 1 else 'days'}; this is done once")

    runtime.close_dates(session.store, session.clock.now_utc(), tell)


def _write_page(session: Session, asked: Asked, path: Path) -> None:
    """Put the report's page in place in one step.

    Raises:
        UsageError: it cannot be written there.
    """
    from importlib.metadata import version

    from ollalog.asking import Scope
    from ollalog.web.file import report_page

    scope = Scope(since=asked.since, until=asked.until, model=asked.model, timezone=asked.timezone)
    page = report_page(session.store, scope, session.clock.now_utc(), version("ollalog"))
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_text(page, encoding="utf-8")
        fresh.replace(path)
    except OSError as fault:
        found = fault.strerror or str(fault)
        raise UsageError(
            "the report cannot be written", at=str(path), found=found, fix="choose another file: --html report.html"
        ) from fault
    session.remark(f"{path}: {units.size(path.stat().st_size)}; open it in a browser")


def _range(session: Session, since: str | None, until: str | None, zone: str | None) -> tuple[datetime | None, datetime | None]:
    """Both ends of the range, UTC; None: no bound."""
    from ollalog.core.zones import zone_of

    now = session.clock.now_utc()
    place = zone_of(zone) if zone else None
    start = instant(since, "--since", now=now, zone=place) if since else None
    end = instant(until, "--until", now=now, zone=place) if until else None
    if start and end and start >= end:
        raise UsageError("--since is not before --until", found=f"{start:%Y-%m-%d %H:%M} and {end:%Y-%m-%d %H:%M} UTC", fix="swap the two")
    return start, end


def build(house: Warehouse, asked: Asked) -> Report | str:
    """Ask everything that the report says; a sentence instead when there is nothing to report.

    Raises:
        UsageError: no request is of the model that was asked for.
    """
    if is_empty(house):
        return EMPTY
    house.keep_small_tables()
    if asked.model is not None:
        asked = replace(asked, model=known_model(house, asked.model))
    # What switching between models costs is seen in the requests of all models, so before others are left out.
    loading = report_speed.loading(house) if asked.model else None
    # Most sections rest on these views: their joins are made once. What stands on both is little more than they are.
    house.keep_requests(model=asked.model)
    found = summary(house, whole_store=asked.model is None)
    if not found["requests"]:
        return _nothing(house, asked)
    sections = [section for section in _sections(house, asked, found, loading) if section.rows]
    title = f"Performance of {units.shown(asked.model)}" if asked.model else "Performance of the models"
    return Report(title, facts(found, asked.timezone), found, sections, notes(found))


def _sections(house: Warehouse, asked: Asked, found: dict[str, Any], loading: Section | None) -> Iterator[Section]:
    """The sections in the order of the report; those about the whole server only when no model is asked for."""
    yield report_requests.models(house)
    yield report_time.trend(house, found["last_end"] - found["first_start"] if found["last_end"] else timedelta())
    yield report_time.histogram(house, asked.model or ALL_MODELS)
    yield report_requests.operations(house)
    yield report_requests.errors(house)
    made = (
        report_speed.speeds(house),
        report_context.first_tokens(house),
        report_context.context(house),
        loading or report_speed.loading(house),
        report_speed.breakdown(house),
        report_speed.prompts(house),
        report_speed.degradation(house),
    )
    yield from made if asked.model is None else (section.only(asked.model) for section in made)
    yield report_time.week(house)
    yield report_requests.clients(house)
    if asked.model is None:
        yield report_requests.endpoints(house)
        yield report_requests.statuses(house)
        yield report_context.concurrency(house)
        yield report_speed.versions(house)
        yield report_quality.quality(house)


def reach(house: Warehouse) -> str:
    """From when to when the store knows requests of models."""
    ends = house.query("SELECT min(happened_at) AS first_end, max(happened_at) AS last_end FROM model_requests").to_dicts()[0]
    if ends["first_end"] is None:
        return "there is none at any other time either"
    return f"the store has some from {ends['first_end']:%Y-%m-%d %H:%M} to {ends['last_end']:%Y-%m-%d %H:%M} UTC"


def _nothing(house: Warehouse, asked: Asked) -> str:
    """Why there is nothing to report, and what to do."""
    if asked.since or asked.until:
        return EMPTY_RANGE
    if asked.model:
        return f"no request is known to be of model {units.shown(asked.model)}"
    lines = house.query("SELECT sum(lines) AS lines FROM sources").item() or 0
    return f"{units.counted(lines, 'line')} read, but none is a request of a model; see what was read with: ollalog status"


def _rendered(made: Report, form: str) -> str:
    """The report in the format that was asked for."""
    if form == "json":
        return as_json(made)
    if form == "markdown":
        return as_markdown(made, Charset(unicode=charset_of(sys.stdout).unicode))
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return as_text(made, charset_of(sys.stdout), width=shutil.get_terminal_size().columns, colour=colour)


COMMAND = report
