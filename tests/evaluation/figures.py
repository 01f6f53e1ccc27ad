"""How well runs were given to requests, and models to runs: what was found against the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from ollalog.core.batch import Block
from ollalog.parsing import ParserState, pairing, parse, settle
from ollalog.sources import cut
from tests.evaluation.recorded import Asked, Session
from tests.parsing.reading import Outcome, context, read_pieces

GIVEN = context("UTC")
SAME_FILE = {"tinyllama-test:fp16": "tinyllama-test"}
"""Names of one file: which of them a request used leaves no trace in its run."""


@dataclass(frozen=True)
class Figures:
    """Counts over requests, and shares of them; a share of nothing is 1.

    `runs` have a run by the truth; `paired` of these were given one, `right` the true one; `certain`, `certain_right` likewise;
    `told_right` of those right have the true numbers of tokens; `named`, `named_right`: the runs given to them name a model;
    `without_run` were aborted before their run ended, `certain_without_run` were given one all the same, as certain.
    """

    runs: int = 0
    paired: int = 0
    right: int = 0
    certain: int = 0
    certain_right: int = 0
    told_right: int = 0
    named: int = 0
    named_right: int = 0
    without_run: int = 0
    certain_without_run: int = 0

    def share(self, part: str, whole: str) -> float:
        """One count over another."""
        return getattr(self, part) / getattr(self, whole) if getattr(self, whole) else 1.0


def read(session: Session, stops: Iterable[int] = ()) -> Outcome:
    """Parse and settle a session's log, cut at byte offsets."""
    return read_pieces(session.data, sorted(stops), GIVEN)


def states(data: bytes, block_bytes: int) -> Iterator[ParserState]:
    """The state of parsing after each block of a log."""
    state, start = ParserState(), 0
    while start < len(data):
        end = data.rfind(b"\n", start, start + block_bytes) + 1 or len(data)
        parsed = parse(cut(Block(source=1, start=start, end=end, data=data[start:end])))
        state = settle(parsed, state, GIVEN).state
        yield state
        start = end


def all_pairs(outcome: Outcome) -> pl.DataFrame:
    """The pairs that were settled, and those that are provisional at the end of the log."""
    waiting = pairing.provisional_pairs(outcome.state.runner.waiting)
    columns = ["request_offset", "run_offset", "confidence"]
    settled = outcome.tables.get("pairs", pl.DataFrame(schema=pairing.PAIR_SCHEMA))
    return pl.concat([settled.select(columns), waiting.select(columns)])


def score(session: Session, outcome: Outcome) -> Figures:
    """Compare what was found in a session with its truth."""
    runs = {run["byte_offset"]: run for run in outcome.tables["inferences"].iter_rows(named=True)}
    given = {request: (runs[run], confidence) for request, run, confidence in all_pairs(outcome).iter_rows()}
    counts: Counter[str] = Counter()
    for asked in session.asked:
        run, confidence = given.get(session.offset(asked.gin_line), (None, None))
        counts.update(_judged(session, asked, run, is_certain=confidence == "certain"))
    return Figures(**counts)


def _judged(session: Session, asked: Asked, run: dict[str, Any] | None, *, is_certain: bool) -> list[str]:
    """The counts to which one request adds."""
    if asked.total_line is None:
        return ["without_run", *(["certain_without_run"] if is_certain else [])] if asked.aborted else []
    if run is None:
        return ["runs"]
    is_right = run["byte_offset"] == session.offset(asked.total_line)
    told = (run["prompt_tokens"], run["generated_tokens"]) == (asked.prompt_tokens, asked.generated_tokens)
    is_named = bool(run["model"] and asked.model)
    counted = {
        "runs": True,
        "paired": True,
        "right": is_right,
        "certain": is_certain,
        "certain_right": is_certain and is_right,
        "told_right": is_right and told,
        "named": is_named,
        "named_right": is_named and short_name(run["model"]) == short_name(asked.model or ""),
    }
    return [name for name, is_counted in counted.items() if is_counted]


def short_name(model: str) -> str:
    """A model's name without what Ollama fills in, one for all names of a file."""
    name = model.removeprefix("registry.ollama.ai/library/").removesuffix(":latest").lower()
    return SAME_FILE.get(name, name)


def added(figures: Iterable[Figures]) -> Figures:
    """Figures over several sessions."""
    total: Counter[str] = Counter()
    for one in figures:
        total.update(vars(one))
    return Figures(**total)
