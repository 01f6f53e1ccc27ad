"""How many requests waited for a slot or a load, as far as the server's log tells: a request is logged when it has ended.

Who waited at an instant is known of those that have ended since. Requests are served in the order in which they come, so when the
newest of those that have ended came, they were mostly those before it, which have ended too: that is the newest instant for which
the number stands. Where no run and no load is open nobody waits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from ollalog.core.batch import Turn
from ollalog.core.series import Series
from ollalog.store.catalog import Catalog
from ollalog.store.snapshot import as_us

LEAST_WAIT_NS = 100_000_000
"""What a request takes longer than its run, less than this, is transport: as the view `concurrency_by_minute` has it."""
MOST_WAITS = 1_024
"""Requests that are remembered to wait at most, of a host; OLLAMA_MAX_QUEUE is 512 unless it is set."""


@dataclass(frozen=True)
class Queue:
    """When the newest request that has ended came to a host, and who waited then: (came, began) of each; µs since 1970 UTC."""

    newest_us: int
    waits: tuple[tuple[int, int], ...] = ()


def follow(before: Mapping[str, Queue], counted: pl.DataFrame, turn: Turn) -> tuple[dict[str, Queue], list[Series]]:
    """Take in requests whose runs are known, and what the ends of logs say.

    Args:
        before: by host.
        counted: requests, `uncounted.COUNTED`.
        turn: what it leaves undecided, of which families and hosts.

    Returns:
        The queues after it; requests that waited, and runs that have begun, by host.
    """
    queues, levels = dict(before), []
    known = counted.filter(pl.col("wait_ns").is_not_null())
    if known.height:
        came = (pl.col("ended_us") - pl.col("latency_ns") // 1000).alias("came_us")
        began = came + pl.col("wait_ns") // 1000
        rows = known.select("host", came, pl.when(pl.col("wait_ns") >= LEAST_WAIT_NS).then(began).alias("began_us"))
        for (host,), requests in rows.group_by("host"):
            queue = _with(queues.get(str(host)), requests)
            queues[str(host)] = queue
            levels.append(Series("requests_queued", (str(host),), len(queue.waits), at_us=queue.newest_us))
    hosts = {source.family: source.host for source in turn.sources}
    for family, undecided in turn.undecided.items():
        if undecided.begun is not None and undecided.last_utc is not None and family in hosts:
            # Lines follow each other with whole seconds and with parts of one: the end of the second is the same for both.
            at_us = (as_us(undecided.last_utc) // 1_000_000 + 1) * 1_000_000
            levels.append(Series("runs_begun", (hosts[family],), undecided.begun, at_us=at_us))
            if undecided.is_idle:
                levels.append(Series("requests_queued", (hosts[family],), 0, at_us=at_us))
    return queues, levels


def _with(queue: Queue | None, requests: pl.DataFrame) -> Queue:
    """A queue with more requests (`came_us`, `began_us`: null of those that did not wait), less those served before the newest came."""
    newest_us = max(queue.newest_us if queue else 0, *requests.get_column("came_us").to_list())
    later = requests.filter(pl.col("began_us") > newest_us).select("came_us", "began_us").rows()
    waits = sorted([*(wait for wait in (queue.waits if queue else ()) if wait[1] > newest_us), *later])
    return Queue(newest_us, tuple(waits[-MOST_WAITS:]))


def put(catalog: Catalog, before: Mapping[str, Queue], after: Mapping[str, Queue]) -> None:
    """Write the queues that have changed; within a transaction."""
    changed = [(host, queue.newest_us, json.dumps(queue.waits)) for host, queue in after.items() if before.get(host) != queue]
    if changed:
        catalog.run_many("INSERT OR REPLACE INTO queues (host, newest_us, waits) VALUES (?, ?, ?)", changed)


def read(catalog: Catalog) -> dict[str, Queue]:
    """The queues by host; none in a catalogue that an older version wrote."""
    if not catalog.has_table("queues"):
        return {}
    found: Iterable[tuple[str, int, str]] = catalog.rows("SELECT host, newest_us, waits FROM queues")
    return {host: Queue(newest_us, tuple((came, began) for came, began in json.loads(waits))) for host, newest_us, waits in found}
