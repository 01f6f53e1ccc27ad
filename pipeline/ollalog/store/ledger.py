"""What the catalogue keeps of sources: positions, proofs of content, parser state, and the fate of every line."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ollalog.core.batch import FATES, Checkpoint, LedgerEntry, Source, SourceSummary
from ollalog.core.errors import StoreError
from ollalog.store.catalog import Catalog

# Checkpoints nearer to each other than this share of their offset are thinned out: some 250 for each e-fold of size.
CHECKPOINT_DENSITY = 256

Batches = tuple[int, int]
"""The first and the last of the batches that an entry tells of; mostly the same one."""


def sources(catalog: Catalog, *, checkpoints: bool) -> list[Source]:
    """All sources in the order of their numbers, with or without their checkpoints."""
    proofs: dict[int, list[Checkpoint]] = {}
    if checkpoints:
        for source, offset, tail_hash in catalog.rows(
            "SELECT source, byte_offset, tail_hash FROM checkpoints ORDER BY source, byte_offset"
        ):
            proofs.setdefault(source, []).append(Checkpoint(offset, tail_hash))
    rows = catalog.rows("SELECT * FROM sources ORDER BY id")
    return [_source(row, tuple(proofs.get(row[0], ()))) for row in rows]


def summaries(catalog: Catalog) -> list[SourceSummary]:
    """What the ledger says of each source in all; from running totals, never from the ledger's rows."""
    totals: dict[int, dict[str, dict[str, int]]] = {}
    for source, kind, name, count in catalog.rows("SELECT source, kind, name, count FROM totals"):
        totals.setdefault(source, {}).setdefault(kind, {})[name] = count
    return [_summary(source, totals.get(source.id, {})) for source in sources(catalog, checkpoints=False)]


