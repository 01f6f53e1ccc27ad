"""Taking whole days of tables away for good: what retention does to the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import polars as pl

from ollalog.core.tables import DERIVED_TABLES, TABLES
from ollalog.store import commit, inventory, ledger
from ollalog.store.parts import Draft, by_date, conformed, read_part
from ollalog.store.publish import publish, publishing, withdraw
from ollalog.store.rebuild import Workplace, cells_of, retired_part
from ollalog.store.records import PartRecord


def remove_days(
    place: Workplace, days: Collection[tuple[str, str]], *, stay: Mapping[str, pl.Expr], added: Mapping[str, pl.DataFrame]
) -> dict[str, int]:
    """Take the rows of days off the store in one commit, and put in what is to be kept of them.

    Args:
        place: What is borrowed from the store.
        days: (table, UTC date).
        stay: Rows of a table that are kept all the same.
        added: Rows of derived tables that come instead; `batch` may be missing.

    Returns:
        How many rows went, by table.

    Raises:
        StoreError: a part cannot be read or written; nothing has changed.
    """
    with place.turn():
        batch = inventory.reserve(place.catalog)
        going = _going(place, days, stay)
        if not going.parts:
            return {}
        drafts = [Draft(PartRecord(*day, batch), pl.concat(frames)) for day, frames in going.left.items()]
        for name, frame in added.items():
            of_days = by_date(TABLES[name], conformed(TABLES[name], frame, batch))
            drafts += [Draft(PartRecord(name, day, batch), rows) for day, rows in of_days.items() if rows.height]
        parts = commit.stage_all(place.layout, drafts, place.pool, place.fault)
        now_us = place.now_us()
        retired = [retired_part(part, place.layout, now_us) for part in going.parts]
        with place.catalog.transaction():
            inventory.record_batch(place.catalog, batch, "cleanup", now_us)
            for part in going.parts:
                inventory.drop_part(place.catalog, part)
            for part in parts:
                inventory.put_part(place.catalog, part)
            for file in retired:
                inventory.retire(place.catalog, file)
            ledger.put_removed(place.catalog, {cell: rows for cell, rows in going.rows.items() if cell[0] not in DERIVED_TABLES})
            place.fault("removal_before_commit")
        place.fault("removal_committed")
        # First out, then in: a foreign reader may miss rows for a moment, but never sees one twice.
        with publishing(place.layout):
            withdraw(place.layout, retired, place.fault)
            publish(place.layout, parts, place.fault)
        place.fault("removal_published")
    removed: Counter[str] = Counter()
    for (table, _batch, _source), count in going.rows.items():
        removed[table] += count
    return dict(removed)


@dataclass
class _Going:
    """Parts that go, their rows that go by (table, batch, source), and those that are left by (table, date)."""

    parts: list[PartRecord] = field(default_factory=list)
    rows: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    left: dict[tuple[str, str], list[pl.DataFrame]] = field(default_factory=dict)


def _going(place: Workplace, days: Collection[tuple[str, str]], stay: Mapping[str, pl.Expr]) -> _Going:
    """What goes of days; a part of which all rows stay is left alone."""
    going = _Going()
    for part in inventory.parts_with_sources(place.catalog):
        if (part.table, part.date) in days:
            rows = read_part(place.layout, part)
            kept = rows.filter(stay[part.table]) if part.table in stay else rows.clear()
            if kept.height < rows.height:
                going.parts.append(part)
                going.rows += cells_of(part.table, rows) - cells_of(part.table, kept)
                if kept.height:
                    going.left.setdefault((part.table, part.date), []).append(kept)
    return going
