"""Which run of the log belongs to which request: the access line names neither, so their places in the log decide.

A run can belong to a request when it did not take longer than the request did, and its total line stands at most 1,000
lines before or 45 after the access line (two pipes race for one log); blank lines and the listings of the prompt cache, by
which access lines pass while they are copied, are not counted. Pairs are taken in order of their distance in
lines, a run behind its access line counting double, each side once. Measured on 15 recorded logs with 3,995 runs: 99.4 %
covered, 99.1 % right; and of those no farther than 20 lines, with no other candidate within 10, 3,191 of 3,193.

A pair is settled when no line that is still to come can make a nearer one; until then its sides wait in the state.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

import polars as pl

from ollalog.core.batch import Place

LINES_BEFORE = 1000
LINES_AFTER = 45
SURE_DISTANCE = 20
RIVAL_DISTANCE = 10
SLACK_NS = 1_000_000
REQUEST_SCHEMA = {
    "line": pl.Int64(),
    "source": pl.Int64(),
    "byte_offset": pl.Int64(),
    "happened_at": pl.Datetime("us", "UTC"),
    "longest_ns": pl.Int64(),
    "used": pl.Boolean(),
}
RUN_SCHEMA = {"line": pl.Int64(), "source": pl.Int64(), "byte_offset": pl.Int64(), "total_ns": pl.Int64(), "used": pl.Boolean()}
PAIR_SCHEMA = {
    "source": pl.Int64(),
    "byte_offset": pl.Int64(),
    "happened_at": pl.Datetime("us", "UTC"),
    "run_source": pl.Int64(),
    "request_offset": pl.Int64(),
    "run_offset": pl.Int64(),
    "confidence": pl.String(),
}


@dataclass(frozen=True)
class Waiting:
    """Requests and runs near the end of what was read, REQUEST_SCHEMA and RUN_SCHEMA, in order of their lines."""

    requests: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REQUEST_SCHEMA))
    runs: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=RUN_SCHEMA))


def settle_pairs(waiting: Waiting, end_line: int) -> tuple[pl.DataFrame, Waiting]:
    """Pair what can be paired for good.

    Args:
        waiting: all requests and runs that wait, new ones included; lines counted from the start of the log.
        end_line: number of lines read so far.

    Returns:
        Settled pairs by PAIR_SCHEMA, and what waits on.
    """
    requests, runs = waiting.requests, waiting.runs
    if runs.height == 0 or requests.height == 0:
        return pl.DataFrame(schema=PAIR_SCHEMA), _still_waiting(requests, runs, end_line)
    pairs = _nearest_pairs(requests, runs, end_line)
    rest_requests = _unused(requests, pairs["request"])
    rest_runs = _unused(runs, pairs["run"])
    chosen = _greedy(rest_requests, rest_runs, end_line)
    pairs = pl.concat([pairs, pl.DataFrame(chosen, schema={"request": pl.Int64(), "run": pl.Int64()}, orient="row")])
    told = _told(pairs, requests, runs)
    return told, _still_waiting(_with_used(requests, pairs["request"]), _with_used(runs, pairs["run"]), end_line)


def provisional_pairs(waiting: Waiting) -> pl.DataFrame:
    """The pairs that waiting requests would get if nothing more came, PAIR_SCHEMA; all of them are `likely`."""
    requests, runs = waiting.requests, waiting.runs
    chosen = _greedy(_unused(requests), _unused(runs), None)
    pairs = pl.DataFrame(chosen, schema={"request": pl.Int64(), "run": pl.Int64()}, orient="row")
    return _told(pairs, requests, runs).with_columns(pl.lit("likely").alias("confidence"))


def likeliest_runs(waiting: Waiting) -> dict[Place, Place | None]:
    """Every request that may still be paired, with the run that it would get if nothing more came."""
    requests, runs = waiting.requests, waiting.runs
    if not requests.height:
        return {}
    chosen = dict(_greedy(_unused(requests), _unused(runs), None)) if runs.height else {}
    run_places = runs.select("source", "byte_offset").rows()
    free = requests.with_row_index("place").filter(~pl.col("used")).select("place", "source", "byte_offset")
    return {
        (source, byte_offset): run_places[chosen[place]] if place in chosen else None for place, source, byte_offset in free.iter_rows()
    }


def _unused(frame: pl.DataFrame, taken: pl.Series | None = None) -> pl.DataFrame:
    """The rows not used yet, with their `place` in the frame."""
    rest = frame.with_row_index("place").with_columns(pl.col("place").cast(pl.Int64)).filter(~pl.col("used"))
    return rest if taken is None else rest.join(taken.to_frame("place"), on="place", how="anti", maintain_order="left")


def _with_used(frame: pl.DataFrame, taken: pl.Series) -> pl.DataFrame:
    return frame.with_columns(frame["used"].scatter(taken, values=True)) if taken.len() else frame


def _still_waiting(requests: pl.DataFrame, runs: pl.DataFrame, end_line: int) -> Waiting:
    """Forget what no line to come can matter to; used ones stay a little, as rivals of their neighbours."""
    is_recent = pl.col("line") >= end_line - 3 * SURE_DISTANCE
    free_runs = runs.filter(~pl.col("used") & (pl.col("line") >= end_line - 2 * LINES_BEFORE))
    hoping = _with_run_near(requests.filter(~pl.col("used") & (pl.col("line") >= end_line - LINES_BEFORE)), free_runs, end_line)
    return Waiting(
        pl.concat([requests.filter(pl.col("used") & is_recent), hoping]).sort("line"),
        pl.concat([runs.filter(pl.col("used") & is_recent), free_runs]).sort("line"),
    )


def _with_run_near(requests: pl.DataFrame, runs: pl.DataFrame, end_line: int) -> pl.DataFrame:
    """Requests for which a run may still come, or that have one near that may become theirs."""
    lines = runs.select("line", pl.col("line").alias("run_line"))
    before = requests.select("line").join_asof(lines, on="line", strategy="backward", tolerance=LINES_BEFORE)["run_line"]
    behind = requests.select("line").join_asof(lines, on="line", strategy="forward", tolerance=LINES_AFTER)["run_line"]
    return requests.filter(before.is_not_null() | behind.is_not_null() | (requests["line"] >= end_line - LINES_AFTER))


def _distance(request_line: pl.Expr, run_line: pl.Expr) -> pl.Expr:
    """Lines from a run to its access line; doubled for a run behind it; null where it is too far."""
    lines = request_line - run_line
    near = pl.when((lines >= 0) & (lines <= LINES_BEFORE)).then(lines)
    return near.when((lines < 0) & (lines >= -LINES_AFTER)).then(-2 * lines)


def _nearest(frame: pl.DataFrame, others: pl.DataFrame, *, are_runs: bool) -> pl.DataFrame:
    """For each row the nearest of the others, before or behind it: `place`, `other`, `distance`; none where two are as near."""
    keyed = others.select("line", pl.col("line").alias("other_line"), pl.col("place").alias("other"))
    sides = []
    for strategy in ("backward", "forward"):
        near = frame.select("place", "line").join_asof(keyed, on="line", strategy=strategy)
        request_line, run_line = (pl.col("line"), pl.col("other_line")) if are_runs else (pl.col("other_line"), pl.col("line"))
        sides.append(near.select("place", "other", _distance(request_line, run_line).alias("distance")))
    before, behind = sides
    both = before.hstack(behind.select(pl.col("other").alias("other_behind"), pl.col("distance").alias("distance_behind")))
    far = 10 * LINES_BEFORE
    is_before = pl.col("distance").fill_null(far) < pl.col("distance_behind").fill_null(far)
    is_tie = pl.col("distance").fill_null(far) == pl.col("distance_behind").fill_null(far)
    return both.filter(~is_tie).select(
        "place",
        pl.when(is_before).then(pl.col("other")).otherwise(pl.col("other_behind")).alias("other"),
        pl.when(is_before).then(pl.col("distance")).otherwise(pl.col("distance_behind")).alias("distance"),
    )


def _nearest_pairs(requests: pl.DataFrame, runs: pl.DataFrame, end_line: int) -> pl.DataFrame:
    """Pairs whose sides are each other's nearest and can stay so: most of them. `request` and `run`: places in the frames."""
    free_requests, free_runs = _unused(requests), _unused(runs)
    of_request = _nearest(free_requests, free_runs, are_runs=True)
    of_run = _nearest(free_runs, free_requests, are_runs=False).select(pl.col("place").alias("other"), pl.col("other").alias("place"))
    mutual = of_request.join(of_run, on=["place", "other"], how="inner", maintain_order="left")
    mutual = mutual.join(free_requests.select("place", "line", "longest_ns"), on="place", how="left", maintain_order="left").join(
        free_runs.select(pl.col("place").alias("other"), pl.col("line").alias("run_line"), "total_ns"),
        on="other",
        how="left",
        maintain_order="left",
    )
    is_final = _is_final(pl.col("line"), pl.col("run_line"), pl.col("distance"), end_line)
    fits = pl.col("total_ns") <= pl.col("longest_ns")
    return mutual.filter(fits & is_final).select(pl.col("place").alias("request"), pl.col("other").alias("run"))


