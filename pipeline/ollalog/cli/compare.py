"""`ollalog compare A B`: two models side by side, and in words which is faster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from ollalog.cli import units
from ollalog.cli.answers import EMPTY, answered, is_empty
from ollalog.core.errors import UsageError, did_you_mean
from ollalog.core.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ollalog.cli.session import Session
    from ollalog.warehouse import Warehouse


@dataclass(frozen=True)
class Measure:
    """One line of the comparison: a column of view model_comparison, its name for people, how it is written."""

    column: str
    label: str
    shown: Callable[[float | None], str]


MEASURES = (
    Measure("requests", "requests", units.count),
    Measure("success_ratio", "success", units.percent),
    Measure("p50_ns", "median latency", units.duration),
    Measure("p95_ns", "p95 latency", units.duration),
    Measure("p99_ns", "p99 latency", units.duration),
    Measure("mean_ns", "mean latency", units.duration),
    Measure("load_mean_ns", "mean load", units.duration),
    Measure("prompt_eval_mean_ns", "mean prompt evaluation", units.duration),
    Measure("eval_mean_ns", "mean generation", units.duration),
    Measure("tokens_per_second", "tokens/s", units.rate),
    Measure("prompt_tokens_per_second", "prompt tokens/s", units.rate),
    Measure("prompt_tokens_per_request", "prompt tokens/request", units.rate),
    Measure("generated_tokens_per_request", "generated tokens/request", units.rate),
)
Row = dict[str, Any]
# Differences below this are within what two runs of the same model show.
SAME_RATIO = 1.02


@click.command("compare", short_help="Two models side by side.")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.pass_obj
def COMMAND(session: Session, first: str, second: str) -> None:  # noqa: N802 - the name that the package is searched for
    """Show two models side by side, with the ratio B/A of each figure, and say which is faster.

    Names are as Ollama shows them; llama3.1 is llama3.1:latest.
    """

    def ask(warehouse: Warehouse) -> tuple[bool, dict[str, Row]]:
        return is_empty(warehouse), {row["model"]: row for row in warehouse.view("model_comparison").to_dicts()}

    empty, models = answered(session, ask)
    if empty or not models:
        click.echo(EMPTY if empty else "no request of a model was read yet; performance.jsonl and server logs have them")
        return
    one, other = (models[_known_model(name, models)] for name in (first, second))
    click.echo("\n".join([*_side_by_side(one, other), *_in_words(one, other)]))


def _known_model(name: str, models: dict[str, Row]) -> str:
    """The model that a name means.

    Raises:
        UsageError: no request of it was read.
    """
    for candidate in (name, f"{name}:latest"):
        if candidate in models:
            return candidate
    listed = ", ".join(sorted(models))
    fix = did_you_mean(name, models) or "name one of those"
    raise UsageError(f"no request of model {name!r} was read", want=f"one of: {listed}", fix=fix)


def _side_by_side(one: Row, other: Row) -> list[str]:
    """One line per measure: both figures and their ratio."""
    lines = [("", printable(one["model"]), printable(other["model"]), "B/A")]
    for measure in MEASURES:
        values = (one[measure.column], other[measure.column])
        if values != (None, None):
            ratio = values[1] / values[0] if values[0] and values[1] is not None else None
            lines.append((measure.label, measure.shown(values[0]), measure.shown(values[1]), "-" if ratio is None else f"{ratio:.2f}x"))
    widths = [max(len(line[place]) for line in lines) for place in range(4)]
    return [
        f"{label:<{widths[0]}}  {left:>{widths[1]}}  {right:>{widths[2]}}  {ratio:>{widths[3]}}".rstrip()
        for label, left, right, ratio in lines
    ]


def _in_words(one: Row, other: Row) -> list[str]:
    """Which model answers sooner and which generates faster; what cannot be told is left out."""
    if one["model"] == other["model"]:
        return ["", "that is one model twice: name two"]
    sentences = [
        *_said(one, other, "p50_ns", "answers {ratio:.2f} times as fast as {slower} (median latency)", less_is_better=True),
        *_said(one, other, "tokens_per_second", "generates {ratio:.2f} times as fast as {slower} (tokens/s)", less_is_better=False),
    ]
    return ["", *sentences] if sentences else []


def _said(one: Row, other: Row, column: str, sentence: str, *, less_is_better: bool) -> list[str]:
    """One sentence about one measure; none when a model has no figure."""
    if not one[column] or not other[column]:
        return []
    low, high = sorted((one, other), key=lambda row: float(row[column]))
    better, worse = (low, high) if less_is_better else (high, low)
    ratio = high[column] / low[column]
    if ratio < SAME_RATIO:
        return [f"{printable(one['model'])} and {printable(other['model'])}: {_measure_name(column)} is the same within 2%"]
    return [f"{printable(better['model'])} {sentence.format(ratio=ratio, slower=printable(worse['model']))}"]


def _measure_name(column: str) -> str:
    """A measure's name for people."""
    return next(measure.label for measure in MEASURES if measure.column == column)
