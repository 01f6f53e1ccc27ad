"""The telemetry contract: one method per thing that can happen during a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class AlertChange:
    """One change of the state of an alert, as a row of table `alerts` says it."""

    happened_at: datetime
    rule: str
    fingerprint: str
    state: str
    severity: str
    value: float | None
    threshold: float | None
    labels: Mapping[str, str]
    message: str
    recommendation: str


class Events(Protocol):
    """Told what happens while logs are read; the terminal's progress bar is one, silence another."""

    def run_planned(self, files: int, size_bytes: int | None) -> None:
        """So many files with so many bytes beyond what is committed will be read (None: a stream of unknown length)."""

    def source_started(self, path: str) -> None:
        """Reading of one source begins."""

    def block_parsed(self, size_bytes: int, lines: int) -> None:
        """A block of whole lines was read and parsed."""

    def batch_committed(self, batch: int, rows: int) -> None:
        """A batch is durable."""

    def source_finished(self, path: str) -> None:
        """Everything that is there of one source was read."""

    def logs_followed(self, logs: int, lag_bytes: int) -> None:
        """A turn of a tail is over: so many logs are followed, and so many bytes were unread when it began."""

    def alert_changed(self, change: AlertChange) -> None:
        """An alert of a server that is followed changed its state; that is durable."""

    def remark(self, text: str) -> None:
        """A sentence for the person at the terminal (stderr)."""


class NullEvents:
    """Tells nobody."""

    def run_planned(self, files: int, size_bytes: int | None) -> None:
        """Ignored."""

    def source_started(self, path: str) -> None:
        """Ignored."""

    def block_parsed(self, size_bytes: int, lines: int) -> None:
        """Ignored."""

    def batch_committed(self, batch: int, rows: int) -> None:
        """Ignored."""

    def source_finished(self, path: str) -> None:
        """Ignored."""

    def logs_followed(self, logs: int, lag_bytes: int) -> None:
        """Ignored."""

    def alert_changed(self, change: AlertChange) -> None:
        """Ignored."""

    def remark(self, text: str) -> None:
        """Ignored."""
