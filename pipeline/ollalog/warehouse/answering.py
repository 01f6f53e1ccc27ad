"""Asking DuckDB: within a time, and with errors that say what was asked, what went wrong and what to do."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection
from typing import TypeVar

import duckdb
import polars as pl

from ollalog.core.errors import WarehouseError, did_you_mean
from ollalog.warehouse.errors import PartGoneError, QueryTimeoutError

Answer = TypeVar("Answer")


def limited(connection: duckdb.DuckDBPyConnection, timeout_s: float, ask: Callable[[], Answer]) -> Answer:
    """Ask, and interrupt the connection when that takes too long."""
    expired = threading.Event()

    def interrupt() -> None:
        expired.set()
        connection.interrupt()

    timer = threading.Timer(timeout_s, interrupt)
    timer.start()
    try:
        return ask()
    except (duckdb.Error, pl.exceptions.ComputeError) as error:
        if not expired.is_set():
            raise
        fix = "ask for less (a shorter range, LIMIT), or give it more time: --timeout, over HTTP timeout_s"
        raise QueryTimeoutError(f"the query took longer than {timeout_s:g} s and was stopped", fix=fix) from error
    finally:
        timer.cancel()


def explained(sql: str, known: Collection[str], ask: Callable[[], Answer]) -> Answer:
    """Ask, and turn what DuckDB or polars raise into an error with four parts."""
    try:
        return ask()
    except duckdb.IOException as error:
        if re.search(r"No such file|No files found|does not exist", str(error)):
            fix = "run the command again; if it stays, run: ollalog verify"
            raise PartGoneError("a part of the store is gone", found=_first_line(error), fix=fix) from error
        raise _failure(sql, known, error) from error
    except (duckdb.Error, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise _failure(sql, known, error) from error


def _failure(sql: str, known: Collection[str], error: BaseException) -> WarehouseError:
    """What DuckDB says, shortened, with the name that was probably meant."""
    message = str(error)
    table = re.search(r"(?:Table|View|Table Function) with name \"?([^\"\s]+)\"? does not exist", message)
    candidates = re.search(r"Candidate bindings: (.+)", message)
    hint = re.search(r"Did you mean \"([^\"]+)\"", message)
    fix = did_you_mean(table.group(1), known) if table else None
    if candidates:
        fix = f"did you mean one of these? {candidates.group(1)}"
    elif fix is None and hint and hint.group(1) in known:
        fix = f"did you mean {hint.group(1)!r}?"
    elif "Permission Error" in message:
        fix = "only the tables and views that `ollalog views` lists can be read"
    elif re.search(r"/(?:data|derived)/[^'\"]+\.(?:parquet|sums)", message):
        fix = "see which files of the store are damaged, and what to do: ollalog verify"
    return WarehouseError(
        "the query failed",
        at=" ".join(sql.split())[:200],
        found=_first_line(error),
        fix=fix or "see the relations with `ollalog views`, their columns with `ollalog views NAME`",
    )


def _first_line(error: BaseException) -> str:
    """The first line of a message."""
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
