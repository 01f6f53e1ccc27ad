"""Ctrl-C and SIGTERM: the first one stops a run where it can be stopped, a second Ctrl-C at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

Made = TypeVar("Made")


class Interrupt:
    """Whether a person wants the run to end. Waiting for bytes that may never come is broken off, other work is finished.

    `wait_for` breaks off by KeyboardInterrupt, raised in the work; work may keep what it has and end by itself.
    """

    def __init__(self) -> None:
        self._is_asked = False
        self._is_waiting = False
        self._is_pressed = False

    def is_set(self) -> bool:
        """Whether Ctrl-C was pressed, or SIGTERM came."""
        return self._is_asked

    def wait_for(self, work: Callable[[], Made]) -> Made | None:
        """Do what may wait for long; None where Ctrl-C was pressed before, or broke it off."""
        try:
            self._is_waiting = True
            try:
                return None if self._is_asked else work()
            finally:
                self._is_waiting = False
        except KeyboardInterrupt:
            self._is_waiting, self._is_asked = False, True
            return None

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Called by the interpreter when Ctrl-C is pressed, or SIGTERM comes, of which whoever ends processes may send several."""
        is_pressed = number == signal.SIGINT
        is_urgent = self._is_waiting or (is_pressed and self._is_pressed)
        self._is_asked, self._is_pressed = True, self._is_pressed or is_pressed
        if is_urgent:
            raise KeyboardInterrupt


@contextmanager
def interruptible(*numbers: int) -> Iterator[Interrupt]:
    """Listen to Ctrl-C, or to these signals, while the block lasts; only the main thread hears them."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = {number: signal.signal(number, interrupt.on_signal) for number in numbers or (signal.SIGINT,)}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
