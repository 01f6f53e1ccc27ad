"""The only "now": everything that needs the time is handed one of these or an instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Says what time it is."""

    def now_utc(self) -> datetime:
        """The present instant, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_utc(self) -> datetime:
        """The present instant by the machine's clock, UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class FrozenClock:
    """A clock that stands still, for tests and replays."""

    at: datetime

    def now_utc(self) -> datetime:
        """The instant it was frozen at."""
        return self.at
