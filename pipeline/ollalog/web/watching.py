"""New commits become events, whoever writes them: the catalogue is looked at while somebody listens."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from functools import partial

from ollalog.asking import Scope
from ollalog.core.clock import Clock
from ollalog.core.errors import PipelineError
from ollalog.core.rows import plain
from ollalog.warehouse import Warehouse
from ollalog.web.events import Hub
from ollalog.web.reader import Reader
from ollalog.web.rows import encoded

LOOK_S = 0.25
MOST_NEWS = 20
# Event -> the table that it comes from, and what is new in it, the newest first.
NEWS = {
    "alert": (
        "alerts",
        """SELECT happened_at, rule, state, severity, model, value, threshold, message, recommendation
        FROM alerts WHERE batch > {after} AND batch <= {batch} AND NOT replayed ORDER BY happened_at DESC LIMIT {most}""",
    ),
    "sample": (
        "resource_samples",
        """SELECT host, happened_at, cpu_ratio, memory_ratio, gpu_ratio, gpu_memory_bytes, disk_ratio, models_loaded, is_available
        FROM resource_samples WHERE batch > {after} AND batch <= {batch} AND scope = 'host'
        QUALIFY row_number() OVER (PARTITION BY host ORDER BY happened_at DESC) = 1 ORDER BY happened_at DESC LIMIT {most}""",
    ),
}


def _rows(question: str, house: Warehouse) -> bytes:
    """Rows of one of our own questions."""
    return encoded(house.query(question).to_dicts())


class Watch:
    """Looks at the files of the catalogue, which costs a few microseconds, and asks it only when they changed."""

    def __init__(self, hub: Hub, reader: Reader, clock: Clock) -> None:
        self._hub = hub
        self._reader = reader
        self._clock = clock
        self._batch = 0  # the last commit that was seen
        self._told = 0  # the last one whose alerts and samples were told, or are being told
        self._rows: dict[str, tuple[tuple[str, int, int], ...]] = {}  # table -> its parts when it was looked at last
        self._stopped = asyncio.Event()
        self._telling: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """End `run`."""
        self._stopped.set()

    async def run(self) -> None:
        """Look until stopped."""
        self._batch = self._told = self._last_batch()
        while not self._stopped.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), LOOK_S)
            self._look()
        if self._telling is not None:
            self._telling.cancel()

    def _look(self) -> None:
        batch = self._last_batch()
        if not self._hub.count:  # what is committed while nobody listens is no news to who comes later
            self._batch = self._told = batch
            return
        if batch != self._batch:
            self._batch = batch
            self._hub.publish("commit", {"batch": batch, "at": plain(self._clock.now_utc())})
        # Told beside it: what is asked of alerts and samples must not hold up the next commit. What comes meanwhile is told after it.
        if self._told != self._batch and (self._telling is None or self._telling.done()):
            after, self._told = self._told, self._batch
            self._telling = asyncio.create_task(self._tell_news(after, self._batch))

    async def _tell_news(self, after: int, batch: int) -> None:
        """Tell of alerts that changed and of the newest sample of each host, where commits after one and up to another have some."""
        with suppress(PipelineError):
            snapshot = await self._reader.snapshot()
            for event, (table, question) in NEWS.items():
                # The part of a day grows in place: it is by its rows that a commit with something for it is told from one without.
                rows = tuple((part.date, part.batch, part.rows) for part in snapshot.parts if part.table == table)
                before, self._rows[table] = self._rows.get(table, ()), rows
                if rows != before:
                    asked = partial(_rows, question.format(after=int(after), batch=int(batch), most=MOST_NEWS))
                    for row in reversed(json.loads(await self._reader.once(Scope(), asked))):
                        self._hub.publish(event, row)

    def _last_batch(self) -> int:
        try:
            return self._reader.batch()
        except PipelineError:
            return self._batch
