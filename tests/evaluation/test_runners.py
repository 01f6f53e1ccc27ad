"""Cases of telling runners apart, as data: what a log says of loads and runs, and which model each run is of.

A case has `steps`, lists of a kind and its values (see STEPS), and `named`: for each `prompt` in order the model's name, "" where
none may be named.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from ollalog.parsing.runners import Runners, follow

CASES = sorted((Path(__file__).parents[1] / "cases" / "runners").glob("*.toml"))
STEPS = {
    "restart": (),
    "load": ("text",),
    "ready": ("slot", "number"),
    "name": ("text",),
    "count": ("number",),
    "fail": (),
    "prompt": ("slot", "task", "number"),
    "release": ("slot", "task", "number"),
}
"""Values of a step. load: first digits of the file's digest. ready: slots, context. name: the model's. count: runners loaded.
prompt: slot, task, context. release: slot, task, generated tokens."""


def step(byte_offset: int, kind: str, *values: object) -> tuple[object, ...]:
    """A step of a case as `follow` takes it."""
    told = dict.fromkeys(("slot", "task", "number", "text")) | dict(zip(STEPS[kind], values, strict=True))
    return (kind, byte_offset, *told.values())


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_run_is_named_after_its_runner_or_not_at_all(path: Path) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    assert case["why"]
    runners = Runners()
    follow(runners, [step(place, *values) for place, values in enumerate(case["steps"])])
    prompts = [place for place, (kind, *_) in enumerate(case["steps"]) if kind == "prompt"]
    assert [(runners.told.get(prompt) or [None])[0] or "" for prompt in prompts] == case["named"]


def test_there_are_cases() -> None:
    assert len(CASES) >= 10
