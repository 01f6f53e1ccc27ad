"""Something done every few seconds, in a thread of its own, until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Periodic:
    """Calls a function every so many seconds, and once more when it is stopped. What it raises is counted, and said the first time."""

    def __init__(self, action: Callable[[], None], seconds: float) -> None:
        """The first call comes after the first period."""
        self.failed = 0
        self._action = action
        self._seconds = seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ollalog-export", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it, after a last call."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            self._act()
        self._act()

    def _act(self) -> None:
        try:
            self._action()
        except Exception as error:  # noqa: BLE001 - a thread that ends would end the exports in silence
            self.failed += 1
            if self.failed == 1:
                import logging

                logging.getLogger("ollalog.recorder").warning("a periodic export failed; it is tried again\n  found  %s", error)
