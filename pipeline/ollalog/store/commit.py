"""The order of a commit: stage, one SQLite transaction, publish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial

from polars.exceptions import PolarsError

from ollalog.core.batch import Turn
from ollalog.core.errors import StoreError
from ollalog.core.layout import StoreLayout
from ollalog.store import inventory, ledger
from ollalog.store.catalog import Catalog
from ollalog.store.files import sync_folder
from ollalog.store.parts import Draft, drafts_of, stage
from ollalog.store.publish import Fault, remove
from ollalog.store.records import PartRecord, Retired

GRACE_US = 600 * 1_000_000


def draft(catalog: Catalog, batch: int, turn: Turn) -> list[Draft]:
    """Say which parts the rows of a turn go to."""
    return drafts_of(
        batch,
        turn.tables,
        open_head=partial(inventory.open_head, catalog),
        newest_date=partial(inventory.newest_date, catalog),
    )


def stage_all(layout: StoreLayout, drafts: Sequence[Draft], pool: Executor, fault: Fault) -> list[PartRecord]:
    """Write all parts of a batch to the staging folder, several at a time, and sync them.

    Raises:
        StoreError: one of them cannot be written; none is left behind.
    """
    futures = [pool.submit(stage, layout, part) for part in drafts]
    try:
        parts = []
        for future in futures:
            parts.append(future.result())
            fault("part_staged")
        if parts:
            sync_folder(layout.staging)
    except (OSError, PolarsError, StoreError) as failure:
        for future in futures:
            future.exception()
        discard(layout, [part.record for part in drafts])
        raise (failure if isinstance(failure, StoreError) else unwritten(layout, failure)) from failure
    fault("staged")
    return parts


def discard(layout: StoreLayout, parts: Sequence[PartRecord]) -> None:
    """Delete staged parts that no commit will know; what cannot be deleted now is deleted at the next start."""
    for part in parts:
        with suppress(OSError):
            part.staging_path(layout).unlink(missing_ok=True)


def record(catalog: Catalog, batch: int, turn: Turn, parts: Sequence[PartRecord], now_us: int) -> None:
    """Write a batch into the catalogue; within its transaction."""
    inventory.record_batch(catalog, batch, "turn", now_us)
    ledger.put_entries(catalog, batch, turn.ledger)
    ledger.put_sources(catalog, turn.sources)
    ledger.put_states(catalog, turn.states)
    for part in parts:
        inventory.put_part(catalog, part)


def retire_heads(catalog: Catalog, layout: StoreLayout, drafts: Sequence[Draft], now_us: int) -> None:
    """Keep the versions that this batch replaces for readers of older snapshots; within its transaction."""
    for part in drafts:
        if part.head:
            path = part.head.version_path(layout).relative_to(layout.root)
            inventory.retire(catalog, Retired(str(path), None, now_us))


def remove_retired(catalog: Catalog, layout: StoreLayout, now_us: int) -> Callable[[], None]:
    """Delete the files whose grace is over; what is returned forgets them, within the next transaction."""
    expired = inventory.retired_before(catalog, now_us - GRACE_US)
    remove(layout, expired)
    return partial(inventory.forget, catalog, expired)


def unwritten(layout: StoreLayout, failure: Exception) -> StoreError:
    """The message of a part that could not be written."""
    return StoreError(
        "a batch could not be written; nothing of it is stored",
        at=str(layout.root),
        found=str(failure),
        want="free space, and permission to write",
        fix="make room or repair the disk, then run the same command again: it goes on from the last commit",
    )
