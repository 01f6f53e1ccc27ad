"""What asks a run to end, and what ends it at once."""

from __future__ import annotations

import signal

import pytest

from ollalog.core.interrupt import Interrupt, interruptible


@pytest.mark.parametrize("numbers", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT)])
def test_whoever_manages_processes_may_ask_more_than_once(numbers: tuple[int, int]) -> None:
    """The end of a parent and the system that stops it both ask; only a person who presses Ctrl-C twice wants the end at once."""
    with interruptible(signal.SIGINT, signal.SIGTERM) as interrupt:
        for number in numbers:
            signal.raise_signal(number)
        assert interrupt.is_set()


def test_ctrl_c_twice_ends_at_once() -> None:
    with interruptible(signal.SIGINT) as interrupt:
        signal.raise_signal(signal.SIGINT)
        assert interrupt.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_wait_is_broken_off_and_work_that_waits_is_not_begun_again() -> None:
    interrupt = Interrupt()
    assert interrupt.wait_for(lambda: interrupt.on_signal(signal.SIGTERM, None)) is None
    assert interrupt.is_set()
    assert interrupt.wait_for(lambda: "more") is None
