"""Ask the store as of its last commit, as the options of a command say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from ollalog.cli.session import Session
    from ollalog.warehouse import Warehouse

Answer = TypeVar("Answer")
EMPTY = "the store is empty; fill it with: ollalog ingest PATH"


def answered(
    session: Session,
    ask: Callable[[Warehouse], Answer],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    timezone: str | None = None,
) -> Answer:
    """Open the store, ask, close it.

    Args:
        session: Says where the store is, what time it is, and the zone of local hours.
        ask: Reads from the warehouse; it may be called twice, so it prints nothing.
        since: Rows before it are left out; None: no bound.
        until: Rows from it on are left out; None: no bound.
        timezone: Zone of local hours; None: that of the settings.

    Raises:
        PipelineError: the store cannot be read, or what `ask` raises.
    """
    from ollalog.asking import Scope, ask_store

    scope = Scope(since=since, until=until, timezone=timezone or session.settings.timezone)
    return ask_store(session.store, scope, session.clock.now_utc(), ask)


def is_empty(warehouse: Warehouse) -> bool:
    """Whether the store has read no source yet."""
    return warehouse.query("SELECT 1 AS one FROM sources LIMIT 1").is_empty()
