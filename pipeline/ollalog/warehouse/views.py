"""The files of `sql/views` -> views of a connection, each after those it needs."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import duckdb

from ollalog.core.errors import SqlFileError, did_you_mean
from ollalog.core.sqlfile import SqlFile, shipped_views
from ollalog.warehouse.base import BASE_RELATIONS


def load_views() -> dict[str, SqlFile]:
    """Every view that ships with the program, by name, in alphabetical order.

    Raises:
        SqlFileError: a file's header is wrong.
    """
    return shipped_views()


def in_order(files: Mapping[str, SqlFile], wanted: AbstractSet[str]) -> list[SqlFile]:
    """The wanted views and all that they need, each after what it needs.

    Raises:
        SqlFileError: a file needs what there is not, or itself.
    """
    ordered: dict[str, SqlFile] = {}
    for name in sorted(wanted):
        _visit(files, name, ordered, ())
    return list(ordered.values())


def _visit(files: Mapping[str, SqlFile], name: str, ordered: dict[str, SqlFile], path: tuple[str, ...]) -> None:
    """Put what a view needs before it, then the view; `path` is how it was reached."""
    if name in ordered:
        return
    if name in path:
        raise SqlFileError(
            f"{name}: the views need each other", at=files[name].path, found=" -> ".join((*path, name)), fix="break the circle in `needs`"
        )
    for need in files[name].needs:
        if need in files:
            _visit(files, need, ordered, (*path, name))
        elif need not in BASE_RELATIONS:
            known = (*BASE_RELATIONS, *files)
            fix = did_you_mean(need, known) or "name a base relation or a view"
            raise SqlFileError(
                f"{name}: needs {need!r}, which there is not", at=files[name].path, found=need, want=", ".join(known), fix=fix
            )
    ordered[name] = files[name]


def create_view(connection: duckdb.DuckDBPyConnection, file: SqlFile) -> str:
    """Create one view, as a table when its rows are to be kept; those it needs are there.

    What is kept of one row can be asked for with getvariable(), too: compared with that as with a constant, less is read.

    Returns:
        What it was made as: TABLE or VIEW.

    Raises:
        duckdb.Error: its SELECT does not fit the relations.
    """
    kind = "TABLE" if file.keep else "VIEW"
    connection.execute(f'CREATE {kind} "{file.name}" AS\n{file.select}')
    if file.keep and not file.grain:
        for column in file.columns:
            connection.execute(f'SET VARIABLE {column} = (SELECT {column} FROM "{file.name}")')  # noqa: S608 - names of a view and a column
    return kind
