"""New commits become events, whoever writes them: the catalogue is looked at while somebody listens."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from ollalog import store
from ollalog.asking import Scope
from ollalog.core.clock import Clock
from ollalog.core.errors import PipelineError
from ollalog.core.layout import StoreLayout
from ollalog.core.rows import plain
from ollalog.warehouse import Warehouse
from ollalog.web.events import Hub
from ollalog.web.reader import Reader
from ollalog.web.rows import encoded

LOOK_S = 0.25
MOST_ALERTS = 20
NEW_ALERTS = """
    SELECT happened_at, rule, state, severity, model, value, threshold, message, recommendation
    FROM alerts WHERE batch > {batch} AND NOT replayed ORDER BY happened_at DESC LIMIT {most}
"""


class Watch:
    """Looks at the files of the catalogue, which costs a few microseconds, and asks it only when they changed."""

    def __init__(self, root: Path, hub: Hub, reader: Reader, clock: Clock) -> None:
        self._root = root
        self._hub = hub
        self._reader = reader
        self._clock = clock
        self._seen: tuple[tuple[int, int], ...] = ()
        self._batch = 0
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """End `run`."""
        self._stopped.set()

    async def run(self) -> None:
        """Look until stopped."""
        self._batch = await asyncio.to_thread(self._last_batch)
        while not self._stopped.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), LOOK_S)
            if self._hub.count and (seen := self._marks()) != self._seen:
                self._seen = seen
                await self._tell()

    async def _tell(self) -> None:
        batch = await asyncio.to_thread(self._last_batch)
        if batch == self._batch:
            return
        before, self._batch = self._batch, batch
        self._hub.publish("commit", {"batch": batch, "at": plain(self._clock.now_utc())})
        with suppress(PipelineError):
            for alert in await self._new_alerts(before):
                self._hub.publish("alert", alert)

    async def _new_alerts(self, batch: int) -> list[dict[str, object]]:
        snapshot = await asyncio.to_thread(store.read_snapshot, self._root)
        if not any(part.table == "alerts" and part.batch > batch for part in snapshot.parts):
            return []
        found: list[dict[str, object]] = []

        def ask(house: Warehouse) -> bytes:
            rows = house.query(NEW_ALERTS.format(batch=int(batch), most=MOST_ALERTS)).to_dicts()
            found.extend(plain(row) for row in reversed(rows))
            return encoded(len(rows))

        await self._reader.query(Scope(), ask)
        return found

    def _last_batch(self) -> int:
        try:
            return store.last_batch(self._root)
        except PipelineError:
            return self._batch

    def _marks(self) -> tuple[tuple[int, int], ...]:
        marks = []
        catalog = StoreLayout(self._root).catalog
        for file in (catalog, catalog.with_name(catalog.name + "-wal")):
            try:
                found = file.stat()
            except OSError:
                continue
            marks.append((found.st_mtime_ns, found.st_size))
        return tuple(marks)
