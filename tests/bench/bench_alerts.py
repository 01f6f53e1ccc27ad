"""All default rules over the history of many requests, as `rules backtest` evaluates them, and what one more ingest costs.

Command: python -m tests.bench.bench_alerts --requests 1000000 --days 30
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from ollalog import alerting, alerts, runtime
from tests.bench import bench_views, measure


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the store, evaluate all rules over it, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rule", help="this one only")
    options = parser.parse_args(arguments)
    rules = [rule for rule in alerts.load_rules(None, {}).rules.values() if options.rule in {None, rule.name}]
    with tempfile.TemporaryDirectory(prefix="ollalog-bench-") as name:
        root = Path(name) / "store"
        bench_views.fill(root, options.requests, options.days)
        measure.say(f"{options.requests:,} requests over {options.days} days, {len(rules)} rules")
        now = bench_views.START + timedelta(days=options.days)
        opener = partial(runtime.opened_warehouse, now=now)
        rows = []
        for what, since in (("all days", None), ("the last day", now - timedelta(days=1))):
            begun, worked = time.perf_counter(), time.process_time()
            history = alerting.backtest(root, rules, opener, since=since, until=None)
            seconds = (time.perf_counter() - begun, time.process_time() - worked)
            rows.append(
                (what, *(f"{value:.2f}" for value in seconds), f"{len(alerts.episodes(history.changes)):,}", str(len(history.problems)))
            )
    measure.print_table(("evaluated", "seconds", "CPU seconds", "episodes", "broken rules"), rows)


if __name__ == "__main__":
    main()
