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

    def tell(self, kind: str, byte_offset: int, numbers: list[float | None]) -> None:
        """Take in what a line of the kind told, which began at an offset."""
        self.told[kind] = numbers
        self.byte_offset = byte_offset
        if kind == "total":
            self.total_offset = byte_offset
        if kind == "prompt":
            self.prompt_offset = byte_offset

    def number(self, kind: str, place: int) -> float | None:
        """A number that a line of the kind told; None where there was no such line."""
        return self.told[kind][place] if kind in self.told else None

    def expects(self, kind: str, numbers: tuple[float | None, float | None]) -> bool:
        """Whether a line of this kind has the number of tokens that this run will report in it."""
        prompt, cached = self.number("prompt", 1), self.number("cached", 0)
        evaluated, generated = self.number("prompt_eval", 1), self.number("eval", 1)
        if kind == "prompt_eval" and prompt is not None and cached is not None:
            return prompt - cached == numbers[1]
        if kind == "total" and evaluated is not None and generated is not None:
            return evaluated + generated == numbers[1]
        if kind == "release" and prompt is not None and generated is not None:
            return prompt + generated - 1 == numbers[0]
        return False

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
    return None if milliseconds is None or milliseconds >= 2**43 else round(milliseconds * 1e6)


def _whole(number: float | None) -> int | None:
    return None if number is None or number >= 2**63 else int(number)


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
        meant = _meant(runs, name, (a, b))
        if meant is None and kind == "cached" and _is_next_piece(runs):
            continue
        if meant is None:
            meant = OpenRun(slot, task, byte_offset)
            runs.append(meant)
            ended += [crowded.row(line) for crowded in runs[:-KEY_LIMIT] if crowded.is_generation]
            del runs[:-KEY_LIMIT]
        meant.tell(name, byte_offset, [a, b])
        if kind in {"release", "last_total"}:
            runs.remove(meant)
            if meant.is_generation:
                ended.append(meant.row(line))
    left = sorted((run for runs in by_key.values() for run in runs), key=lambda run: run.byte_offset)
    return ended, left[-TOTAL_LIMIT:]


def _meant(runs: list[OpenRun], kind: str, numbers: tuple[float | None, float | None]) -> OpenRun | None:
    """The open run that a line of this kind belongs to; None where it begins one.

    Numbers of tokens tell it: those evaluated are those of the prompt less the cached ones, the total is evaluated and
    generated ones, and a release counts prompt and generated ones less one. Where they do not, the run that has waited
    longest among those in the middle of their timings is meant, else the youngest.
    """
    if kind == "launch":
        return None
    waiting = [run for run in runs if kind not in run.told and not _is_past(run, kind)]
    exact = [run for run in waiting if run.expects(kind, numbers)]
    if exact:
        return exact[-1]
    timed = [run for run in waiting if "prompt_eval" in run.told]
    if kind in {"eval", "total", "release"} and timed:
        return min(timed, key=lambda run: run.byte_offset)
    return waiting[-1] if waiting else None


def _is_next_piece(runs: list[OpenRun]) -> bool:
    """Whether a line that tells what is cached is one of a prompt read in pieces, of which the first such line has told it."""
    return any("cached" in run.told and not _is_past(run, "cached") for run in runs)


def _is_past(run: OpenRun, kind: str) -> bool:
    """Whether a run has told something that only comes after a line of this kind."""
    return any(later in run.told for later in _ORDER[_ORDER.index(kind) + 1 :])
