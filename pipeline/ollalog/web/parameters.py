"""Parameters of the endpoints: query strings and JSON bodies, each with its bounds, and the scope that they ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ollalog.asking import Scope
from ollalog.core.instants import AGE, instant
from ollalog.core.zones import zone_fault, zone_of
from ollalog.web.problems import RequestError

MOST_ROWS = 10_000
MOST_SQL_S = 30.0
# A range that goes with the clock moves on in steps of one of so many parts: within a step answers can be given again.
STEPS = 240
SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}

Text = Annotated[str, StringConstraints(max_length=300)]
Instant = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class Parameters(BaseModel):
    """What every set of parameters keeps to: unknown names are errors."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class NoParameters(Parameters):
    """None."""


class ScopeParameters(Parameters):
    """A range, a machine, a model."""

    since: Instant | None = Field(None, description="from then on: 2026-06-21, 2026-06-21T18:00Z, 24h, 7d, yesterday", examples=["24h"])
    until: Instant | None = Field(None, description="before then; as since")
    model: Text | None = Field(
        None, min_length=1, description="only this model, as Ollama shows it; '(unknown)': requests of no known model"
    )
    host: Text | None = Field(None, min_length=1, description="only this machine")
    timezone: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = Field(
        None, description="zone of local hours and days, like Europe/Berlin or +05:30; UTC where none is given"
    )


class DashboardParameters(ScopeParameters):
    """The scope of a page."""

    range: Literal["auto", "given"] = Field(
        "given", description="auto: without since and until the last day where something happened in it, else all"
    )


class ViewParameters(ScopeParameters):
    """Rows of one view."""

    limit: int = Field(1_000, ge=1, le=MOST_ROWS, description="most rows")
    format: Literal["json", "csv"] = Field("json", description="one object, or comma separated values")


class SystemParameters(Parameters):
    """How far back samples go."""

    hours: float = Field(1.0, gt=0, le=24 * 366, description="so many hours back from now; h")


class MetricsParameters(Parameters):
    """In which format."""

    format: Literal["prometheus", "json"] = Field("prometheus", description="Prometheus text, or one JSON document")


class AlertParameters(Parameters):
    """Which alerts."""

    severity: Literal["low", "medium", "high", "critical"] | None = Field(None, description="this severity or a higher one")
    limit: int = Field(50, ge=1, le=1_000, description="most alerts, the newest first")


class QueryBody(ScopeParameters):
    """A query of a person, and what it is asked of."""

    query: str = Field(min_length=1, max_length=20_000, description="one statement that reads", examples=["FROM model_summary"])
    timeout_s: float = Field(10.0, gt=0, le=MOST_SQL_S, description="it is stopped after so long; s")
    max_rows: int = Field(1_000, ge=1, le=MOST_ROWS, description="most rows")


class MonitoringBody(Parameters):
    """How often to sample."""

    interval: float = Field(5.0, ge=0.5, le=3_600, description="time between two samples; s")


class ExportBody(Parameters):
    """What to write where."""

    format: Literal["json", "csv"] = Field("json", description="one JSON document, or comma separated values")
    filepath: str | None = Field(
        None, min_length=1, max_length=200, description="a file below the export folder; a name of its own where none is given"
    )
    view: str = Field("model_summary", min_length=1, max_length=64, description="which view")


class AckBody(Parameters):
    """Which alert somebody knows of."""

    fingerprint: str = Field(min_length=1, max_length=64, description="of an alert that fires; see alerts")
    comment: Text = Field("", description="kept with it")


class SilenceBody(Parameters):
    """Which alerts nobody is to be told of, and for how long."""

    matchers: list[Text] = Field(
        min_length=1,
        max_length=20,
        description="label=value, label!=value, label=~regex, label!~regex; an alert has to meet all",
        examples=[["rule=slow_response"]],
    )
    minutes: float = Field(120.0, gt=0, le=60 * 24 * 366, description="so long; min")
    comment: Text = Field("", description="why; kept with it")


class UnsilenceBody(Parameters):
    """Which silence ends."""

    id: str = Field(min_length=1, max_length=64, description="of the silence; see silences")


class CleanupBody(Parameters):
    """What to keep."""

    days_to_keep: int = Field(30, ge=1, le=36_500, description="rows older than so many days go; d")


def scope_of(asked: ScopeParameters, now: datetime, zone: str | None) -> Scope:
    """The scope that parameters ask for.

    Args:
        asked: The parameters.
        now: What ages are counted from; aware.
        zone: Zone of the settings; None: UTC.

    Raises:
        RequestError: a time or a zone is none, or the range is empty.
    """
    timezone = asked.timezone or zone
    fault = zone_fault(timezone) if timezone else None
    if fault:
        raise RequestError(400, "timezone: not a zone", found=timezone, want="a name like Europe/Berlin, or +05:30", fix=fault)
    place = zone_of(timezone) if timezone else UTC
    since, until = (
        instant(text, name, now=_step(text, now), zone=place) if text else None
        for name, text in (("since", asked.since), ("until", asked.until))
    )
    if since and until and since >= until:
        found = f"{since:%Y-%m-%d %H:%M} and {until:%Y-%m-%d %H:%M} UTC"
        raise RequestError(400, "since is not before until", found=found, fix="swap the two")
    return Scope(since, until, asked.host, asked.model, timezone)


def _step(text: str, now: datetime) -> datetime:
    """Now, or the last step before it, for a range that goes with the clock."""
    age = AGE.fullmatch(text.strip().lower())
    if age is None:
        return now
    step_s = min(max(int(age[1]) * SECONDS[age[2]] // STEPS, 1), 86_400)
    return now - timedelta(seconds=now.timestamp() % step_s)
