"""`ollalog sql`: one query over the views, read-only."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ollalog.cli.answers import EMPTY, answered, is_empty
from ollalog.cli.exit import report_failure
from ollalog.core.errors import PipelineError, UsageError
from ollalog.core.printable import printable
from ollalog.core.rows import FORMATS, TEXTS, parquet_rows

if TYPE_CHECKING:
    import polars as pl

    from ollalog.cli.session import Session
    from ollalog.warehouse import Warehouse

TABLE_ROWS, FILE_ROWS = 10_000, 1_000_000


@dataclass(frozen=True)
class Asking:
    """How a query is run and where its rows go; seconds, rows (0: all)."""

    format: str
    output: Path | None
    timeout_s: float
    max_rows: int | None

    @property
    def limit(self) -> int | None:
        """How many rows are handed over at most; None: all."""
        if self.max_rows is None:
            return TABLE_ROWS if self.format == "table" else FILE_ROWS
        return self.max_rows or None


@click.command("sql", short_help="One read-only query over the views.")
@click.argument("query", required=False)
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="How the rows are written.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the rows to a file.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Stop it then [30].")
@click.option("--max-rows", type=click.IntRange(min=0), metavar="N", help="Rows at most; 0: all [table 10000, else 1000000].")
@click.pass_obj
def COMMAND(  # noqa: N802 - the name that the package is searched for
    session: Session, query: str | None, form: str, output: Path | None, timeout: float | None, max_rows: int | None
) -> int:
    """Run one SELECT over the tables and views that `ollalog views` lists, in DuckDB's SQL.

    Nothing can be written and no other file can be read. In json and ndjson durations are integer nanoseconds and instants
    ISO 8601. Without QUERY it is read from stdin; on a terminal a prompt opens, which Ctrl-D ends.
    """
    settings = session.settings
    asking = Asking(form, output, timeout or settings.sql_timeout_s, settings.sql_max_rows if max_rows is None else max_rows)
    if query is None and sys.stdin.isatty():
        return _prompt(session, asking)
    _run(session, query if query is not None else sys.stdin.read(), asking)
    return 0


def _run(session: Session, query: str, asking: Asking) -> None:
    """Run one query, write its rows, remark on what is missing."""
    if asking.format == "parquet" and asking.output is None and sys.stdout.isatty():
        raise UsageError("Parquet is not for a terminal", fix="add --output FILE, or send it to a file with >")

    def ask(warehouse: Warehouse) -> tuple[pl.DataFrame, bool, bool]:
        empty = is_empty(warehouse)
        return (*warehouse.safe_query(query, timeout_s=asking.timeout_s, max_rows=asking.limit), empty)

    rows, cut, empty = answered(session, ask)
    _write(rows, asking)
    if cut:
        session.remark(f"only the first {rows.height:,} rows; ask for more with --max-rows N (0: all)")
    if rows.is_empty():
        session.remark(EMPTY if empty else "no rows")


def _write(rows: pl.DataFrame, asking: Asking) -> None:
    """Write rows to the file that was asked for, else to stdout."""
    if asking.format == "parquet":
        content = parquet_rows(rows)
    else:
        text = TEXTS[asking.format](rows)
        if asking.output is None and sys.stdout.isatty():
            # Values come from logs: what steers a terminal must not reach one.
            text = "".join(f"{printable(line)}\n" for line in text.split("\n")[:-1])
        content = text.encode("utf-8", errors="backslashreplace")
    if asking.output is None:
        click.echo(content, nl=False)
        return
    try:
        asking.output.write_bytes(content)
    except OSError as error:
        fix = "choose a file that can be written"
        raise UsageError("the rows cannot be written", at=str(asking.output), found=error.strerror, fix=fix) from error


def _prompt(session: Session, asking: Asking) -> int:
    """Ask for one query after the other; a failed one does not end the prompt."""
    import readline  # noqa: F401 - gives input() line editing and history

    click.echo("one SELECT a line; `FROM model_summary`, `SHOW TABLES`; Ctrl-D ends", err=True)
    while True:
        try:
            query = input("ollalog> ")
        except EOFError:
            click.echo(err=True)
            return 0
        if query.strip():
            try:
                _run(session, query, asking)
            except PipelineError as failure:
                report_failure(failure, verbose=False)
