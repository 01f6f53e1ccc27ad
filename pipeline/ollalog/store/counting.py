"""Rows of a commit -> what they add to the series that are kept: one pass over each table, then a loop over its few groups.

What rows add depends on nothing but the rows, so a recount of all rows adds up to the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import xor
from typing import Any

import polars as pl

from ollalog.core.series import BOUNDS_NS, BOUNDS_TOKENS, CREW, KEPT, LONGEST_LABEL, RECORDED, Series
from ollalog.recorder.families import CREW_FEEDS, FEEDS, Feed
from ollalog.store.snapshot import as_us

UNKNOWN = "(unknown)"
LONGEST_OBJECT = 8_192
"""Characters of what a program says of itself that are kept."""
Row = Mapping[str, Any]


def amounts(tables: Mapping[str, pl.DataFrame]) -> Iterator[Series]:
    """What the rows of some tables add, one series a family and labels, or several that are still to be added up.

    Args:
        tables: table -> rows with the columns of the table (`batch` may be missing); the order of rows is of no account.
    """
    for name, count in _TABLES.items():
        frame = tables.get(name)
        if frame is not None and frame.height:
            yield from count(frame)


def _requests(rows: pl.DataFrame) -> Iterator[Series]:
    """Requests of the server log, with the `model` of their run, where the rows tell it (see `store.uncounted`).

    A path that Ollama does not serve is whatever a client writes: it is no label.
    """
    route = pl.when(pl.col("operation") == "other").then(pl.lit("other", rows.schema["route"])).otherwise("route").alias("route")
    model = pl.col("model") if "model" in rows.columns else pl.lit(None, pl.String).alias("model")
    told = rows.with_columns(route, model)
    yield from _histograms(told, {"requests": "latency_ns"}, KEPT["requests"].labels)


_RUN_LABELS = KEPT["run_total"].labels
_RUN_HISTOGRAMS = {
    "run_total": "total_ns", "run_load": "load_ns", "run_prompt_eval": "prompt_eval_ns", "run_eval": "eval_ns",
    "run_first_token": "first_token_ns", "run_per_token": "per_token_ns", "run_prompt_tokens": "prompt_tokens",
    "run_generated_tokens": "generated_tokens",
}  # fmt: skip


def _inferences(rows: pl.DataFrame) -> Iterator[Series]:
    """Runs of models, whoever tells of them."""
    told = rows.with_columns(
        pl.coalesce("model", pl.lit(UNKNOWN)).alias("model"),
        (pl.col("load_ns").fill_null(0) + pl.col("prompt_eval_ns")).alias("first_token_ns"),
        pl.when(pl.col("generated_tokens") > 0).then(pl.col("eval_ns") // pl.col("generated_tokens")).alias("per_token_ns"),
    )
    more = [
        pl.len().alias("runs"),
        pl.col("cached_tokens").sum().alias("run_cached_tokens"),
        pl.col("truncated").sum().cast(pl.Int64).alias("run_truncations"),
    ]
    for row in _groups(told, _RUN_HISTOGRAMS, _RUN_LABELS, more):
        yield _sum("runs", row, row["runs"])
        yield from (_sum(name, row, row[name]) for name in ("run_cached_tokens", "run_truncations") if row[name])
        yield from _observed(row, _RUN_HISTOGRAMS)


def _server_events(rows: pl.DataFrame) -> Iterator[Series]:
    for row in rows.group_by("host", "event").agg(pl.len().alias("rows")).iter_rows(named=True):
        yield _sum("server_events", row, row["rows"])
    loads = rows.filter(pl.col("event") == "model_loaded")
    yield from _histograms(loads.with_columns(pl.coalesce("model", pl.lit(UNKNOWN)).alias("model")), {"server_loads": "duration_ns"})
    starts = rows.filter(pl.col("event") == "server_started").with_columns(
        pl.col("attrs").str.json_path_match("$.version").alias("version")
    )
    for row in starts.drop_nulls("version").select("host", "version", "happened_at").iter_rows(named=True):
        yield _last("server_version", row, 1, row["happened_at"])
    queue = pl.col("attrs").str.extract(r'OLLAMA_MAX_QUEUE"?\s*:\s*"?(\d{1,9})').cast(pl.Int64).alias("queue")
    settings = rows.filter(pl.col("event") == "server_config").select("host", queue, "happened_at").drop_nulls()
    for row in settings.iter_rows(named=True):
        yield _last("server_max_queue", row, row["queue"], row["happened_at"])


def _rejects(rows: pl.DataFrame) -> Iterator[Series]:
    for row in rows.group_by("host", "format").agg(pl.len().alias("rows")).iter_rows(named=True):
        yield _sum("rejects", row, row["rows"])


# label or condition of a feed -> the column of the table that has it
_EXECUTION_COLUMNS = {"model": "name", "node": "name", "name": "name", "state": "status", "success": "success"}
_SIGNAL_COLUMNS = {
    "model": "name", "cache": "name", "queue": "name", "name": "name", "operation": "name", "state": "outcome", "request_type": "outcome",
}  # fmt: skip


def _executions(rows: pl.DataFrame) -> Iterator[Series]:
    """What programs recorded of finished things."""
    yield from _span(rows)
    keys = ["event", "kind", "name", "title", "parent", "graph", "request_type", "status", "error_type"]
    for row in _groups(rows, {"duration": "duration_ns"}, keys, [pl.len().alias("rows"), pl.col("happened_at").max().alias("newest")]):
        told = {**row, "success": row["status"] == "success"}
        yield from _fed(row["event"], told, _EXECUTION_COLUMNS)
        match row["kind"]:
            case "agent":
                yield from _observed({**row, "agent_id": row["name"], "agent_name": row["title"], "agents": row["duration"]}, ("agents",))
            case "tool":
                yield from _observed({**row, "agent_id": row["parent"], "tool": row["name"], "tools": row["duration"]}, ("tools",))
            case "task":
                yield from _observed({**row, "tasks": row["duration"]}, ("tasks",))
            case "request" if row["status"] == "success":
                yield from _observed({**row, "model": row["name"], "models": row["duration"]}, ("models",))
            case "request":
                yield _sum("model_failures", {"model": row["name"]}, row["rows"])


def _signals(rows: pl.DataFrame) -> Iterator[Series]:
    """What else programs recorded."""
    yield from _span(rows)
    newest = pl.col("happened_at").max().alias("happened_at")
    more = [
        pl.len().alias("rows"),
        pl.col("input_tokens").sum(),
        pl.col("output_tokens").sum(),
        pl.col("value").sort_by("happened_at").last(),
        newest,
    ]
    for row in _groups(rows, {"duration": "duration_ns"}, ["kind", "name", "graph", "outcome", "labels"], more):
        yield from _fed(row["kind"], row, _SIGNAL_COLUMNS)


def _resource_samples(rows: pl.DataFrame) -> Iterator[Series]:
    """Samples of hosts and GPUs as they last were, what they counted, and the memory of programs that record."""
    for row in rows.filter(pl.col("scope") == "host").iter_rows(named=True):
        yield from _told_of("host", row)
        if row["model_memory_bytes"] is not None:
            yield Series("host.model_memory_peak", _labels("host.model_memory_peak", row), row["model_memory_bytes"])
    for row in rows.filter(pl.col("scope") == "gpu").iter_rows(named=True):
        gpu = {**row, "gpu": row["name"], "energy_mj": None if row["gpu_energy_j"] is None else round(row["gpu_energy_j"] * 1000)}
        yield from _told_of("gpu", gpu)
    processes = rows.filter(pl.col("scope") == "process")
    if processes.height:
        yield from _span(processes)
        columns = {f"{CREW}.memory_usage_bytes": "memory_bytes", "process_cpu": "cpu_ratio", "process_threads": "threads"}
        for family, column in columns.items():
            told = processes.select(column, "happened_at").drop_nulls().sort("happened_at", maintain_order=True)
            if told.height:
                yield _last(family, {}, told[column][-1], told["happened_at"][-1])
        peak = processes["memory_bytes"].max()
        if isinstance(peak, int):
            yield Series("process_memory_peak", (), peak)


_TABLES: Mapping[str, Callable[[pl.DataFrame], Iterator[Series]]] = {
    "requests": _requests,
    "inferences": _inferences,
    "server_events": _server_events,
    "executions": _executions,
    "signals": _signals,
    "resource_samples": _resource_samples,
    "rejects": _rejects,
}


def _fed(event: str, row: Row, columns: Mapping[str, str]) -> Iterator[Series]:
    """What a group of one event adds to the families that the event feeds, by the recorder's own definitions."""
    for prefix, feeds in ((RECORDED, FEEDS), (CREW, CREW_FEEDS)):
        for feed in feeds.get(event, ()):
            if feed.when is None or row[columns.get(feed.when[0], feed.when[0])] == feed.when[1]:
                yield from _feed(f"{prefix}.{feed.family}", feed, row, columns)


