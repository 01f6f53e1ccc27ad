"""What the reader knows of the store between two questions."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

from ollalog import runtime
from ollalog.asking import Scope
from ollalog.core.clock import FrozenClock
from ollalog.core.events import NullEvents
from ollalog.core.layout import StoreLayout
from ollalog.runtime import IngestOptions
from ollalog.warehouse import Warehouse
from ollalog.web.reader import Reader

CLOCK = FrozenClock(datetime(2026, 7, 15, 12, tzinfo=UTC))
LINE = '[GIN] 2026/07/15 - 11:00:00 | 200 | 12.5ms | 10.0.0.9 | POST "/api/chat"\n'


def committed(tmp_path: Path, lines: int) -> Path:
    log = tmp_path / "server.log"
    log.write_text(LINE * lines, encoding="utf-8")
    runtime.ingest(tmp_path / "store", [str(log)], IngestOptions(no_alerts=True), clock=CLOCK, events=NullEvents())
    return tmp_path / "store"


def test_a_commit_in_the_same_tick_of_the_clock_as_the_last_is_seen(tmp_path: Path) -> None:
    """The file system's clock ticks every few milliseconds: two commits may leave the same times and sizes."""
    root = committed(tmp_path, 1)
    catalog = StoreLayout(root).catalog
    reader = Reader(root, CLOCK)
    try:
        os.utime(catalog)  # as if it were written right now
        first, marks = reader.batch(), reader.marks()
        committed(tmp_path, 2)
        os.utime(catalog, ns=(marks[0][0], marks[0][0]))
        assert reader.marks() == marks, "the second commit looks like the first"
        assert reader.batch() > first
    finally:
        reader.close()


def test_equal_queries_of_one_commit_are_asked_once(tmp_path: Path) -> None:
    root = committed(tmp_path, 1)
    asked: list[int] = []

    def ask(house: Warehouse) -> bytes:
        asked.append(house.query("SELECT count(*) AS requests FROM requests").item())
        return str(asked[-1]).encode()

    async def answers(count: int) -> list[bytes]:
        return await asyncio.gather(*(reader.query("q", Scope(), ask) for _ in range(count)))

    async def both() -> tuple[list[bytes], list[bytes]]:
        before = await answers(5)
        committed(tmp_path, 2)
        return before, await answers(2)

    reader = Reader(root, CLOCK)
    try:
        assert asyncio.run(both()) == ([b"1"] * 5, [b"2"] * 2)
    finally:
        reader.close()
    assert asked == [1, 2]
