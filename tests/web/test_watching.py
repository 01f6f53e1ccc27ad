"""What the service tells those who listen of commits, whoever wrote them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from ollalog import sampling
from ollalog.asking import Scope
from ollalog.core.clock import SystemClock
from ollalog.core.events import NullEvents
from ollalog.warehouse import Warehouse
from ollalog.web.events import Hub
from ollalog.web.reader import THREADS, Reader
from ollalog.web.watching import Watch
from tests.tail.following import ScriptedWaker

BOUND_S = 30.0


def take_a_sample(root: Path, host: str) -> None:
    """One sample of this machine, as another process would commit it."""
    sampling.sample(root, interval_s=1.0, count=1, host=host, clock=SystemClock(), events=NullEvents(), waker=ScriptedWaker([]))


async def told(stream: AsyncIterator[bytes]) -> tuple[str, dict[str, Any]]:
    """The next event of a stream."""
    lines = (await asyncio.wait_for(anext(stream), BOUND_S)).decode().splitlines()
    assert not lines[0].startswith(":"), "nothing more was told"
    kind = next(line.removeprefix("event: ") for line in lines if line.startswith("event: "))
    return kind, json.loads(next(line.removeprefix("data: ") for line in lines if line.startswith("data: ")))


def test_what_is_committed_while_news_are_looked_up_is_told_too(tmp_path: Path) -> None:
    """A5: no alert and no sample is lost because the one before it took long; and each is told once."""
    root = tmp_path / "store"
    take_a_sample(root, "before")
    free = threading.Event()

    def hold(_house: Warehouse) -> bytes:
        free.wait(BOUND_S)
        return b""

    async def talk() -> list[str]:
        hub, clock = Hub(), SystemClock()
        reader = Reader(root, clock)
        watch = Watch(hub, reader, clock)
        running = asyncio.create_task(watch.run())
        held = [asyncio.create_task(reader.once(Scope(), hold)) for _ in range(THREADS)]
        stream = hub.stream(hub.subscribe(), {})
        assert (await told(stream))[0] == "hello"
        for host in ("first", "second"):
            take_a_sample(root, host)
            while (await told(stream))[1].get("batch", 0) < reader.batch():
                pass
        free.set()
        await asyncio.gather(*held)
        hosts: list[str] = []
        while "second" not in hosts:
            kind, data = await told(stream)
            hosts += [data["host"]] if kind == "sample" else []
        watch.stop()
        await running
        reader.close()
        return hosts

    assert asyncio.run(talk()) == ["first", "second"]
