"""The data dictionary: every table, column, type, unit and meaning. Where a column is born."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

INSTANT, INTEGER, REAL, TEXT, FLAG = "TIMESTAMPTZ", "BIGINT", "DOUBLE", "VARCHAR", "BOOLEAN"


@dataclass(frozen=True)
class Column:
    """One column: its name, DuckDB type and meaning (with unit)."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """One table: its grain, the column that dates its rows, and its columns in order."""

    name: str
    grain: str
    time: str
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns in the order of the Parquet files."""
        return tuple(column.name for column in self.columns)


ORIGIN = (
    Column("batch", INTEGER, "number of the commit that wrote the row"),
    Column("source", INTEGER, "byte stream that the row was read from: one generation of a file, a unit of the journal"),
    Column("byte_offset", INTEGER, "where the row's line begins in its source; bytes"),
    Column("host", TEXT, "machine that the log is of"),
    Column("session", TEXT, "server run that the line belongs to; null before the first known start"),
)


def _columns(text: str) -> tuple[Column, ...]:
    """One column a line: name, type, meaning."""
    rows = (line.split(None, 2) for line in text.strip().splitlines())
    return (*ORIGIN, *(Column(name, kind, meaning) for name, kind, meaning in rows))


REQUESTS = Table(
    "requests",
    "HTTP request in the server log",
    "ended_at",
    _columns("""
        ended_at              TIMESTAMPTZ  end of the request; UTC, whole seconds
        started_at            TIMESTAMPTZ  ended_at less latency; UTC
        latency_ns            BIGINT       time from request to the end of the reply; ns
        latency_resolution_ns BIGINT       step that the logged latency is cut to; ns
        status                BIGINT       HTTP status code
        method                VARCHAR      HTTP method
        path                  VARCHAR      path without its query, unquoted
        route                 VARCHAR      path with digests and model names replaced by templates
        operation             VARCHAR      what the route does: generate, chat, embed, list, ...
        client                VARCHAR      address of the client; null when the log has none
        tz_basis              VARCHAR      how the zone of ended_at is known: slog, option, lookahead, envelope, machine
    """),
)
INFERENCES = Table(
    "inferences",
    "model run, as measured inside",
    "happened_at",
    _columns("""
        happened_at              TIMESTAMPTZ  end of the run; UTC
        origin                   VARCHAR      performance_jsonl, server_log or api_response
        model                    VARCHAR      name as Ollama shows it; null when not known
        operation                VARCHAR      generate, chat or embed; null when not known
        success                  BOOLEAN      whether the run came to its end
        error                    VARCHAR      error text
        error_type               VARCHAR      timeout, connection_failed, invalid_model, resource_exhausted, ...
        total_ns                 BIGINT       whole duration; ns
        load_ns                  BIGINT       scheduling and loading of the model; ns
        prompt_eval_ns           BIGINT       evaluation of the prompt; ns
        eval_ns                  BIGINT       generation; ns
        prompt_tokens            BIGINT       tokens of the prompt, cached ones included
        cached_tokens            BIGINT       tokens of the prompt found in the cache
        generated_tokens         BIGINT       tokens generated
        tokens_per_second        DOUBLE       generated_tokens / eval_ns; 1/s
        prompt_tokens_per_second DOUBLE       (prompt_tokens - cached_tokens) / prompt_eval_ns; 1/s
        done_reason              VARCHAR      stop, length, load or unload
        truncated                BOOLEAN      whether the context overflowed
        context_length           BIGINT       tokens of the context window
        temperature              DOUBLE       sampling temperature
        top_p                    DOUBLE       nucleus sampling bound
        memory_bytes             BIGINT       memory used; bytes
        gpu_ratio                DOUBLE       utilisation of the GPU, 0 to 1
        model_bytes              BIGINT       size of the model; bytes
        model_blob               VARCHAR      first 12 hex digits of the model file's digest; null when not known
        slot                     BIGINT       slot of the runner that the run took; null outside the server log
    """),
)
PAIRS = Table(
    "pairs",
    "decision which run in the log belongs to which request",
    "happened_at",
    _columns("""
        happened_at    TIMESTAMPTZ  end of the request; UTC
        run_source     BIGINT       source of the run's row in inferences
        request_offset BIGINT       byte offset of the request's row in requests; its source is the row's own
        run_offset     BIGINT       byte offset of the run's row in inferences
        confidence     VARCHAR      certain (no other candidate near) or likely
    """),
)
SERVER_EVENTS = Table(
    "server_events",
    "thing that the server said happened",
    "happened_at",
    _columns("""
        happened_at TIMESTAMPTZ  when; UTC; the last time seen before it where the line has none
        level       VARCHAR      TRACE, DEBUG, INFO, WARN or ERROR
        event       VARCHAR      server_started, model_load_started, model_loaded, model_evicted, ...; other
        model       VARCHAR      model that the line names; null for a mere file
        duration_ns BIGINT       duration that the line tells; ns
        value       DOUBLE       number that the line tells, in the unit of its event
        message     VARCHAR      the line's message
        attrs       VARCHAR      the line's attributes as a JSON object; INFO and above only
    """),
)
EXECUTIONS = Table(
    "executions",
    "request, task, tool, agent, node, graph or model load that a program recorded when it ended",
    "happened_at",
    _columns("""
        happened_at  TIMESTAMPTZ  end of it; UTC
        kind         VARCHAR      request, task, tool, agent, node, graph or model_load
        name         VARCHAR      model of a request or load; tool, node or graph; identifier of an agent; null for a task
        title        VARCHAR      name of an agent for people
        parent       VARCHAR      identifier of the agent that used a tool
        graph        VARCHAR      graph that it is part of
        request_type VARCHAR      what a request is for: generate, chat, embed, ...
        status       VARCHAR      success, timeout or error
        duration_ns  BIGINT       how long it took; null where only its failure was recorded; ns
        error        VARCHAR      error text, its first 2,048 characters
        error_type   VARCHAR      timeout, connection_failed, invalid_model, resource_exhausted, ...
        input_bytes  BIGINT       size of what went in; bytes
        output_bytes BIGINT       size of what came out; bytes
        retries      BIGINT       attempts beyond the first
        event        VARCHAR      event of events.jsonl that says so: latency, request_ended, error, task, tool, ...
        pid          BIGINT       process that recorded it
    """),
)
SIGNALS = Table(
    "signals",
    "thing other than an execution that a program recorded: cache, queue, breaker, rate limit, tokens, ...",
    "happened_at",
    _columns("""
        happened_at   TIMESTAMPTZ  when; UTC
        kind          VARCHAR      event of events.jsonl: request, request_started, tokens, cache, breaker, queue_size, ...
        name          VARCHAR      what it is about: model, cache, queue, breaker, rate limit or operation
        graph         VARCHAR      graph that a request or its tokens belong to
        outcome       VARCHAR      hit or miss of a cache, state of a breaker, type of a request
        value         DOUBLE       queue_size: entries; queue_workers: workers; count
        duration_ns   BIGINT       queue_wait, rate_limit: how long was waited; ns
        input_tokens  BIGINT       tokens: those of the prompt
        output_tokens BIGINT       tokens: those generated
        labels        VARCHAR      system_info: what the program says of itself, as a JSON object
        pid           BIGINT       process that recorded it
    """),
)
RESOURCE_SAMPLES = Table(
    "resource_samples",
    "sample of a host, of one of its GPUs, or of a process",
    "happened_at",
    _columns("""
        happened_at            TIMESTAMPTZ  when; UTC
        scope                  VARCHAR      host (its GPUs together), gpu (one of them) or process
        name                   VARCHAR      of a GPU: its index and model; of a process: its number
        interval_ns            BIGINT       time since the sample before, for what is counted since then; ns
        cpu_ratio              DOUBLE       use of the processor: 0 to 1 of all cores for a host, of one core for a process
        memory_bytes           BIGINT       memory in use; bytes
        memory_ratio           DOUBLE       share of the memory in use; 0 to 1
        memory_available_bytes BIGINT       memory that can be had without swapping; bytes
        threads                BIGINT       threads of the process
        gpu_ratio              DOUBLE       use of the GPU, of the busiest one for a host; 0 to 1
        gpu_memory_bytes       BIGINT       GPU memory in use; bytes
        gpu_memory_total_bytes BIGINT       GPU memory that there is; bytes
        gpu_power_w            DOUBLE       power that is drawn; W
        gpu_energy_j           DOUBLE       energy since the sample before; J
        gpu_temperature_c      DOUBLE       temperature, of the hottest one for a host; degrees Celsius
        disk_ratio             DOUBLE       share of the disk of the store in use; 0 to 1
        disk_read_bytes        BIGINT       read from disks since the sample before; bytes
        disk_write_bytes       BIGINT       written to disks since the sample before; bytes
        network_bytes          BIGINT       received and sent since the sample before; bytes
        connections            BIGINT       connections to the port of Ollama; null where they may not be seen
        models_loaded          BIGINT       models that Ollama holds in memory
        models_total           BIGINT       models that Ollama has
        model_memory_bytes     BIGINT       memory of the loaded models, as Ollama says; bytes
        is_available           BOOLEAN      whether Ollama answered
    """),
)
REJECTS = Table(
    "rejects",
    "line that could not be used",
    "read_at",
    _columns("""
        read_at      TIMESTAMPTZ  when it was read; UTC
        format       VARCHAR      format that claimed the line; null when none did
        reason       VARCHAR      what was wrong with it
        text         VARCHAR      its first 2 KiB
        length_bytes BIGINT       its length; bytes
        happened_at  TIMESTAMPTZ  last time that a line before it in the log tells; null when none does; UTC
    """),
)
# No line makes them: `source` is 0, and `byte_offset` a number that is the same whenever the same change is found again.
ALERTS = Table(
    "alerts",
    "change of the state of an alert",
    "happened_at",
    _columns("""
        happened_at    TIMESTAMPTZ  tick at which it changed; UTC
        rule           VARCHAR      rule that it is of
        fingerprint    VARCHAR      identity of the alert: hash of rule and labels
        state          VARCHAR      pending, firing, resolved, or inactive: what was pending did not last
        severity       VARCHAR      low, medium, high or critical
        model          VARCHAR      model that it is about; null when it is about none
        value          DOUBLE       what the rule measured, in its unit; of the last bad tick when it ended
        threshold      DOUBLE       threshold of the rule then, in the same unit; null when it has none
        labels         VARCHAR      what it is about, as a JSON object
        message        VARCHAR      what is wrong, in a sentence
        recommendation VARCHAR      what to do about it
        replayed       BOOLEAN      whether it was found in history, by the data's own time; nobody was told
    """),
)
# What is left of requests when retention takes their rows away: sums that can be added up, and the percentiles of the day.
DAY_ROLLUPS = Table(
    "day_rollups",
    "UTC day and model of which the requests were removed",
    "happened_at",
    _columns("""
        happened_at         TIMESTAMPTZ  start of the day; UTC
        model               VARCHAR      as in view daily_trend
        requests            BIGINT       requests, failed ones included
        successes           BIGINT       requests that went well
        latency_ns          BIGINT       latency of all successes; ns
        min_ns              BIGINT       shortest latency of successes; ns
        max_ns              BIGINT       longest latency of successes; ns
        p50_ns              BIGINT       median latency of successes; ns
        p90_ns              BIGINT       90th percentile of it; ns
        p95_ns              BIGINT       95th percentile of it; ns
        p99_ns              BIGINT       99th percentile of it; ns
        loads               BIGINT       successes that tell their load time
        load_ns             BIGINT       load time of these; ns
        prompt_tokens       BIGINT       prompt tokens of all requests; null when none tells
        generated_tokens    BIGINT       generated tokens of all requests; null when none tells
        timed_tokens        BIGINT       generated tokens of successes that tell how long it took
        eval_ns             BIGINT       how long that took; ns
        timed_prompt_tokens BIGINT       evaluated prompt tokens of successes that tell how long it took
        prompt_eval_ns      BIGINT       how long that took; ns
    """),
)
RECORDED_TABLES = (EXECUTIONS, SIGNALS, RESOURCE_SAMPLES)
TABLES: Mapping[str, Table] = {
    table.name: table for table in (REQUESTS, INFERENCES, PAIRS, SERVER_EVENTS, *RECORDED_TABLES, REJECTS, ALERTS, DAY_ROLLUPS)
}
# Rows that no line of a log makes: no source is read for them, and the ledger does not count them.
DERIVED_TABLES = ("alerts", "day_rollups")
# What a request is told by: rows that are kept and removed together, and of whose days sums are left.
SUMMED_TABLES = ("requests", "inferences", "pairs")
# What the server said once holds until it says otherwise.
LASTING_EVENTS = (
    "server_config",
    "server_started",
    "model_load_started",
    "model_loaded",
    "model_named",
    "runners_counted",
    "model_load_failed",
    "layers_offloaded",
    "runner_crashed",
)

