"""What parsing must remember of a log between blocks: small, explicit, part of the commit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from ollalog.parsing import pairing
from ollalog.parsing.attribution import RunnerState
from ollalog.parsing.open_runs import OpenRun
from ollalog.parsing.pairing import Waiting
from ollalog.parsing.runners import Runner, Runners
from ollalog.parsing.uncrossing import CHOSEN_SCHEMA


@dataclass(frozen=True)
class ParserState:
    """Facts of one family of sources at the end of what was read.

    `session` names the server run; `is_listening` whether it has said so; `zone_s` the offset of its slog lines;
    `look_ahead_s` the offset found by looking ahead; `last_utc` the last time seen; `is_record_open` whether unowned
    lines continue a record; `is_load_open` whether a model's load has begun and not ended, None before any is told of; `last_resolved`
    the last instant by table that was found out of a local time; `runner` what the runners' lines leave open.
    """

    session: str | None = None
    is_listening: bool = False
    zone_s: int | None = None
    look_ahead_s: int | None = None
    last_utc: datetime | None = None
    is_record_open: bool = False
    is_load_open: bool | None = None
    last_resolved: dict[str, datetime] = field(default_factory=dict)
    runner: RunnerState = field(default_factory=RunnerState)

    def to_json(self) -> str:
        """The state as JSON text."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        runner = self.runner
        return json.dumps(
            {
                **plain,
                "last_utc": self.last_utc.isoformat() if self.last_utc else None,
                "last_resolved": {name: instant.isoformat() for name, instant in self.last_resolved.items()},
                "line_count": runner.line_count,
                "sampler": runner.sampler,
                "head": runner.head,
                "runs": [asdict(run) for run in runner.runs],
                "runners": [asdict(loaded) for loaded in runner.runners.loaded],
                "told": runner.runners.told,
                "are_all_known": runner.runners.are_all_known,
                "requests": _columns(runner.waiting.requests),
                "waiting_runs": _columns(runner.waiting.runs),
                "chosen": _columns(runner.waiting.chosen),
            }
        )

    @classmethod
    def from_json(cls, text: str | None) -> ParserState:
        """The state that `to_json` wrote; the state of a log not yet read where there is none."""
        if text is None:
            return cls()
        found = json.loads(text)
        runner = RunnerState(
            line_count=found["line_count"],
            runs=[OpenRun(**run) for run in found["runs"]],
            sampler=found["sampler"],
            head=found.get("head"),
            runners=Runners(
                [Runner(**loaded) for loaded in found["runners"]],
                {int(offset): names for offset, names in found["told"].items()},
                found.get("are_all_known", True),
            ),
            waiting=_waiting([found]),
        )
        last_utc = datetime.fromisoformat(found["last_utc"]) if found["last_utc"] else None
        last_resolved = {name: datetime.fromisoformat(instant) for name, instant in found["last_resolved"].items()}
        return cls(**{name: found[name] for name in _PLAIN}, last_utc=last_utc, last_resolved=last_resolved, runner=runner)


_PLAIN = ("session", "is_listening", "zone_s", "look_ahead_s", "is_record_open", "is_load_open")


_SIDES = {"requests": pairing.REQUEST_SCHEMA, "waiting_runs": pairing.RUN_SCHEMA, "chosen": CHOSEN_SCHEMA}


def all_waiting(texts: Iterable[str]) -> Waiting:
    """What waits to be paired in several states (JSON): of each log so far behind the one before that none gets the run of another."""
    return _waiting([json.loads(text) for text in texts])


def _waiting(states: Sequence[Mapping[str, Any]]) -> Waiting:
    sides: dict[str, dict[str, list[Any]]] = {side: {name: [] for name in schema} for side, schema in _SIDES.items()}
    first_line = 0
    for state in states:
        for side, columns in sides.items():
            for name, values in state.get(side, {}).items():
                columns[name] += [line + first_line for line in values] if first_line and name in _LINES else values
        first_line += int(state["line_count"]) + pairing.LINES_APART
    return Waiting(*(_frame(sides[side], schema) for side, schema in _SIDES.items()))


_LINES = ("line", "run_line")


def _columns(frame: pl.DataFrame) -> dict[str, list[Any]]:
    """A frame as lists by column, instants as µs since 1970."""
    return frame.with_columns(pl.col(pl.Datetime).cast(pl.Int64)).to_dict(as_series=False)


def _frame(columns: dict[str, list[Any]], schema: dict[str, Any]) -> pl.DataFrame:
    raw = {name: pl.Int64() if isinstance(kind, pl.Datetime) else kind for name, kind in schema.items()}
    return pl.DataFrame(columns, schema=raw).cast(pl.Schema(schema))
