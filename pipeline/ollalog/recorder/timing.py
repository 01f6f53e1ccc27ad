"""The body of a `with` statement, timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

Ended = Callable[["Timed"], None]


class Timed:
    """What a `with` statement around a request, a node, a graph or a tool gives.

    Attributes:
        seconds: Time that the body took; 0 before its end.
        error: Why it failed: its exception, or what the body sets, an exception or a text; None: it succeeded.
        input_bytes: Size of what a tool was given, if the body sets it; bytes.
        output_bytes: Size of what a tool gave back, if the body sets it; bytes.
        retries: How often a tool was tried again.
    """

    __slots__ = ("_begun", "_on_end", "_on_start", "error", "input_bytes", "output_bytes", "retries", "seconds")

    def __init__(self, on_end: Ended, on_start: Callable[[], None] | None = None) -> None:
        """What is called at the end of the body, and at its start; neither may raise."""
        self._on_end = on_end
        self._on_start = on_start
        self._begun = 0.0
        self.seconds = 0.0
        self.error: object = None
        self.input_bytes: int | None = None
        self.output_bytes: int | None = None
        self.retries = 0

    def __enter__(self) -> Self:
        if self._on_start is not None:
            self._on_start()
        self._begun = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.seconds = time.perf_counter() - self._begun
        if error is not None:
            self.error = error
        self._on_end(self)
