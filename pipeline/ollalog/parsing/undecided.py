"""What a log leaves open where reading stopped: which run a request has, and which have begun and not ended."""

from __future__ import annotations

from ollalog.core.batch import Undecided
from ollalog.parsing.pairing import likeliest_runs, undecided_runs
from ollalog.parsing.state import ParserState


def undecided(state: ParserState) -> Undecided:
    """What is open after a block.

    Runs that have begun are counted by runner and slot: of those that were cut off no line says that they ended, but the next in
    their slot does. Old servers say nothing of runs, and a log that begins in the middle nothing of the runners; where nothing was
    told of any run, no request waits for one.
    """
    runner = state.runner
    runs, loaded = undecided_runs(runner.waiting), runner.runners.loaded
    is_told = any(living.slots for living in loaded)
    return Undecided(
        requests=likeliest_runs(runner.waiting) if is_told or runner.runs or runs else {},
        runs=runs,
        begun=sum(len(living.active) for living in loaded) if is_told else None,
        is_idle=is_told and not (state.is_load_open or runner.runs or any(living.active for living in loaded)),
        last_utc=state.last_utc,
    )