def _is_final(request_line: pl.Expr, run_line: pl.Expr, distance: pl.Expr, end_line: int) -> pl.Expr:
    """Whether no line to come can be nearer to either side, nor a rival within RIVAL_DISTANCE."""
    reach = pl.max_horizontal(distance, pl.lit(RIVAL_DISTANCE))
    return (run_line + reach < end_line) & (request_line + (reach + 1) // 2 < end_line)


def _greedy(requests: pl.DataFrame, runs: pl.DataFrame, end_line: int | None) -> list[tuple[int, int]]:
    """Pairs in order of distance, each side once; sides of a pair that is not final yet are left alone (None: all are)."""
    edges: list[tuple[int, int, int, int, int]] = []
    run_rows = runs.select("line", "place", "total_ns").rows()
    run_lines = [row[0] for row in run_rows]
    for line, place, longest_ns in requests.select("line", "place", "longest_ns").iter_rows():
        first, last = bisect_left(run_lines, line - LINES_BEFORE), bisect_right(run_lines, line + LINES_AFTER)
        for run_line, run_place, total_ns in run_rows[first:last]:
            if total_ns <= longest_ns:
                distance = line - run_line if run_line <= line else 2 * (run_line - line)
                edges.append((distance, line, run_line, place, run_place))
    edges.sort()
    taken_requests: set[int] = set()
    taken_runs: set[int] = set()
    chosen = []
    for distance, line, run_line, place, run_place in edges:
        if place in taken_requests or run_place in taken_runs:
            continue
        taken_requests.add(place)
        taken_runs.add(run_place)
        reach = max(distance, RIVAL_DISTANCE)
        if end_line is None or (run_line + reach < end_line and line + (reach + 1) // 2 < end_line):
            chosen.append((place, run_place))
    return chosen


def _told(pairs: pl.DataFrame, requests: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
    """Pairs by PAIR_SCHEMA, with how sure each is."""
    side = requests.with_row_index("request").with_columns(pl.col("request").cast(pl.Int64), *_neighbours("longest_ns"))
    other = runs.with_row_index("run").with_columns(pl.col("run").cast(pl.Int64), *_neighbours("total_ns"))
    both = pairs.join(side, on="request", how="left").join(other, on="run", how="left", suffix="_of_run").sort("line", "line_of_run")
    line, run_line = pl.col("line"), pl.col("line_of_run")
    rivals = [
        rival
        for step in _STEPS
        for rival in (
            _is_rival(line, pl.col(f"line{step:+d}_of_run"), pl.col("longest_ns"), pl.col(f"total_ns{step:+d}")),
            _is_rival(pl.col(f"line{step:+d}"), run_line, pl.col(f"longest_ns{step:+d}"), pl.col("total_ns")),
        )
    ]
    is_sure = (_distance(line, run_line) <= SURE_DISTANCE) & ~pl.any_horizontal(rivals)
    return both.select(
        "source",
        "byte_offset",
        "happened_at",
        pl.col("source_of_run").alias("run_source"),
        pl.col("byte_offset").alias("request_offset"),
        pl.col("byte_offset_of_run").alias("run_offset"),
        pl.when(is_sure).then(pl.lit("certain")).otherwise(pl.lit("likely")).alias("confidence"),
    )


_STEPS = (-3, -2, -1, 1, 2, 3)
"""Neighbours that can lie within RIVAL_DISTANCE: a run's timings alone take three lines."""


def _neighbours(number: str) -> list[pl.Expr]:
    return [pl.col(name).shift(-step).alias(f"{name}{step:+d}") for step in _STEPS for name in ("line", number)]


def _is_rival(request_line: pl.Expr, run_line: pl.Expr, longest_ns: pl.Expr, total_ns: pl.Expr) -> pl.Expr:
    """Whether a neighbour of one side could be the other side's, too, and stands near."""
    return ((_distance(request_line, run_line) <= RIVAL_DISTANCE) & (total_ns <= longest_ns)).fill_null(value=False)
