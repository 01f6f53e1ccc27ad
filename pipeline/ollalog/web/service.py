"""What the endpoints are handed: the store, the reader, the events, who follows the logs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from ollalog.core.clock import Clock
from ollalog.export import Asked as Metrics
from ollalog.web.answers import Monitoring
from ollalog.web.events import Hub
from ollalog.web.following import Following, holder
from ollalog.web.reader import Reader

EXPORTS = "exports"


@dataclass
class Service:
    """One running service.

    `timezone` is the zone of local hours where a request names none; `exports` the one folder that files are written to;
    `following` None: this service leaves the logs alone; `say` tells the person at the terminal; `metrics` says what is exported.
    """

    root: Path
    clock: Clock
    timezone: str | None
    following: Following | None
    say: Callable[[str], None]
    exports: Path
    metrics: Metrics
    reader: Reader = field(init=False)
    hub: Hub = field(init=False)
    started_at: datetime = field(init=False)
    version: str = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(self.root, self.clock)
        self.hub = Hub()
        self.started_at = self.clock.now_utc()
        self.version = version("ollalog")

    def begin_end(self) -> None:
        """Let go of all that would hold up the end: open streams, questions that are being asked, the process that follows the logs."""
        self.hub.close()
        self.reader.close()
        if self.following is not None:
            threading.Thread(target=self.following.close, name="ending", daemon=True).start()

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Leave the logs alone while the block lasts, so that it can write to the store."""
        following = self.following if self.following is not None and self.following.is_running else None
        if following is not None:
            following.stop()
        try:
            yield
        finally:
            if following is not None:
                following.start()

    def monitoring(self) -> Monitoring:
        """Whether logs are followed and the host is sampled."""
        following = self.following
        note = "this service was started with --no-tail" if following is None else following.note
        sample_s = None if following is None else following.sample_s
        return Monitoring(
            following=following is not None and following.is_running,
            sampling=sample_s is not None,
            interval_s=sample_s,
            writer=holder(self.root),
            note=note,
        )