def _feed(family: str, feed: Feed, row: Row, columns: Mapping[str, str]) -> Iterator[Series]:
    kept = KEPT[family]
    fixed = dict(feed.fixed)
    told = {label: fixed.get(label, row.get(columns.get(label, label))) for label in kept.labels}
    match kept.adding:
        case "histogram":
            yield from _observed({**told, family: row["duration"]}, (family,))
        case "sum":
            yield _sum(family, told, row[feed.value] if feed.value else int(feed.amount) * row["rows"])
        case "last" if not (feed.value and row["value"] is None):
            yield _last(family, told, row["value"] if feed.value else feed.amount, row["happened_at"])


def _span(rows: pl.DataFrame) -> Iterator[Series]:
    """When the first and the last thing was recorded."""
    first, last = rows.select(pl.col("happened_at").min().alias("first"), pl.col("happened_at").max().alias("last")).row(0)
    if first is not None:
        yield Series("first_event", (), as_us(first))
        yield Series("last_event", (), as_us(last), at_us=as_us(last))


def _told_of(scope: str, row: Row) -> Iterator[Series]:
    """The columns of a sample that have families."""
    for kept in KEPT.values():
        prefix, _, column = kept.name.partition(".")
        if prefix == scope and row.get(column) is not None:
            value = int(row[column]) if isinstance(row[column], bool) else row[column]
            yield _sum(kept.name, row, value) if kept.adding == "sum" else _last(kept.name, row, value, row["happened_at"])


