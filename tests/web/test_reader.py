"""What the reader knows of the store between two questions."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ollalog import asking, runtime
from ollalog.asking import Scope
from ollalog.core.clock import FrozenClock
from ollalog.core.errors import UsageError, WarehouseError
from ollalog.core.events import NullEvents
from ollalog.core.layout import StoreLayout
from ollalog.runtime import IngestOptions
from ollalog.warehouse import Warehouse, load_views
from ollalog.web.kept import KEPT_BYTES, KEPT_S, MOST_KEPT, Kept, Opened
from ollalog.web.reader import Reader
from ollalog.web.rows import view_csv

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


def settled(root: Path) -> None:
    """The catalogue's file looks as if it were written a while ago, so that a commit from now on is told by it."""
    os.utime(StoreLayout(root).catalog, ns=(1, 1))


def count(house: Warehouse) -> int:
    return int(house.query("SELECT count(*) AS requests FROM requests").item())


@pytest.fixture
def one_request(tmp_path: Path) -> Iterator[Reader]:
    """A reader of a store of one request that was committed a while ago."""
    settled(committed(tmp_path, 1))
    reader = Reader(tmp_path / "store", CLOCK)
    yield reader
    reader.close()


def test_plain_questions_of_one_commit_are_asked_in_one_warehouse(tmp_path: Path, one_request: Reader) -> None:
    asked: list[tuple[Warehouse, int]] = []

    def ask(house: Warehouse) -> bytes:
        asked.append((house, count(house)))
        return b""

    async def all_of_them() -> None:
        await one_request.plain_answer("one", Scope(), ask)
        await one_request.plain_answer("two", Scope(model="llama3.1:8b"), ask)
        await one_request.plain_answer("of another machine", Scope(host="attic"), ask)
        await one_request.answer("alone", Scope(), ask)
        await one_request.plain_answer("three", Scope(), ask)
        committed(tmp_path, 3)
        await one_request.plain_answer("after a commit", Scope(), ask)

    asyncio.run(all_of_them())
    one, two, other, alone, three, later = (house for house, _ in asked)
    assert one is two is three
    assert len({one, other, alone, later}) == 4
    assert [requests for _, requests in asked] == [1, 1, 0, 1, 1, 3]


def test_a_question_that_takes_long_holds_up_no_other_of_the_same_range(one_request: Reader) -> None:
    is_asked, may_end = threading.Event(), threading.Event()
    houses: list[Warehouse] = []

    def slow(house: Warehouse) -> bytes:
        houses.append(house)
        is_asked.set()
        assert may_end.wait(20)
        return b"slow"

    def quick(house: Warehouse) -> bytes:
        houses.append(house)
        return b"quick"

    async def both() -> None:
        waiting = asyncio.create_task(one_request.plain_answer("slow", Scope(), slow))
        await asyncio.to_thread(is_asked.wait, 20)
        assert await one_request.plain_answer("quick", Scope(), quick) == b"quick"
        may_end.set()
        assert await waiting == b"slow"

    asyncio.run(both())
    assert houses[0] is not houses[1]


def test_a_warehouse_in_which_a_question_failed_is_not_kept(one_request: Reader) -> None:
    houses: list[Warehouse] = []

    def ask(house: Warehouse) -> bytes:
        houses.append(house)
        if len(houses) == 1:
            raise UsageError("no such thing")
        return b""

    async def both() -> None:
        with pytest.raises(UsageError):
            await one_request.plain_answer("first", Scope(), ask)
        await one_request.plain_answer("second", Scope(), ask)

    asyncio.run(both())
    assert houses[0] is not houses[1]
    assert not is_open(houses[0])


def is_open(house: Warehouse) -> bool:
    try:
        count(house)
    except WarehouseError:
        return False
    return True


def test_few_warehouses_are_kept_and_none_after_a_commit_a_minute_or_the_end(tmp_path: Path, one_request: Reader) -> None:
    houses: list[Warehouse] = []

    def ask(house: Warehouse) -> bytes:
        houses.append(house)
        return b""

    async def many() -> None:
        for number in range(MOST_KEPT + 2):
            await one_request.plain_answer("", Scope(host=str(number)), ask)

    asyncio.run(many())
    assert [is_open(house) for house in houses] == [False] * 2 + [True] * MOST_KEPT
    committed(tmp_path, 2)
    one_request.batch()
    one_request.close()
    assert not any(is_open(house) for house in houses)


def test_what_is_kept_is_closed_when_it_is_old_large_or_of_a_store_that_changed(sample_store: Path) -> None:
    def opened(mark: int, opened_s: float) -> Opened:
        return Opened(runtime.warehouse(sample_store, now=CLOCK.now_utc()), "scope", mark, opened_s)

    kept = Kept()
    young, old, changed = opened(1, 1_000), opened(1, 1_000 - KEPT_S - 1), opened(2, 1_000)
    for each in (young, old, changed):
        kept.put(each)
    assert kept.has_old(1, 1_000)
    kept.drop_old(1, 1_000)
    assert not kept.has_old(1, 1_000)
    assert [is_open(each.house) for each in (young, old, changed)] == [True, False, False]
    assert (kept.take("scope", 2, 1_000), kept.take("another", 1, 1_000)) == (None, None)
    assert kept.take("scope", 1, 1_000) is young
    assert kept.take("scope", 1, 1_000) is None, "it is in use"
    young.house.prepare(f"CREATE TABLE large AS SELECT random() AS number FROM range({KEPT_BYTES // 8 + 1_000})")  # noqa: S608 - a number
    kept.put(young)
    assert not is_open(young.house), "it has more memory than there is for all"


def test_views_say_the_same_in_a_warehouse_that_others_were_asked_in(sample_store: Path) -> None:
    """In order and in reverse: each view comes before every other once, and after it once."""
    names = [name for name in load_views() if name not in {"model_requests", "request_runs", "requests_without_loads", "record_matches"}]
    scope = Scope(since=datetime(2026, 7, 14, tzinfo=UTC))

    def lines(house: Warehouse, name: str) -> list[bytes]:
        return sorted(view_csv(house, name, None, 10_000).splitlines())

    answers = []
    for order in (names, names[::-1]):
        with asking.opened(sample_store, scope, CLOCK.now_utc()) as house:
            answers.append({name: lines(house, name) for name in order})
    assert answers[0] == answers[1]