def put_sources(catalog: Catalog, changed: Iterable[Source]) -> None:
    """Record sources as they now are, and the checkpoints beyond those known."""
    for source in changed:
        catalog.run("INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _source_row(source))
        _put_checkpoints(catalog, source)


def states(catalog: Catalog) -> dict[str, str]:
    """The parser's state of every family."""
    return dict(catalog.rows("SELECT family, state FROM states"))


def put_states(catalog: Catalog, states: Mapping[str, str]) -> None:
    """Record the parser's state of families."""
    catalog.run_many("INSERT OR REPLACE INTO states VALUES (?, ?)", states.items())


def put_entries(catalog: Catalog, batch: int, entries: Iterable[LedgerEntry]) -> None:
    """Record what a batch did with stretches of sources, and add it to the totals.

    Raises:
        StoreError: a stretch does not begin where the last one of its source ended, so lines would be lost or read twice.
    """
    for entry in entries:
        _refuse_break(catalog, entry)
        texts = (json.dumps(dict(counts)) for counts in (entry.fates, entry.noise, entry.rows))
        catalog.run(
            "INSERT INTO ledger (batch, source, start, stop, lines, fates, noise, rows, gap_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (batch, entry.source, entry.start, entry.end, entry.lines, *texts, entry.gap_bytes),
        )
        _add_totals(catalog, entry)


def put_removed(catalog: Catalog, cells: Mapping[tuple[str, int, int], int]) -> None:
    """Record rows that were taken away, by (table, batch, source); within a transaction."""
    folded: dict[int, list[Batches]] = {}
    for source, *batches in catalog.rows("SELECT source, first_batch, batch FROM ledger WHERE first_batch IS NOT NULL ORDER BY source, id"):
        folded.setdefault(source, []).append((batches[0], batches[1]))
    told = ((table, teller(batch, folded.get(source, [])), source, rows) for (table, batch, source), rows in cells.items())
    catalog.run_many(
        "INSERT INTO removed VALUES (?, ?, ?, ?) ON CONFLICT (tbl, batch, source) DO UPDATE SET rows = rows + excluded.rows",
        told,
    )


def removed(catalog: Catalog) -> dict[tuple[str, int, int], int]:
    """Rows that were taken away, by (table, batch, source)."""
    if not catalog.has_table("removed"):
        return {}
    return {(table, batch, source): rows for table, batch, source, rows in catalog.rows("SELECT tbl, batch, source, rows FROM removed")}


def put_error(catalog: Catalog, text: str) -> None:
    """Remember what last went wrong."""
    catalog.run("INSERT OR REPLACE INTO meta VALUES ('last_error', ?)", (text,))


def last_error(catalog: Catalog) -> str | None:
    """What last went wrong, as its message says it."""
    found = catalog.value("SELECT value FROM meta WHERE key = 'last_error'")
    return None if found is None else str(found)


def forget_sources(catalog: Catalog, ids: Iterable[int]) -> None:
    """Put sources back to their beginning: no lines read, nothing proven; what they are is kept.

    The state of their family goes with them, unless another source of it keeps its lines.
    """
    families = set()
    for source in ids:
        families.add(catalog.value("SELECT family FROM sources WHERE id = ?", (source,)))
        catalog.run("DELETE FROM ledger WHERE source = ?", (source,))
        catalog.run("DELETE FROM totals WHERE source = ?", (source,))
        catalog.run("DELETE FROM checkpoints WHERE source = ?", (source,))
        catalog.run("DELETE FROM removed WHERE source = ?", (source,))
        catalog.run("UPDATE sources SET byte_offset = 0 WHERE id = ?", (source,))
    for family in families:
        catalog.run(
            "DELETE FROM states WHERE family = ? AND NOT EXISTS (SELECT 1 FROM sources WHERE family = ? AND byte_offset > 0)",
            (family, family),
        )


def entries(catalog: Catalog) -> Iterable[tuple[Batches, LedgerEntry]]:
    """Every entry with its batches, by source, in the order they were made."""
    first_batch = "coalesce(first_batch, batch)" if catalog.has_column("ledger", "first_batch") else "batch"
    statement = f"SELECT {first_batch}, batch, source, start, stop, lines, fates, noise, rows, gap_bytes FROM ledger ORDER BY source, id"  # noqa: S608
    for first, batch, source, start, end, lines, fates, noise, rows, gap_bytes in catalog.rows(statement):
        entry = LedgerEntry(source, start, end, lines, json.loads(fates), json.loads(noise), json.loads(rows), gap_bytes)
        yield (first, batch), entry


def _put_checkpoints(catalog: Catalog, source: Source) -> None:
    known = catalog.rows("SELECT byte_offset FROM checkpoints WHERE source = ? ORDER BY byte_offset DESC LIMIT 2", (source.id,))
    last, before = [row[0] for row in known] + [-1, -1][len(known) :]
    for proof in sorted(source.checkpoints, key=lambda proof: proof.offset):
        if proof.offset <= last:
            continue
        if before >= 0 and (last - before) * CHECKPOINT_DENSITY < proof.offset:
            catalog.run("DELETE FROM checkpoints WHERE source = ? AND byte_offset = ?", (source.id, last))
        else:
            before = last
        catalog.run("INSERT INTO checkpoints VALUES (?, ?, ?)", (source.id, proof.offset, proof.tail_hash))
        last = proof.offset


def _refuse_break(catalog: Catalog, entry: LedgerEntry) -> None:
    last = catalog.value("SELECT stop FROM ledger WHERE source = ? ORDER BY id DESC LIMIT 1", (entry.source,)) or 0
    if not follows(entry, last):
        raise StoreError(
            "a batch does not go on where the last one ended",
            at=f"source {entry.source}",
            found=f"bytes {entry.start} to {entry.end}",
            want=f"bytes from {last}",
            fix="this is a fault of ollalog; nothing was stored, so a corrected version reads the same lines again",
        )


def teller(batch: int, folded: Sequence[Batches]) -> int:
    """The batch whose entry tells of a batch: its own, or the last of those that it was folded with. `folded` is in order."""
    place = bisect_left(folded, batch, key=lambda batches: batches[1])
    return folded[place][1] if place < len(folded) and folded[place][0] <= batch else batch


def follows(entry: LedgerEntry, last: int) -> bool:
    """Whether a stretch begins where the last one ended, or beyond it with the gap counted."""
    skipped = entry.start - last
    return entry.end >= entry.start and (skipped == 0 or (skipped > 0 and entry.gap_bytes in (None, skipped)))


def _add_totals(catalog: Catalog, entry: LedgerEntry) -> None:
    counts = {("line", ""): entry.lines, ("gap", "bytes" if entry.gap_bytes is not None else "unknown"): entry.gap_bytes or 0}
    counts |= {("fate", name): count for name, count in entry.fates.items() if name != "held"}
    counts |= {("noise", name): count for name, count in entry.noise.items()}
    counts |= {("row", name): count for name, count in entry.rows.items()}
    catalog.run_many(
        "INSERT INTO totals VALUES (?, ?, ?, ?) ON CONFLICT (source, kind, name) DO UPDATE SET count = count + excluded.count",
        [(entry.source, kind, name, count) for (kind, name), count in counts.items()],
    )
    held = entry.fates.get("held", 0)
    catalog.run("INSERT OR REPLACE INTO totals VALUES (?, 'fate', 'held', ?)", (entry.source, held))


def _summary(source: Source, totals: Mapping[str, Mapping[str, int]]) -> SourceSummary:
    gaps = totals.get("gap", {})
    fates = {fate: totals.get("fate", {}).get(fate, 0) for fate in FATES}
    return SourceSummary(
        source=source,
        lines=totals.get("line", {}).get("", 0),
        fates=fates,
        noise=dict(totals.get("noise", {})),
        rows=dict(totals.get("row", {})),
        gap_bytes=None if "unknown" in gaps else gaps.get("bytes", 0),
    )


def _source_row(source: Source) -> tuple[Any, ...]:
    # Device and inode are unsigned and may be larger than SQLite's integers.
    device, inode = (None if number is None else str(number) for number in (source.device, source.inode))
    identity = (source.id, source.family, source.path, source.kind, source.generation, source.predecessor, device, inode)
    return (*identity, source.head_bytes, source.head_hash, source.offset, source.host)


def _source(row: tuple[Any, ...], proofs: tuple[Checkpoint, ...]) -> Source:
    number, family, path, kind, generation, predecessor, device, inode, head_bytes, head_hash, offset, host = row
    return Source(
        id=number,
        family=family,
        path=path,
        kind=kind,
        generation=generation,
        predecessor=predecessor,
        device=None if device is None else int(device),
        inode=None if inode is None else int(inode),
        head_bytes=head_bytes,
        head_hash=head_hash,
        offset=offset,
        host=host,
        checkpoints=proofs,
    )
