"""Runs that are open, followed line by line: where two runners use the same slot and task numbers, or a run is cut off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

KEY_LIMIT = 8
TOTAL_LIMIT = 1024
"""Open runs that are remembered at most, for one pair of numbers and in all; those cut off never end."""
_ORDER = ("launch", "prompt", "cached", "prompt_eval", "eval", "total", "release")


@dataclass
class OpenRun:
    """One run so far: what its lines told, as (a, b) by kind, and where the last of them began."""

    slot: int | None
    task: int | None
    byte_offset: int
    total_offset: int | None = None
    prompt_offset: int | None = None
    told: dict[str, list[float | None]] = field(default_factory=dict)

    def number(self, kind: str, place: int) -> float | None:
        """A number that a line of the kind told; None where there was no such line."""
        return self.told[kind][place] if kind in self.told else None

    @property
    def evaluates(self) -> float | None:
        """Tokens that this run's prompt evaluation will report: those of the prompt less those cached."""
        prompt, cached = self.number("prompt", 1), self.number("cached", 0)
        return None if prompt is None or cached is None else prompt - cached

    @property
    def is_generation(self) -> bool:
        """Whether it printed timings or was given a sampler; other runs embed."""
        return "total" in self.told or self.number("launch", 1) is not None

    def row(self, line: int) -> tuple[object, ...]:
        """The run as a row by `runs.RUN_SCHEMA`, ended by a line."""
        evaluated, cached = self.number("prompt_eval", 1), self.number("cached", 0)
        prompt = self.number("prompt", 1)
        if prompt is None and evaluated is not None:
            prompt = evaluated + (cached or 0)
        truncated = self.number("release", 1)
        return (
            line,
            self.byte_offset if self.total_offset is None else self.total_offset,
            _ns(self.number("prompt_eval", 0)),
            _ns(self.number("eval", 0)),
            _ns(self.number("total", 0)),
            _whole(prompt),
            _whole(cached),
            _whole(self.number("eval", 1)),
            _whole(self.number("prompt", 0)),
            self.number("launch", 1),
            self.number("launch", 0),
            None if truncated is None else truncated == 1,
            "total" in self.told,
            self.slot,
            self.prompt_offset,
        )


def _ns(milliseconds: float | None) -> int | None:
    return None if milliseconds is None else round(milliseconds * 1e6)


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def follow(marks: Iterable[tuple[Any, ...]], remembered: list[OpenRun]) -> tuple[list[tuple[object, ...]], list[OpenRun]]:
    """Give every mark to its run.

    Args:
        marks: rows by MARK_SCHEMA less sampler lines, in order; "restart" ends all runs.
        remembered: runs that are open, the oldest first.

    Returns:
        Rows by `runs.RUN_SCHEMA` of the generations that ended or were cut off; the runs that are open now.
    """
    by_key: dict[tuple[object, object], list[OpenRun]] = {}
    for run in remembered:
        by_key.setdefault((run.slot, run.task), []).append(run)
    ended: list[tuple[object, ...]] = []
    for line, byte_offset, slot, task, kind, a, b in marks:
        if kind == "restart":
            cut_off = sorted((run for runs in by_key.values() for run in runs), key=lambda run: run.byte_offset)
            ended += [run.row(line) for run in cut_off if run.is_generation]
            by_key.clear()
            continue
        runs = by_key.setdefault((slot, task), [])
        name = "total" if kind == "last_total" else kind
        run = _meant(runs, name, b)
        if run is None:
            run = OpenRun(slot, task, byte_offset)
            runs.append(run)
            ended += [crowded.row(line) for crowded in runs[:-KEY_LIMIT] if crowded.is_generation]
            del runs[:-KEY_LIMIT]
        run.told[name] = [a, b]
        run.byte_offset = byte_offset
        if name == "total":
            run.total_offset = byte_offset
        if name == "prompt":
            run.prompt_offset = byte_offset
        if kind in {"release", "last_total"}:
            runs.remove(run)
            if run.is_generation:
                ended.append(run.row(line))
    left = sorted((run for runs in by_key.values() for run in runs), key=lambda run: run.byte_offset)
    return ended, left[-TOTAL_LIMIT:]


def _meant(runs: list[OpenRun], kind: str, b: float | None) -> OpenRun | None:
    """The open run that a line of this kind belongs to; None where it begins one.

    The prompt's evaluation tells its run by the number of tokens; the lines behind it follow it directly; any other line
    belongs to the youngest run that waits for it.
    """
    if kind == "launch":
        return None
    waiting = [run for run in runs if kind not in run.told and not _is_past(run, kind)]
    if kind == "prompt_eval":
        exact = [run for run in waiting if run.evaluates == b]
        return (exact or waiting or [None])[-1]
    if kind in {"eval", "total", "release"}:
        return max(waiting, key=lambda run: ("prompt_eval" in run.told, run.byte_offset), default=None)
    return waiting[-1] if waiting else None


def _is_past(run: OpenRun, kind: str) -> bool:
    """Whether a run has told something that only comes after a line of this kind."""
    return any(later in run.told for later in _ORDER[_ORDER.index(kind) + 1 :])
