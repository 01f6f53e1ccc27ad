"""Cases of pairing, as data: where access lines and runs stand in a log, and which of them belong together.

A case has `lines`, the length of the log; `requests` (`line`, `latency` as Gin prints it, `status`: 200 unless told otherwise); `runs`
(`line` of the total, `total_ms`); and the complete pairs, `settled` and `provisional`. Lines count from 0.
"""

from __future__ import annotations

import tomllib
from itertools import accumulate
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ollalog.parsing import all_waiting, pairing
from tests.evaluation.figures import GIVEN
from tests.parsing.reading import read_pieces

CASES = sorted((Path(__file__).parents[1] / "cases" / "pairing").glob("*.toml"))
FILLER = "srv  update_slots: all slots are idle"


def written(case: dict[str, Any]) -> list[str]:
    """The log that a case describes."""
    lines = [FILLER] * case["lines"]
    for request in case["requests"]:
        status = request.get("status", 200)
        lines[request["line"]] = (
            f'[GIN] 2026/11/20 - 16:46:53 | {status} | {request["latency"]:>13} |       127.0.0.1 | POST     "/api/chat"'
        )
    for task, run in enumerate(case["runs"]):
        lines[run["line"]] = f"slot print_timing: id  0 | task {task} |       total time = {run['total_ms']:10.2f} ms /    45 tokens"
        lines[run["line"] + 1] = f"slot      release: id  0 | task {task} | stop processing: n_tokens = 44, truncated = 0"
    return lines


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_requests_and_runs_are_paired_by_their_places(path: Path) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    assert case["why"]
    lines = written(case)
    starts = {start: line for line, start in enumerate(accumulate((len(line) + 1 for line in lines), initial=0))}
    outcome = read_pieces("".join(f"{line}\n" for line in lines).encode(), [], GIVEN)
    columns = ("request_offset", "run_offset", "confidence")
    settled = [
        {"request": starts[request], "run": starts[run], "confidence": confidence}
        for request, run, confidence in (outcome.tables["pairs"].select(columns).iter_rows() if "pairs" in outcome.tables else ())
    ]
    provisional = [
        {"request": starts[request], "run": starts[run]}
        for request, run in pairing.provisional_pairs(outcome.state.runner.waiting).select("request_offset", "run_offset").iter_rows()
    ]
    assert settled == case["settled"]
    assert provisional == case["provisional"]


def test_at_the_ends_of_many_logs_each_has_the_pairs_that_it_has_alone() -> None:
    cases = [tomllib.loads(path.read_text(encoding="utf-8")) for path in CASES]
    ends = [written(case)[: request["line"] + 3] for case in cases for request in case["requests"]]
    texts = [read_pieces("".join(f"{line}\n" for line in lines).encode(), [], GIVEN).state.to_json() for lines in ends]
    alone = pl.concat([pairing.provisional_pairs(all_waiting([text])) for text in texts])
    assert alone.height > len(CASES) // 2
    assert pairing.provisional_pairs(all_waiting(texts)).equals(alone)


def test_there_are_cases() -> None:
    assert len(CASES) > 10
