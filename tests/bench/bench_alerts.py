"""All default rules over the history of many requests, as `rules backtest` evaluates them, and what one more ingest costs.

Command: python -m tests.bench.bench_alerts --requests 1000000 --days 30

With --live: all rules at once at one tick of a server that is followed, after each of many small commits, on a store of so many rows:
python -m tests.bench.bench_alerts --live --requests 10000000 --days 90
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl

from ollalog import alerting, alerts, runtime, store
from ollalog.alerts.live import Live
from ollalog.alerts.recent import Recent
from tests.bench import bench_views, measure


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the store, evaluate all rules over it, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rule", help="this one only")
    parser.add_argument("--live", action="store_true", help="one tick at a time, after small commits")
    options = parser.parse_args(arguments)
    rules = [rule for rule in alerts.load_rules(None, {}).rules.values() if options.rule in {None, rule.name}]
    with tempfile.TemporaryDirectory(prefix="ollalog-bench-") as name:
        root = Path(name) / "store"
        bench_views.fill(root, options.requests, options.days)
        measure.say(f"{options.requests:,} requests over {options.days} days, {len(rules)} rules")
        now = bench_views.START + timedelta(days=options.days)
        opener = partial(runtime.opened_warehouse, now=now)
        if options.live:
            print_live(root, rules, now)
            return
        rows = []
        for what, since in (("all days", None), ("the last day", now - timedelta(days=1))):
            begun, worked = time.perf_counter(), time.process_time()
            history = alerting.backtest(root, rules, opener, since=since, until=None)
            seconds = (time.perf_counter() - begun, time.process_time() - worked)
            rows.append(
                (what, *(f"{value:.2f}" for value in seconds), f"{len(alerts.episodes(history.changes)):,}", str(len(history.problems)))
            )
    measure.print_table(("evaluated", "seconds", "CPU seconds", "episodes", "broken rules"), rows)


def print_live(root: Path, rules: Sequence[alerts.Rule], now: datetime) -> None:
    """Time of one evaluation of all rules, from rows that were committed to states; the reading of the store at the start apart."""
    snapshot = store.read_snapshot(root)
    begun, worked = time.perf_counter(), time.process_time()
    recent = Recent(rules, partial(runtime.opened_warehouse, now=now), runtime.unsettled_pairs)
    recent.seed(snapshot, now)
    measure.say(f"memory filled from the store in {time.perf_counter() - begun:.2f} s, {time.process_time() - worked:.2f} s of CPU")
    with runtime.opened_warehouse(snapshot, now=now) as warehouse:
        news = {
            name: warehouse.query(f"SELECT * EXCLUDE (batch) FROM {name} ORDER BY {time_column} DESC LIMIT 20")  # noqa: S608 - names of tables
            for name, time_column in (("requests", "ended_at"), ("inferences", "happened_at"), ("server_events", "happened_at"))
        }
        in_window = warehouse.query(f"SELECT count(*) FROM requests WHERE ended_at > TIMESTAMPTZ '{now - timedelta(minutes=15)}'").item()  # noqa: S608
    measure.say(f"{in_window:,} requests in 15 minutes; 60 rows come every 0.7 s, every tenth time with lines of loads of models")
    live = Live(rules, recent)
    rows = []
    for what, fresh in (("as a tail asks: those that are due", False), (f"all {len(rules)} rules at once", True)):
        states: alerts.States = {}
        walls, cpus = [], []
        for number in range(1, 101):
            now += timedelta(milliseconds=700)
            came = {name: shifted(news[name], now, number + 100 * fresh) for name in news if name != "server_events" or number % 10 == 0}
            recent.feed(came, {})
            begun, worked = time.perf_counter(), time.process_time()
            states, found = (Live(rules, recent) if fresh else live).evaluate(states, now)
            walls.append(1000 * (time.perf_counter() - begun))
            cpus.append(1000 * (time.process_time() - worked))
            if found.problems:
                raise next(iter(found.problems.values()))
        for kind, spread in (("ms", statistics.quantiles(walls, n=100)), ("ms of CPU", statistics.quantiles(cpus, n=100))):
            rows.append((what, kind, *(f"{spread[place]:.0f}" for place in (49, 94, 98))))
    measure.print_table(("one evaluation", "", "p50", "p95", "p99"), rows)


def shifted(rows: pl.DataFrame, now: datetime, number: int) -> pl.DataFrame:
    """The same lines once more, further on in their log, now."""
    time_column = "ended_at" if "ended_at" in rows.columns else "happened_at"
    return rows.with_columns(pl.lit(now).dt.cast_time_unit("us").alias(time_column), pl.col("byte_offset") + number * 100_000)


if __name__ == "__main__":
    main()
