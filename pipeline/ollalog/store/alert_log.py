"""What the catalogue remembers of alerts: up to which batch history was evaluated, and the states at midnights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from ollalog.core.tables import ALERTS
from ollalog.store import inventory
from ollalog.store.catalog import Catalog
from ollalog.store.parts import Draft, by_date, conformed
from ollalog.store.records import PartRecord

KEY, MIDNIGHT = "alerts", "alerts "


@dataclass(frozen=True)
class AlertLog:
    """History of alerts as of one commit.

    `batch`: rows of later batches were not evaluated yet; `end`: the newest instant that was; `checkpoints`: states at
    midnights (JSON), by the day that they begin.
    """

    batch: int = 0
    end: datetime | None = None
    checkpoints: Mapping[date, str] = field(default_factory=dict)


def read(catalog: Catalog) -> AlertLog:
    """The history of alerts as the last commit left it."""
    told = json.loads(catalog.value("SELECT value FROM meta WHERE key = ?", (KEY,)) or "{}")
    rows = catalog.rows("SELECT key, value FROM meta WHERE key > ? AND key < ?", (MIDNIGHT, MIDNIGHT + "a"))
    end = told.get("end")
    return AlertLog(
        batch=told.get("batch", 0),
        end=datetime.fromisoformat(end) if end else None,
        checkpoints={date.fromisoformat(key.removeprefix(MIDNIGHT)): state for key, state in rows},
    )


def put(catalog: Catalog, log: AlertLog) -> None:
    """Record the history of alerts; within a transaction."""
    catalog.run("DELETE FROM meta WHERE key > ? AND key < ?", (MIDNIGHT, MIDNIGHT + "a"))
    told = json.dumps({"batch": log.batch, "end": log.end.isoformat() if log.end else None})
    catalog.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (KEY, told))
    catalog.run_many(
        "INSERT INTO meta VALUES (?, ?)", [(MIDNIGHT + day.isoformat(), state) for day, state in sorted(log.checkpoints.items())]
    )


def parts_from(catalog: Catalog, day: date | None) -> list[PartRecord]:
    """The parts of table `alerts` of a day and those after it; None: all."""
    parts = inventory.parts_with_sources(catalog)
    return [part for part in parts if part.table == ALERTS.name and (day is None or part.date >= day.isoformat())]


def drafts(rows: pl.DataFrame, kept: pl.DataFrame, batch: int) -> list[Draft]:
    """One part per day: new rows, and old ones that stay."""
    every = pl.concat([kept, conformed(ALERTS, rows, batch)])
    return [Draft(PartRecord(ALERTS.name, day, batch), of_day) for day, of_day in by_date(ALERTS, every).items() if of_day.height]
