"""`ollalog verify`: the proof that the store holds what was read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from ollalog.core.printable import printable

if TYPE_CHECKING:
    from ollalog.cli.session import Session
    from ollalog.store import VerifyReport

FOUND = 1


@click.command(short_help="Prove that the store holds what was read.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.pass_obj
def verify(session: Session, *, as_json: bool) -> int:
    """Count all rows again from Parquet, compare them with ledger and positions, and read some lines of the logs again.

    Changes nothing and may run beside a writer. Exit code 1 when something does not agree.
    """
    from ollalog import store
    from ollalog.runtime import reread

    report = store.verify(session.store, reread)
    click.echo(json.dumps(report.as_dict()) if as_json else _described(report))
    return 0 if report.ok else FOUND


def _described(report: VerifyReport) -> str:
    """The report for people: what was counted, then each problem on a line."""
    if not report.batches and report.ok:
        return "the store is empty: there is nothing to prove yet; read logs first with `ollalog ingest PATH...`"
    counted = ", ".join(f"{rows:,} {table}" for table, rows in report.rows.items())
    batches = "1 batch" if report.batches == 1 else f"{report.batches:,} batches"
    if report.ok:
        return f"ok: {batches}, {counted}; Parquet, ledger, positions and logs agree"
    found = [*report.problems, *report.derived]
    problems = "1 problem" if len(found) == 1 else f"{len(found):,} problems"
    advice = ["next: `ollalog reprocess` reads the logs again and replaces their rows"] if report.problems else []
    if report.derived:
        advice.append("next: remove the files named derived/…: nothing is lost by it, they are made anew from committed rows")
    return "\n".join([f"{problems} in {batches}, {counted}", *(f"  {printable(problem)}" for problem in found), *advice])


COMMAND = verify
