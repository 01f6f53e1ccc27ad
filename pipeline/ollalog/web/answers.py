"""Shapes of the JSON answers; the OpenAPI document is made from them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Row = dict[str, Any]


class Answer(BaseModel):
    """What every answer keeps to: nothing that is not described."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    type: str
    title: str = Field(description="what went wrong, in a sentence")
    status: int
    detail: str | None = None
    at: str | None = None
    found: str | None = None
    want: str | None = None
    fix: str | None = Field(None, description="how to mend it")


class Health(Answer):
    """Whether the service is alive."""

    status: Literal["ok"]
    version: str


class OllamaHealth(Answer):
    """Whether Ollama answered when a host was sampled last."""

    available: bool | None = Field(description="null when no sample of the last minute tells")
    sampled_at: str | None
    models_loaded: int | None
    models_total: int | None


class ViewSummary(Answer):
    """One view of the store."""

    name: str
    purpose: str
    grain: list[str]


class ViewList(Answer):
    """All views and tables that can be asked for."""

    views: list[ViewSummary]


class ViewRows(Answer):
    """Rows of one view, instants ISO 8601 with Z, durations integer ns."""

    view: str
    purpose: str
    grain: list[str]
    columns: dict[str, str] = Field(description="column -> its meaning, with its unit")
    rows: list[Row]
    truncated: bool = Field(description="whether there are more rows than the limit")
    batch: int = Field(description="number of the commit that they are as of")


class QueryRows(Answer):
    """Rows of a query."""

    columns: list[str]
    rows: list[Row]
    truncated: bool
    seconds: float = Field(description="time that it took; s")


class Monitoring(Answer):
    """Whether logs are followed and the host is sampled."""

    following: bool = Field(description="whether this service follows the logs")
    sampling: bool = Field(description="whether this service samples the host")
    interval_s: float | None = Field(description="time between two samples; s; null while none are taken")
    writer: str | None = Field(description="who writes to the store; null: nobody")
    note: str | None = Field(description="why it is so, where that is not plain")


class Gpu(Answer):
    """What is known of the GPU."""

    available: bool | None = Field(description="whether one was found; null when nothing tells")
    basis: str = Field(description="what tells")


class SystemHealth(Answer):
    """The last sample of the host and how the store is."""

    last_sample: Row | None
    store_bytes: int
    sources: int
    last_error: str | None


class Summary(Answer):
    """Everything in short."""

    monitoring: Monitoring
    gpu: Gpu
    overview: Row | None = Field(description="view overview")
    models: list[Row] = Field(description="view model_summary, with the score of view model_score")
    system: SystemHealth
    recent_alerts: list[Row] = Field(description="view alert_states, the newest")
    recommendations: list[Row] = Field(description="view recommendations")


class ModelMetrics(Answer):
    """What is known of one model."""

    model: str
    total_requests: int
    successful_requests: int
    failed_requests: int
    success_rate: float | None = Field(description="0 to 1")
    average_response_ms: float | None = Field(description="mean latency of successes; ms")
    performance_score: float | None = Field(description="0 to 10; see view model_score")
    last_used: str | None = Field(description="end of its last request; UTC")
    summary: Row = Field(description="its row of view model_summary")
    score: Row | None = Field(description="its row of view model_score: every component")
    speed: Row | None = Field(description="its row of view model_speed")
    load: Row | None = Field(description="its row of view model_load")
    breakdown: Row | None = Field(description="its row of view latency_breakdown")


class SystemSamples(Answer):
    """Samples of the host."""

    hours: float
    samples: list[Row]
    note: str | None


class AlertList(Answer):
    """Alerts, the newest first."""

    alerts: list[Row]
    total: int


class Acknowledged(Answer):
    """An alert that somebody knows of."""

    fingerprint: str
    rule: str


class Silenced(Answer):
    """A silence."""

    id: str
    matchers: list[str]
    ends_at: str
    comment: str


class SilenceList(Answer):
    """The silences that hold."""

    silences: list[Silenced]


class Status(Answer):
    """How the service is."""

    version: str
    started_at: str
    uptime_s: float
    monitoring: Monitoring
    store: str
    batch: int
    committed_at: str | None
    store_bytes: int
    sources: list[Row] = Field(description="each log with its position and what is unread, bytes")
    lag_bytes: int
    last_error: str | None
    subscribers: int
    events_dropped: int


class Written(Answer):
    """A file that was written."""

    filepath: str
    format: str
    rows: int
    bytes: int


class Removed(Answer):
    """What a cleanup took away."""

    days_to_keep: int
    removed: Row = Field(description="days, and rows and bytes by table, as `ollalog cleanup --json` prints them")
