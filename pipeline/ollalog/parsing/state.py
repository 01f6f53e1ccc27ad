"""What parsing must remember of a log between blocks: small, explicit, part of the commit."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from ollalog.parsing.open_runs import OpenRun


@dataclass(frozen=True)
class ParserState:
    """Facts of one family of sources at the end of what was read.

    `session` names the server run; `is_listening` whether it has said so; `zone_s` the offset of its slog lines;
    `look_ahead_s` the offset found by looking ahead; `last_utc` the last time seen; `is_record_open` whether unowned
    lines continue a record; `is_load_open` whether a model's load has begun and not ended; `runs` runs that are open and `sampler` top_p and
    temperature that the next one will use.
    """

    session: str | None = None
    is_listening: bool = False
    zone_s: int | None = None
    look_ahead_s: int | None = None
    last_utc: datetime | None = None
    is_record_open: bool = False
    is_load_open: bool = False
    runs: list[OpenRun] = field(default_factory=list)
    sampler: list[float] | None = None

    def to_json(self) -> str:
        """The state as JSON text."""
        return json.dumps(asdict(self) | {"last_utc": self.last_utc.isoformat() if self.last_utc else None})

    @classmethod
    def from_json(cls, text: str | None) -> ParserState:
        """The state that `to_json` wrote; the state of a log not yet read where there is none."""
        if text is None:
            return cls()
        state = cls(**json.loads(text))
        return replace(
            state,
            last_utc=datetime.fromisoformat(str(state.last_utc)) if state.last_utc else None,
            runs=[OpenRun(**run) for run in state.runs],  # type: ignore[arg-type]
        )