def _histograms(rows: pl.DataFrame, columns: Mapping[str, str], keys: Sequence[str] | None = None) -> Iterator[Series]:
    """Each family's column observed, by its labels."""
    keys = KEPT[next(iter(columns))].labels if keys is None else keys
    for row in _groups(rows, columns, keys, []):
        yield from _observed(row, columns)


def _groups(rows: pl.DataFrame, columns: Mapping[str, str], keys: Sequence[str], more: Sequence[pl.Expr]) -> Iterator[Row]:
    """One row for each group of keys, with what `more` says, and for each family what was observed of its column.

    What was observed is (sum, least, greatest, [{bucket, count}]).
    """
    if not rows.height:
        return
    observing: list[pl.Expr] = []
    buckets: list[pl.Series] = []
    for family, column in columns.items():
        bounds = KEPT[family].bounds if family in KEPT else BOUNDS_NS
        values = rows[column]
        bucket = (_TOKENS if bounds is BOUNDS_TOKENS else _NANOSECONDS).search_sorted(values).cast(pl.UInt8)
        buckets.append(pl.select(pl.when(values.is_not_null()).then(bucket).alias(f"{family} bucket")).to_series())
        told = pl.col(column)
        observing.append(
            pl.struct(
                told.sum().alias("sum"),
                told.min().alias("least"),
                told.max().alias("greatest"),
                pl.col(f"{family} bucket").drop_nulls().value_counts(name="n").implode().alias("buckets"),
            ).alias(family)
        )
    # one number for all keys: rows are told apart by it much faster than by several texts
    group = reduce(xor, (pl.col(key).hash(place) for place, key in enumerate(keys))).alias("group")
    labelled = rows.hstack(buckets).with_columns(group)
    yield from labelled.group_by("group").agg(pl.col(list(keys)).first(), *more, *observing).iter_rows(named=True)


_NANOSECONDS, _TOKENS = pl.Series(BOUNDS_NS, dtype=pl.Int64), pl.Series(BOUNDS_TOKENS, dtype=pl.Int64)


def _observed(row: Row, families: Iterable[str]) -> Iterator[Series]:
    """The histograms of a group; those in which nothing was observed are left out."""
    for family in families:
        told = row[family]
        if not told["buckets"]:
            continue
        buckets = [0] * (len(KEPT[family].bounds) + 1)
        for bucket, count in (found.values() for found in told["buckets"]):
            buckets[bucket] = count
        at_us = as_us(row["newest"]) if row.get("newest") else 0
        yield Series(family, _labels(family, row), told["sum"], tuple(buckets), told["least"], told["greatest"], at_us)


def _labels(family: str, row: Row) -> tuple[str, ...]:
    """The labels of a series, in order; what is not told is empty."""
    longest = LONGEST_OBJECT if KEPT[family].labels == ("labels",) else LONGEST_LABEL
    return tuple("" if row.get(label) is None else str(row[label])[:longest] for label in KEPT[family].labels)


def _sum(family: str, row: Row, value: int) -> Series:
    return Series(family, _labels(family, row), value)


def _last(family: str, row: Row, value: float, at: datetime) -> Series:
    return Series(family, _labels(family, row), value, at_us=as_us(at))
