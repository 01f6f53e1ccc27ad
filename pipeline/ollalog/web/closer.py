"""Days that are over are closed beside the service, in a thread that gives way to all others."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from ollalog import closing, runtime
from ollalog.core.clock import Clock
from ollalog.core.errors import PipelineError
from ollalog.warehouse import Warehouse
from ollalog.web.priority import LOWEST, give_way

AGAIN_S = 600.0
JOIN_S = 0.5


class Closer:
    """Closes dates at the start and every ten minutes, until stopped."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._clock = clock
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._house: Warehouse | None = None
        self._place = closing.Place(root, self._opened, runtime.unsettled_instants, fault=self._go_on)
        self._thread = threading.Thread(target=self._run, name="closing", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, also in the middle of a date: nothing is lost by it."""
        self._stopped.set()
        with self._lock:
            house = self._house
        if house is not None:
            house.interrupt()

    def join(self) -> None:
        """Wait for the end, for a moment."""
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        give_way(LOWEST)
        while not self._stopped.is_set():
            # Where a part goes while it is read, or the disk is full, the next time is soon enough: views join what is not closed.
            with suppress(PipelineError, OSError):
                closing.close_dates(self._place, self._clock.now_utc(), thorough=True)
            self._stopped.wait(AGAIN_S)

    def _opened(self, *arguments: object, **options: object) -> Warehouse:
        self._go_on("")
        house = runtime.opened_warehouse(*arguments, **options)  # type: ignore[arg-type]
        house.use_threads(1)
        with self._lock:
            self._house = house
        return house

    def _go_on(self, _point: str) -> None:
        if self._stopped.is_set():
            raise PipelineError("the service ends", fix="nothing is lost: the next run closes what is left")
