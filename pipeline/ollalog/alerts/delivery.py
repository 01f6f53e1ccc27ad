"""Notifications on their way: a thread per sink delivers them in order, tries again, and never keeps the ingestion waiting."""

from __future__ import annotations

import json
import threading
from collections import deque

from ollalog.alerts.receivers import Sink
from ollalog.alerts.sink_kind import DeliveryError

BACK_OFF_S = (1.0, 60.0)
"""A receiver that fails is tried again after so long: at first, and in the end."""
Letter = tuple[str, str]
"""Id and body (JSON) of a notification."""


class Courier:
    """Delivers to one sink. What was handed over is in the outbox on disk until `taken` names it."""

    def __init__(self, sink: Sink, back_off_s: tuple[float, float] = BACK_OFF_S) -> None:
        self._sink = sink
        self._back_off_s = back_off_s
        self._bell = threading.Condition()
        self._waiting: deque[Letter] = deque()
        self._taken: list[str] = []
        self._remarks: list[str] = []
        self._said: set[str] = set()
        self._is_stopped = False
        self._is_busy = False
        self._thread = threading.Thread(target=self._run, name=f"sink {sink.route.sink}", daemon=True)
        self._thread.start()

    def put(self, letter: Letter, *, supersedes: bool = False) -> None:
        """Take over a notification; one that supersedes makes those that still wait needless."""
        with self._bell:
            if supersedes:
                self._taken += [number for number, _ in self._waiting]
                self._waiting.clear()
            self._waiting.append(letter)
            self._bell.notify()

    def taken(self) -> list[str]:
        """The ids of notifications that need no more delivering, since the last call."""
        with self._bell:
            taken, self._taken = self._taken, []
            return taken

    def remarks(self) -> list[str]:
        """What went wrong, each thing once, since the last call."""
        with self._bell:
            remarks, self._remarks = self._remarks, []
            return remarks

    def stop(self, grace_s: float) -> None:
        """Deliver for so long what waits, then stop; what is left is delivered by the next run."""
        with self._bell:
            if not self._said:  # who fails is not waited for
                self._bell.wait_for(lambda: not (self._waiting or self._is_busy) or bool(self._said), grace_s)
            self._is_stopped = True
            self._bell.notify_all()
        self._thread.join(grace_s if not self._said else 0.2)

    def _run(self) -> None:
        pause_s = 0.0
        while True:
            with self._bell:
                if pause_s:
                    self._bell.wait_for(lambda: self._is_stopped, pause_s)
                self._bell.wait_for(lambda: self._is_stopped or bool(self._waiting))
                if self._is_stopped:
                    return
                number, body = self._waiting[0]
                self._is_busy = True
            failure = self._delivered(body)
            with self._bell:
                self._is_busy = False
                if failure is None or failure.is_final:
                    pause_s = 0.0
                    self._taken.append(number)
                    if self._waiting and self._waiting[0][0] == number:
                        self._waiting.popleft()
                    if failure is None:
                        self._said.clear()
                else:
                    pause_s = min(self._back_off_s[1], max(self._back_off_s[0], 2 * pause_s))
                if failure is not None and str(failure) not in self._said:
                    self._said.add(str(failure))
                    self._remarks.append(str(failure))
                self._bell.notify_all()

    def _delivered(self, body: str) -> DeliveryError | None:
        """Try once; what went wrong."""
        try:
            self._sink.deliver(json.loads(body))
        except DeliveryError as failure:
            return failure
        except Exception as fault:  # noqa: BLE001 - a sink must not end its thread: what waits would never be told
            name = self._sink.route.sink
            return DeliveryError(
                "a sink of alerts failed", at=name, found=f"{type(fault).__name__}: {fault}", fix="please report it", is_final=True
            )
        return None