# Columns that came after the first release: parts written before lack them, and readers take them for null.
LATER_COLUMNS: Mapping[str, tuple[str, ...]] = {"inferences": ("model_blob", "slot"), "rejects": ("happened_at",)}

MODEL_OPERATIONS = ("generate", "chat", "embed")


def polars_schema(table: Table) -> dict[str, pl.DataType]:
    """The polars type of each column of a table, in order."""
    import polars as pl

    types: dict[str, pl.DataType] = {
        INSTANT: pl.Datetime("us", "UTC"),
        INTEGER: pl.Int64(),
        REAL: pl.Float64(),
        TEXT: pl.String(),
        FLAG: pl.Boolean(),
    }
    return {column.name: types[column.type] for column in table.columns}


def stacked(frames: Sequence[pl.DataFrame], *, rechunk: bool = False) -> pl.DataFrame:
    """Rows below each other; columns that are text in one frame and categories in another become text."""
    import polars as pl

    same = frames if all(frame.schema == frames[0].schema for frame in frames) else [as_text(frame) for frame in frames]
    return pl.concat(same, rechunk=rechunk)


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows whose columns of few distinct texts are text, not categories: on their way to the store they may be either."""
    import polars as pl

    return frame.cast({pl.Categorical: pl.String, pl.Enum: pl.String})
