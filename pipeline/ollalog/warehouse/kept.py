"""What is written of a date that is closed: its joined requests, rows of views by date, and the names that they took."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from ollalog.core.closed_dates import ClosedDate, bounds_of


def note_of(connection: duckdb.DuckDBPyConnection, day: date) -> ClosedDate:
    """What the requests of a date took for names, and the names in its runs; the requests are held (see `Joining.keep`)."""
    start, end = bounds_of(day)
    shown = """
        SELECT blob, model_files.model
        FROM (
            SELECT model_blob AS blob FROM around.held WHERE happened_at >= $1 AND happened_at < $2 AND model_blob IS NOT NULL
            UNION SELECT model_blob FROM around.inferences WHERE happened_at >= $1 AND happened_at < $2 AND model_blob IS NOT NULL
        )
        LEFT JOIN around.model_files ON model_blob = blob
    """
    aliases = """
        SELECT told, model_aliases.model
        FROM (
            SELECT DISTINCT model AS told FROM around.inferences
            WHERE origin <> 'server_log' AND model IS NOT NULL AND happened_at >= $1 AND happened_at < $2
        )
        LEFT JOIN around.model_aliases ON name = told
    """
    names = """
        SELECT model_blob, model, epoch_us(min(happened_at)) FROM around.inferences
        WHERE origin = 'server_log' AND model_blob IS NOT NULL AND model IS NOT NULL AND happened_at >= $1 AND happened_at < $2
        GROUP BY ALL ORDER BY ALL
    """
    found_shown, found_aliases = (dict(connection.execute(query, [start, end]).fetchall()) for query in (shown, aliases))
    return ClosedDate(day, Path(), found_shown, found_aliases, tuple(connection.execute(names, [start, end]).fetchall()))


def write_requests(connection: duckdb.DuckDBPyConnection, day: date, path: Path) -> None:
    """Write the requests of a date, in order of their time; they are held (see `Joining.keep`)."""
    start, end = bounds_of(day)
    rows = connection.sql(
        "SELECT * FROM around.held WHERE happened_at >= $1 AND happened_at < $2 ORDER BY happened_at", params=[start, end]
    )
    rows.write_parquet(str(path), compression="zstd")


def write_sums(connection: duckdb.DuckDBPyConnection, name: str, day: date, path: Path) -> None:
    """Write the rows of a date of a view by date that is held."""
    connection.sql(f'SELECT * FROM "{name}" WHERE date_utc = $1', params=[day]).write_parquet(str(path), compression="zstd")  # noqa: S608 - a name of a view
