"""What a run is asked to do, and what it says that it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ollalog.core.errors import PipelineError


@dataclass(frozen=True)
class IngestOptions:
    """How logs are read: the zone of times without one, the host they are of, whether ends are final, clients hashed.

    `no_alerts`: rows are not searched for alerts; `rules`: folder of the user's rules; `alerts`: changes of rules; `sinks` and
    `inhibit`: who is told of alerts of a server that is followed, as the settings say it.
    """

    timezone: str | None = None
    host: str | None = None
    final: bool = False
    hash_clients: bool = False
    no_alerts: bool = False
    rules: Path | None = None
    alerts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sinks: Sequence[Mapping[str, Any]] = ()
    inhibit: Sequence[Mapping[str, Any]] = ()


@dataclass
class IngestSummary:
    """What a run read and wrote."""

    batches: int = 0
    sources: list[dict[str, Any]] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    size_bytes: int = 0
    seconds: float = 0.0
    problems: list[PipelineError] = field(default_factory=list)
    interrupted: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The object that `ingest --json` prints."""
        fates = {name: self.fates[name] for name in ("row", "folded", "noise", "rejected", "held")}
        return {
            "batches": self.batches,
            "sources": self.sources,
            "lines": sum(fates.values()),
            "bytes": self.size_bytes,
            "fates": fates,
            "rows": dict(sorted(self.rows.items())),
            "seconds": round(self.seconds, 3),
        }


@dataclass
class ReprocessSummary(IngestSummary):
    """What a reprocessing read, and what it changed by table."""

    changes: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The object that `reprocess --json` prints: that of ingest, and `tables` with what changed."""
        return super().as_dict() | {"tables": self.changes}
