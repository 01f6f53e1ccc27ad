"""Searching history for alerts: what was committed since the last time, and what it changes; what operators say of alerts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from ollalog import alerts, store
from ollalog.alerts import Rule, RuleSet
from ollalog.alerts.matchers import matcher
from ollalog.alerts.telling import Ack, Alert, Orders, Silence, instant_text
from ollalog.alerts.ticks import EPOCH
from ollalog.core.batch import Snapshot
from ollalog.core.errors import PipelineError, SqlFileError, UsageError, WarehouseError, did_you_mean
from ollalog.core.events import Events

if TYPE_CHECKING:
    from ollalog.warehouse import Warehouse

OpenWarehouse = Callable[[Snapshot], "Warehouse"]
# A request's model can become known by lines that follow it: rows so long before the new ones are looked at again.
MARGIN = timedelta(hours=1)
TOUCHED = """SELECT min(moment) AS moment FROM (
    SELECT min(ended_at) AS moment FROM requests WHERE batch > {batch}
    UNION ALL SELECT min(happened_at) FROM inferences WHERE batch > {batch}
    UNION ALL SELECT min(happened_at) FROM server_events WHERE batch > {batch}
    UNION ALL SELECT min(happened_at) FROM resource_samples WHERE batch > {batch}
    UNION ALL SELECT min(happened_at) FROM rejects WHERE batch > {batch}
)"""


def replay_history(  # noqa: PLR0913 - what a run has, handed over
    opened: store.Store, root: Path, rules: RuleSet, open_warehouse: OpenWarehouse, events: Events, *, anew: bool = False
) -> None:
    """Evaluate all rules from the earliest row on that was committed since the last time; nobody is notified.

    Args:
        opened: The store, locked for writing.
        root: Its folder.
        rules: What to look for; files of the user that are no rules are told, like rules that fail.
        open_warehouse: Makes a snapshot ready to be asked.
        events: Is told what is wrong with single rules; the others are evaluated.
        anew: Forget all that was found before, as after reprocessing.

    Raises:
        StoreError: what was found cannot be stored.
    """
    for fault in rules.faults:
        events.remark(f"alert rule left out: {fault}")
    known = store.AlertLog() if anew else opened.alert_log()
    batch, digest = opened.last_batch_read(), alerts.digest(rules.rules.values())
    is_of_others = bool(known.batch) and known.rules != digest
    if batch <= known.batch and not is_of_others:
        return
    snapshot = store.read_snapshot(root)
    if is_of_others:
        events.remark("the alert rules or their settings have changed: history is evaluated anew")
        known = store.AlertLog()
    try:
        # What is known of days that retention took away stays.
        first_day = min(alerts.days_of(snapshot), default=None) if is_of_others else _first_day(snapshot, known, open_warehouse)
        history = alerts.replay(
            snapshot, list(rules.rules.values()), open_warehouse, first_day=first_day, before=known.checkpoints.get(first_day or date.min)
        )
    except WarehouseError as fault:
        events.remark(f"alerts were not evaluated: {fault}")
        return
    for name, problem in history.problems.items():
        events.remark(f"alert rule {name} failed, the others were evaluated: {problem}")
    earlier = {day: state for day, state in known.checkpoints.items() if first_day is not None and day <= first_day}
    log = store.AlertLog(batch, history.last_tick or known.end, {**earlier, **history.checkpoints}, digest)
    # What a rule said before it broke, and what happened live, stays.
    stay = ~pl.col("replayed") | pl.col("rule").is_in(list(history.problems))
    opened.replace_alerts(alerts.rows_of(history.changes, replayed=True), first_day, log, stay=stay)


def orders_of(root: Path) -> Orders:
    """Silences and acknowledgements of a store.

    Raises:
        StoreError: they cannot be read.
    """
    said = store.read_control(root)
    silences = (
        Silence(one.id, tuple(map(matcher, one.matchers)), one.starts_at, one.ends_at, one.author, one.comment) for one in said.silences
    )
    acks = (Ack(one.fingerprint, one.fired_at, one.acked_at, one.author, one.comment) for one in said.acks)
    return Orders(tuple(silences), tuple(acks))


def silence(  # noqa: PLR0913 - what a silence is
    root: Path, matchers: Sequence[str], now: datetime, lasts: timedelta, *, author: str = "", comment: str = ""
) -> Silence:
    """Let nobody be told of the alerts that meet all matchers, from now on for so long.

    Raises:
        UsageError: there is no matcher, or one is none.
        StoreError: it cannot be kept.
    """
    if not matchers:
        raise UsageError("no matcher: that would silence everything", fix="name what is to be silent: rule=slow_response")
    made = Silence(store.new_id(), tuple(map(matcher, matchers)), now, now + lasts, author, comment)
    store.add_silence(root, store.SilenceRow(made.id, tuple(map(str, made.matchers)), now, made.ends_at, author, comment))
    return made


def end_silence(root: Path, number: str, now: datetime) -> None:
    """Let a silence end now.

    Raises:
        UsageError: there is none of this number that has not ended.
        StoreError: it cannot be kept.
    """
    if not store.end_silence(root, number, now):
        known = [one.id for one in store.read_control(root).silences if one.ends_at > now]
        raise UsageError(f"no silence {number!r}", fix=did_you_mean(number, known) or "list them with: ollalog alerts silences")


def acknowledge(root: Path, firing: Sequence[Alert], now: datetime, *, author: str = "", comment: str = "") -> None:
    """Keep that somebody knows of alerts that fire, this time: nobody is reminded of them.

    Raises:
        StoreError: it cannot be kept.
    """
    store.add_acks(root, [store.AckRow(alert.fingerprint, alert.fired_at, now, author, comment) for alert in firing])


def standing_alerts(rows: pl.DataFrame) -> pl.DataFrame:
    """The last state of each alert, in order of time: the live ones, else, where no server was followed, those of history.

    Args:
        rows: All rows of table `alerts`, in the order of time.

    Returns:
        One row per alert; TABLES.alerts.
    """
    live = rows.filter(~pl.col("replayed"))
    last = (rows if live.is_empty() else live).group_by("fingerprint", maintain_order=True).last()
    return last.select(rows.columns).sort("happened_at", "fingerprint")


def firing_alerts(rows: pl.DataFrame) -> list[Alert]:
    """The alerts that fire now; rows as for `standing_alerts`."""
    return [
        Alert(
            row["fingerprint"], row["rule"], row["severity"], json.loads(row["labels"]), row["value"], row["threshold"], "",
            row["message"], row["recommendation"], instant_text(row["happened_at"]),
        )
        for row in standing_alerts(rows).filter(pl.col("state") == "firing").iter_rows(named=True)
    ]  # fmt: skip


def check_rules(rules: RuleSet, open_warehouse: OpenWarehouse) -> list[PipelineError]:
    """Every fault of the user's files, and every rule whose SELECT fails on an empty store."""
    faults = list(rules.faults)
    for rule in rules.rules.values():
        with open_warehouse(Snapshot(0, ())) as warehouse:
            try:
                alerts.RuleRunner(warehouse, [rule], EPOCH).check(rule)
            except PipelineError as fault:
                faults.append(
                    SqlFileError(f"{rule.name}: {fault.what}", at=rule.file.path, found=fault.found, want=fault.want, fix=fault.fix)
                )
    return faults


def backtest(
    root: Path, rules: Sequence[Rule], open_warehouse: OpenWarehouse, *, since: datetime | None, until: datetime | None
) -> alerts.History:
    """When rules would have fired over a range of the store; nothing is stored."""
    return alerts.replay(store.read_snapshot(root), rules, open_warehouse, since=since, until=until)


def _first_day(snapshot: Snapshot, known: store.AlertLog, open_warehouse: OpenWarehouse) -> date | None:
    """The day to begin with: the last whose states are known and that no new row lies before; None: the first of all."""
    if known.end is None:
        return None
    with open_warehouse(snapshot) as warehouse:
        touched: datetime | None = warehouse.query(TOUCHED.format(batch=int(known.batch)))["moment"][0]
    begin = (min(touched or known.end, known.end).astimezone(UTC) - MARGIN).date()
    return max((day for day in known.checkpoints if day <= begin), default=None)
