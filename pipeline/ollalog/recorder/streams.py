"""Events as they happen, for any number of subscribers in this process (A5)."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

Event = dict[str, object]


def streamed(record: Mapping[str, object]) -> Event | None:
    """A recorded event as subscribers see it: `event` is latency, error, task_complete or resource; None for all others."""
    match record["event"]:
        case "latency" | "error" | "resource":
            return dict(record)
        case "task":
            return {**record, "event": "task_complete"}
        case "request_ended":
            return {**record, "event": "latency" if record.get("success") else "error"}
    return None


class Subscription:
    """Events of one subscriber, oldest first; what comes while it is full is dropped and counted, so that no writer waits.

    Iterate over it until it is closed, or ask with `get`. As a context manager it closes itself.
    """

    def __init__(self, capacity: int) -> None:
        """See `MetricsCollector.subscribe`."""
        self.dropped = 0
        self._capacity = max(1, capacity)
        self._events: deque[Event] = deque()
        self._arrived = threading.Condition()
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether nothing will come any more; what is there can still be read."""
        return self._is_closed

    def put(self, event: Event) -> None:
        """Hand an event over, without ever waiting for its reader."""
        with self._arrived:
            if self._is_closed:
                return
            if len(self._events) >= self._capacity:
                self.dropped += 1
                return
            self._events.append(event)
            self._arrived.notify()

    def get(self, timeout: float | None = None) -> Event | None:
        """The next event; None when none came within so many seconds, or none will because it was closed. Without a time it waits."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._arrived:
            while not self._events and not self._is_closed:
                left = None if deadline is None else deadline - time.monotonic()
                if (left is not None and left <= 0) or not self._arrived.wait(left):
                    break
            return self._events.popleft() if self._events else None

    def close(self) -> None:
        """Take no more; readers that wait go on."""
        with self._arrived:
            self._is_closed = True
            self._arrived.notify_all()

    def __iter__(self) -> Iterator[Event]:
        while (event := self.get()) is not None:
            yield event

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
