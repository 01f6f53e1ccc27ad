"""`ollalog rules`: the alert rules, what is wrong with them, what they would have said."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ollalog.cli.exit import FOUND
from ollalog.cli.options import with_common_options
from ollalog.core.instants import instant
from ollalog.core.printable import printable
from ollalog.core.rows import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from ollalog.alerts import Episode, Rule, RuleSet
    from ollalog.alerts.cases import Outcome
    from ollalog.cli.session import Session
    from ollalog.core.batch import Snapshot
    from ollalog.warehouse import Warehouse

rules_option = click.option(
    "--rules", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Folder with alert rules of your own."
)
format_option = click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True, help="How to print."
)


@click.group("rules", short_help="The alert rules: list, show, check, test, backtest.")
def COMMAND() -> None:  # noqa: N802 - the name that the package is searched for
    """Alert rules: one SQL file each, those that ship with ollalog and those of your own (--rules DIR)."""


@click.command("list")
@rules_option
@format_option
@click.pass_obj
def listed(session: Session, rules: Path | None, form: str) -> int:
    """List the rules with their thresholds, as the settings have them."""
    found = _loaded(session, rules).rules.values()
    if form == "json":
        click.echo("[" + ",\n ".join(json.dumps(_as_object(rule), ensure_ascii=False) for rule in found) + "]")
        return 0
    from ollalog.alerts.records import measured

    rows = [
        (
            rule.name,
            rule.severity,
            "" if rule.threshold is None else measured(rule.threshold, rule.unit),
            str(rule.file.settings["summary"]),
        )
        for rule in found
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    for row in rows:
        click.echo(printable("  ".join((*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[3]))))
    return 0


@click.command("show")
@click.argument("name", metavar="RULE")
@rules_option
@click.pass_obj
def show(session: Session, name: str, rules: Path | None) -> int:
    """Show one rule: what it says, what to do then, its SQL, and a query that shows the evidence."""
    rule = _one(_loaded(session, rules), name)
    values = _as_object(rule)
    width = max(map(len, values))
    for key, value in values.items():
        text = f"{value:.12g}" if isinstance(value, float) else "" if value is None else value
        click.echo(printable(f"{key:<{width}}  {text}".rstrip()))
    click.echo(f"\n{rule.file.select}")
    return 0


@click.command("check")
@rules_option
@click.pass_obj
def check(session: Session, rules: Path | None) -> int:
    """Explain every fault of the rules: headers, columns, SQL."""
    from ollalog import alerting

    found = _loaded(session, rules)
    faults = alerting.check_rules(found, _opener(session))
    for fault in faults:
        click.echo("\n".join(printable(line) for line in str(fault).splitlines()))
    if not faults:
        click.echo(f"ok: {len(found.rules)} rules")
    return FOUND if faults else 0


@click.command("test")
@click.argument("name", metavar="[RULE]", required=False)
@rules_option
@click.option("--coverage", is_flag=True, help="Name the rules that lack a firing or a quiet case.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the results as JUnit XML.")
@click.pass_obj
def tested(session: Session, name: str | None, rules: Path | None, junit: Path | None, *, coverage: bool) -> int:
    """Run the cases of the rules: timelines of rows and the states that they must lead to (cases/RULE/*.toml)."""
    from ollalog.alerts.cases import case_files, check_case

    found = _loaded(session, rules)
    chosen = [_one(found, name)] if name else list(found.rules.values())
    folder = rules or session.settings.rules
    outcomes = [check_case(rule, file, _opener(session)) for rule in chosen for file in case_files(rule, folder)]
    failed = [outcome for outcome in outcomes if outcome.differences]
    for outcome in failed:
        click.echo(printable(f"FAILED {outcome.rule}/{outcome.case}"))
        for difference in outcome.differences:
            click.echo(printable(f"  {difference}"))
    faults = [fault for fault in found.faults if not name]
    for fault in faults:
        click.echo("\n".join(printable(line) for line in str(fault).splitlines()))
    click.echo(f"{len(outcomes) - len(failed)} of {len(outcomes)} cases passed")
    uncovered = list(_uncovered(chosen, outcomes)) if coverage else []
    if coverage:
        for line in uncovered:
            click.echo(line)
        covered = len(chosen) - len(uncovered)
        click.echo(f"coverage: {covered} of {len(chosen)} rules have a firing and a quiet case ({100 * covered // max(1, len(chosen))} %)")
    if junit:
        junit.write_text(_junit(outcomes), encoding="utf-8")
    return FOUND if failed or faults or uncovered else 0


@click.command("backtest")
@click.argument("name", metavar="[RULE]", required=False)
@rules_option
@click.option("--since", metavar="WHEN", help="From then on: 2026-06-21, 30d [all that is stored].")
@click.option("--until", metavar="WHEN", help="Before then.")
@click.option("--threshold", type=float, metavar="NUMBER", help="Try this threshold; needs RULE.")
@format_option
@click.pass_obj
def backtested(  # a command's options
    session: Session, name: str | None, rules: Path | None, since: str | None, until: str | None, threshold: float | None, form: str
) -> int:
    """Tell when rules would have fired on the logs that are stored, and how often. Nothing is stored or sent."""
    from ollalog import alerting, alerts
    from ollalog.alerts.cases import with_threshold

    if threshold is not None and not name:
        raise click.UsageError("--threshold is of one rule: name it")
    found = _loaded(session, rules)
    chosen = [with_threshold(_one(found, name), threshold)] if name else list(found.rules.values())
    now = session.clock.now_utc()
    bounds = {key: instant(text, f"--{key}", now=now, zone=None) if text else None for key, text in (("since", since), ("until", until))}
    history = alerting.backtest(session.store, chosen, _opener(session), **bounds)
    found_episodes = alerts.episodes(history.changes)
    for problem in history.problems.values():
        session.remark(str(problem))
    if form == "json":
        click.echo("[" + ",\n ".join(json.dumps(plain(_episode_object(one)), ensure_ascii=False) for one in found_episodes) + "]")
    else:
        click.echo("\n".join(_episode_lines(chosen, found_episodes)))
    return max((problem.exit_code for problem in history.problems.values()), default=0)


for _command in (listed, show, check, tested, backtested):
    COMMAND.add_command(with_common_options(_command))


def _loaded(session: Session, folder: Path | None) -> RuleSet:
    """The rules, with the settings; a file of the user that is wrong is remarked on."""
    from ollalog.alerts import load_rules

    return load_rules(folder or session.settings.rules, session.settings.alerts)


def _one(found: RuleSet, name: str) -> Rule:
    """The rule of a name."""
    from ollalog.alerts import unknown_rule

    if name not in found.rules:
        raise next((fault for fault in found.faults if Path(fault.at or "").stem == name), unknown_rule(name, list(found.rules)))
    return found.rules[name]


def _opener(session: Session) -> Callable[[Snapshot], Warehouse]:
    """Makes a snapshot ready to be asked."""
    from ollalog import runtime

    return partial(runtime.opened_warehouse, now=session.clock.now_utc())


def _as_object(rule: Rule) -> dict[str, Any]:
    """A rule as the settings have it; durations in seconds."""
    return {
        "name": rule.name,
        "severity": rule.severity,
        "threshold": rule.threshold,
        "recovery": rule.recovery,
        "unit": rule.unit,
        "window_s": rule.window.total_seconds(),
        "for_s": rule.wait.total_seconds(),
        "keep_firing_for_s": rule.keep.total_seconds(),
        "no_data": rule.no_data,
        "labels": ", ".join(rule.labels),
        "summary": rule.file.settings["summary"],
        "recommendation": rule.recommendation,
        "evidence": rule.evidence,
        "needs": ", ".join(rule.file.needs),
    }


def _uncovered(rules: Sequence[Rule], outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The rules that lack a case."""
    for rule in rules:
        kinds = {outcome.fires for outcome in outcomes if outcome.rule == rule.name}
        missing = [word for word, fires in (("firing", True), ("quiet", False)) if fires not in kinds]
        if missing:
            yield printable(f"{rule.name}: no {' and no '.join(missing)} case")


def _junit(outcomes: Sequence[Outcome]) -> str:
    """JUnit XML, as build servers read it."""
    from xml.sax.saxutils import escape, quoteattr

    failures = sum(bool(outcome.differences) for outcome in outcomes)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuite name="ollalog rules" tests="{len(outcomes)}" failures="{failures}">']
    for outcome in outcomes:
        head = f"  <testcase classname={quoteattr(printable(outcome.rule))} name={quoteattr(printable(outcome.case))}"
        if outcome.differences:
            told = "\n".join(printable(difference) for difference in outcome.differences)
            lines.append(f'{head}><failure message="states differ">{escape(told)}</failure></testcase>')
        else:
            lines.append(f"{head}/>")
    return "\n".join([*lines, "</testsuite>", ""])


def _episode_object(episode: Episode) -> dict[str, Any]:
    """An episode for programs."""
    return {**vars(episode), "labels": json.loads(episode.labels)}


def _episode_lines(rules: Sequence[Rule], episodes: Sequence[Episode]) -> Iterator[str]:
    """How often each rule would have fired, and when."""
    counts = Counter(episode.rule for episode in episodes)
    width = max(len(rule.name) for rule in rules)
    for rule in rules:
        yield f"{rule.name:<{width}}  {counts[rule.name]:>6} {'time' if counts[rule.name] == 1 else 'times'}"
    if episodes:
        yield ""
    for episode in episodes:
        end = f"{episode.resolved_at:%Y-%m-%d %H:%M}Z" if episode.resolved_at else "not resolved     "
        yield printable(f"{episode.fired_at:%Y-%m-%d %H:%M}Z to {end}  {episode.rule:<{width}}  {episode.message}")
