"""`ollalog views`: what can be asked, from the views' own headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ollalog.core.tables import TABLES

if TYPE_CHECKING:
    from ollalog.cli.session import Session
    from ollalog.core.sqlfile import SqlFile
    from ollalog.core.tables import Table


@click.command("views", short_help="The views and tables, or one with its columns and units.")
@click.argument("name", required=False)
@click.pass_obj
def COMMAND(_session: Session, name: str | None) -> None:  # noqa: N802 - the name that the package is searched for
    """List the views and tables that `ollalog sql` can read; with NAME show its grain, columns, units and SQL."""
    from ollalog.warehouse import load_views, unknown_view

    views = load_views()
    if name is None:
        click.echo(_listed(views))
    elif name in views:
        click.echo(_view_described(views[name]))
    elif name in TABLES:
        click.echo(_table_described(TABLES[name]))
    else:
        raise unknown_view(name, (*views, *TABLES))


def _listed(views: dict[str, SqlFile]) -> str:
    """Names and purposes, views first."""
    rows = [("views", ""), *((f"  {name}", file.purpose) for name, file in views.items())]
    rows += [("tables", ""), *((f"  {table.name}", f"one row per {table.grain}") for table in TABLES.values())]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {purpose}".rstrip() for name, purpose in rows)


def _view_described(file: SqlFile) -> str:
    """Header and SQL of a view."""
    from ollalog.warehouse import column_types

    kinds = column_types(file.name)
    columns = [(name, kinds.get(name, ""), meaning) for name, meaning in file.columns.items()]
    grain = ", ".join(file.grain) or "one row in all"
    head = [file.name, f"  {file.purpose}", "", f"grain  {grain}", f"needs  {', '.join(file.needs)}", ""]
    return "\n".join([*head, *_column_lines(columns), "", file.select])


def _table_described(table: Table) -> str:
    """Columns of a table."""
    columns = [(column.name, column.type, column.meaning) for column in table.columns]
    return "\n".join([table.name, f"  one row per {table.grain}", "", *_column_lines(columns)])


def _column_lines(columns: list[tuple[str, str, str]]) -> list[str]:
    """Name, type and meaning of each column, aligned."""
    widths = [max(len(column[place]) for column in columns) for place in (0, 1)]
    return [f"  {name:<{widths[0]}}  {kind:<{widths[1]}}  {meaning}" for name, kind, meaning in columns]
