"""Live events to any number of subscribers: bounded, nobody waits for a slow one, what is dropped is counted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

QUEUE = 100
MOST_SUBSCRIBERS = 1_000
BEAT_S = 15.0


class Subscriber:
    """One open stream: what waits to be sent, and how much was dropped."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE)
        self.dropped = 0

    def offer(self, event: bytes) -> bool:
        """Put an event in line; False: there was no room."""
        try:
            self.waiting.put_nowait(event)
        except asyncio.QueueFull:
            self.dropped += 1
            return False
        return True


class Hub:
    """Hands events on; belongs to one event loop."""

    def __init__(self) -> None:
        self._subscribers: set[Subscriber] = set()
        self._is_closed = False
        self._number = 0
        self.dropped = 0

    @property
    def count(self) -> int:
        """How many listen."""
        return len(self._subscribers)

    def is_full(self) -> bool:
        """Whether no more may listen."""
        return self._is_closed or len(self._subscribers) >= MOST_SUBSCRIBERS

    def publish(self, event: str, data: Mapping[str, Any]) -> None:
        """Tell everybody who listens."""
        self._number += 1
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        message = f"id: {self._number}\nevent: {event}\ndata: {text}\n\n".encode("utf-8", "backslashreplace")
        for subscriber in self._subscribers:
            self.dropped += not subscriber.offer(message)

    def subscribe(self) -> Subscriber:
        """A new stream; `stream` ends it."""
        subscriber = Subscriber()
        self._subscribers.add(subscriber)
        return subscriber

    async def stream(self, subscriber: Subscriber, greeting: Mapping[str, Any]) -> AsyncIterator[bytes]:
        """What a subscriber is sent: a greeting, events, a sign of life when nothing happens."""
        try:
            yield f"retry: 2000\nevent: hello\ndata: {json.dumps(greeting)}\n\n".encode()
            told = 0
            while not self._is_closed:
                event: bytes | None = b": still there\n\n"
                with suppress(TimeoutError):
                    event = await asyncio.wait_for(subscriber.waiting.get(), BEAT_S)
                if event is None:
                    return
                if subscriber.dropped > told:
                    told = subscriber.dropped
                    yield f"event: dropped\ndata: {json.dumps({'dropped': told})}\n\n".encode()
                yield event
        finally:
            self._subscribers.discard(subscriber)

    def close(self) -> None:
        """End all streams."""
        self._is_closed = True
        for subscriber in self._subscribers:
            with suppress(asyncio.QueueEmpty):
                if subscriber.waiting.full():
                    subscriber.waiting.get_nowait()
            subscriber.waiting.put_nowait(None)
