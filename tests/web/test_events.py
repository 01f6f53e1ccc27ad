"""Live events: bounded, counted, for many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from ollalog.web.events import MOST_SUBSCRIBERS, QUEUE, Hub


async def taken(stream: AsyncIterator[bytes], number: int) -> list[str]:
    """So many messages of a stream."""
    return [(await anext(stream)).decode() for _ in range(number)]


def test_everybody_is_told_in_order() -> None:
    """A5."""

    async def talk() -> None:
        hub = Hub()
        streams = [hub.stream(hub.subscribe(), {"batch": 1}) for _ in range(3)]
        for stream in streams:
            assert "event: hello" in (await taken(stream, 1))[0]
        hub.publish("commit", {"batch": 2})
        hub.publish("commit", {"batch": 3})
        for stream in streams:
            assert [message.splitlines()[2] for message in await taken(stream, 2)] == ['data: {"batch":2}', 'data: {"batch":3}']

    asyncio.run(talk())


def test_a_slow_one_loses_events_and_is_told_how_many() -> None:
    """A5: bounded; the one who publishes never waits."""

    async def talk() -> None:
        hub = Hub()
        stream = hub.stream(hub.subscribe(), {})
        await taken(stream, 1)
        for number in range(QUEUE + 7):
            hub.publish("commit", {"batch": number})
        assert hub.dropped == 7
        messages = await taken(stream, QUEUE + 1)
        assert 'data: {"dropped": 7}' in messages[0]
        assert f'data: {{"batch":{QUEUE - 1}}}' in messages[-1]

    asyncio.run(talk())


def test_streams_end_with_the_hub_and_leave_no_trace() -> None:
    async def talk() -> None:
        hub = Hub()
        streams = [hub.stream(hub.subscribe(), {}) for _ in range(2)]
        for stream in streams:
            await taken(stream, 1)
        assert hub.count == 2
        hub.publish("commit", {"batch": 1})
        hub.close()
        for stream in streams:
            assert len([message async for message in stream]) <= 1
        assert hub.count == 0

    asyncio.run(talk())


def test_there_is_a_most_of_subscribers() -> None:
    hub = Hub()

    async def fill() -> None:
        for _ in range(MOST_SUBSCRIBERS):
            assert not hub.is_full()
            hub.subscribe()
        assert hub.is_full()

    asyncio.run(fill())


def test_markup_and_line_ends_cannot_leave_their_event() -> None:
    """R3: what a log says cannot begin an event of its own."""

    async def talk() -> None:
        hub = Hub()
        stream = hub.stream(hub.subscribe(), {})
        await taken(stream, 1)
        hub.publish("alert", {"message": "a\n\nevent: commit\ndata: {}\r\n\u2028x"})
        message = (await taken(stream, 1))[0]
        assert message.count("\n") == 5 - 1
        assert "\r" not in message

    asyncio.run(talk())
