"""What the catalogue remembers of alerts: how far history was evaluated, the states at midnights, live states, what is to be told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from ollalog.core.tables import ALERTS
from ollalog.store import inventory
from ollalog.store.catalog import Catalog
from ollalog.store.parts import Draft, by_date, conformed
from ollalog.store.records import PartRecord

KEY, MIDNIGHT, LIVE = "alerts", "alerts ", "live alerts"
# So many notifications wait for one sink; of more, the oldest are given up.
OUTBOX_ROWS = 1_000


@dataclass(frozen=True)
class Notification:
    """What a sink is to be told (JSON), under an id that stays the same however often it is told."""

    id: str
    sink: str
    body: str


@dataclass(frozen=True)
class AlertLog:
    """History of alerts as of one commit.

    `batch`: rows of later batches were not evaluated yet; `end`: the newest instant that was; `checkpoints`: states at
    midnights (JSON), by the day that they begin; `rules`: names what it was evaluated with.
    """

    batch: int = 0
    end: datetime | None = None
    checkpoints: Mapping[date, str] = field(default_factory=dict)
    rules: str = ""


def read(catalog: Catalog) -> AlertLog:
    """The history of alerts as the last commit left it."""
    told = json.loads(catalog.value("SELECT value FROM meta WHERE key = ?", (KEY,)) or "{}")
    rows = catalog.rows("SELECT key, value FROM meta WHERE key > ? AND key < ?", (MIDNIGHT, MIDNIGHT + "a"))
    end = told.get("end")
    return AlertLog(
        batch=told.get("batch", 0),
        end=datetime.fromisoformat(end) if end else None,
        checkpoints={date.fromisoformat(key.removeprefix(MIDNIGHT)): state for key, state in rows},
        rules=told.get("rules", ""),
    )


def put(catalog: Catalog, log: AlertLog) -> None:
    """Record the history of alerts; within a transaction."""
    catalog.run("DELETE FROM meta WHERE key > ? AND key < ?", (MIDNIGHT, MIDNIGHT + "a"))
    told = json.dumps({"batch": log.batch, "end": log.end.isoformat() if log.end else None, "rules": log.rules})
    catalog.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (KEY, told))
    catalog.run_many(
        "INSERT INTO meta VALUES (?, ?)", [(MIDNIGHT + day.isoformat(), state) for day, state in sorted(log.checkpoints.items())]
    )


def live(catalog: Catalog) -> str | None:
    """What the live evaluation remembers (JSON)."""
    found = catalog.value("SELECT value FROM meta WHERE key = ?", (LIVE,))
    return None if found is None else str(found)


def put_live(catalog: Catalog, standing: str) -> None:
    """Record what the live evaluation remembers; within a transaction."""
    catalog.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (LIVE, standing))


def outbox(catalog: Catalog) -> list[Notification]:
    """What is to be told, oldest first."""
    return [Notification(*row) for row in catalog.rows("SELECT id, sink, body FROM outbox ORDER BY rowid")]


def queue(catalog: Catalog, notifications: Sequence[Notification], now_us: int) -> int:
    """Put notifications into the outbox, within a transaction; how many older ones were given up for them."""
    catalog.run_many("INSERT OR IGNORE INTO outbox VALUES (?, ?, ?, ?)", [(one.id, one.sink, one.body, now_us) for one in notifications])
    given_up = 0
    for sink in {one.sink for one in notifications}:
        beyond = "SELECT rowid FROM outbox WHERE sink = ? ORDER BY rowid DESC LIMIT -1 OFFSET ?"
        old = catalog.rows(beyond, (sink, OUTBOX_ROWS))
        catalog.run_many("DELETE FROM outbox WHERE rowid = ?", old)
        given_up += len(old)
    return given_up


def empty(catalog: Catalog, sinks: Iterable[str]) -> None:
    """Forget all notifications of sinks; within a transaction."""
    catalog.run_many("DELETE FROM outbox WHERE sink = ?", [(sink,) for sink in sinks])


def take_out(catalog: Catalog, ids: Iterable[str]) -> None:
    """Forget notifications that were delivered; within a transaction."""
    catalog.run_many("DELETE FROM outbox WHERE id = ?", [(one,) for one in ids])


def parts_from(catalog: Catalog, day: date | None) -> list[PartRecord]:
    """The parts of table `alerts` of a day and those after it; None: all."""
    parts = inventory.parts_with_sources(catalog)
    return [part for part in parts if part.table == ALERTS.name and (day is None or part.date >= day.isoformat())]


def drafts(rows: pl.DataFrame, kept: pl.DataFrame, batch: int) -> list[Draft]:
    """One part per day: new rows, and old ones that stay."""
    every = pl.concat([kept, conformed(ALERTS, rows, batch)])
    return [Draft(PartRecord(ALERTS.name, day, batch), of_day) for day, of_day in by_date(ALERTS, every).items() if of_day.height]
