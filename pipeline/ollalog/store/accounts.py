"""The ledger against itself, against positions and against the rows that were counted: no file is read here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ollalog.core.batch import FATES, LedgerEntry, Source
from ollalog.core.tables import DERIVED_TABLES
from ollalog.store.ledger import Batches, follows, teller

NAMED = 20
Entries = Sequence[tuple[Batches, LedgerEntry]]


def account_problems(
    sources: Iterable[Source],
    entries: Entries,
    totals: Mapping[int, Mapping[str, int]],
    cells: Mapping[tuple[str, int, int], int],
) -> Iterator[str]:
    """Say where the books do not agree.

    Args:
        sources: All sources with their positions.
        entries: All ledger entries with their batches, by source, in the order they were made.
        totals: The running totals by source: lines and fates.
        cells: Rows counted from Parquet by (table, batch, source), and those that retention took away.
    """
    by_source: dict[int, list[tuple[Batches, LedgerEntry]]] = {}
    for batches, entry in entries:
        by_source.setdefault(entry.source, []).append((batches, entry))
        yield from _unlawful(batches[1], entry)
    known = {source.id: source for source in sources}
    for number in sorted(by_source.keys() - known.keys()):
        yield f"source {number}: the ledger has entries of it, the list of sources does not"
    for source in known.values():
        yield from _broken_chain(source, by_source.get(source.id, []))
        yield from _wrong_totals(source, by_source.get(source.id, []), totals.get(source.id, {}))
    yield from _wrong_rows(entries, cells)


def _unlawful(batch: int, entry: LedgerEntry) -> Iterator[str]:
    """The law of accounting, for one entry. A half line that waits is no line yet, so `held` may count beyond the lines."""
    place = f"batch {batch}, source {entry.source}, bytes {entry.start} to {entry.end}"
    if set(entry.fates) - set(FATES):
        yield f"{place}: unknown fates {sorted(set(entry.fates) - set(FATES))}"
    settled, held = sum(entry.fates.get(fate, 0) for fate in FATES if fate != "held"), entry.fates.get("held", 0)
    if entry.lines not in {settled, settled + held}:
        yield f"{place}: {entry.lines} lines were read, {settled + held} have a fate"
    if sum(entry.noise.values()) != entry.fates.get("noise", 0):
        yield f"{place}: {entry.fates.get('noise', 0)} lines of noise, {sum(entry.noise.values())} by kind"


def _broken_chain(source: Source, entries: Entries) -> Iterator[str]:
    """Each entry goes on where the last one ended, and the last one ends at the source's position."""
    end = 0
    for (_, batch), entry in entries:
        if not follows(entry, end):
            yield f"source {source.id} ({source.path}): batch {batch} has bytes {entry.start} to {entry.end}, the one before ended at {end}"
        end = entry.end
    if end != source.offset:
        yield f"source {source.id} ({source.path}): the position is {source.offset}, the ledger ends at {end}"


def _wrong_totals(source: Source, entries: Entries, totals: Mapping[str, int]) -> Iterator[str]:
    summed: Counter[str] = Counter()
    for _, entry in entries:
        summed.update({"lines": entry.lines, **{fate: entry.fates.get(fate, 0) for fate in FATES if fate != "held"}})
    for name, count in sorted(summed.items()):
        if count != totals.get(name, 0):
            yield f"source {source.id} ({source.path}): the total of {name} is {totals.get(name, 0)}, its entries add up to {count}"


def _wrong_rows(entries: Entries, cells: Mapping[tuple[str, int, int], int]) -> Iterator[str]:
    """Rows that the ledger tells of, against rows that Parquet holds, for every table, batch and source."""
    told: Counter[tuple[str, int, int]] = Counter()
    folded: dict[int, list[Batches]] = {}
    for (first, batch), entry in entries:
        for table, count in entry.rows.items():
            told[table, batch, entry.source] += count
        if first != batch:
            folded.setdefault(entry.source, []).append((first, batch))
    read: Counter[tuple[str, int, int]] = Counter()
    for (table, batch, source), count in cells.items():
        if table not in DERIVED_TABLES:
            read[table, teller(batch, folded.get(source, [])), source] += count
    odd = sorted(key for key in told.keys() | read.keys() if told.get(key, 0) != read.get(key, 0))
    for key in odd[:NAMED]:
        table, batch, source = key
        yield f"{table}: batch {batch} of source {source}: the ledger tells of {told.get(key, 0)} rows, Parquet holds {read.get(key, 0)}"
    if len(odd) > NAMED:
        yield f"... and {len(odd) - NAMED} more batches whose rows in ledger and Parquet differ"
