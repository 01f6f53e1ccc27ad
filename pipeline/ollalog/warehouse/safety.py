"""What a person's SQL may do: read relations of this store, nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from ollalog.warehouse.errors import QueryRefusedError

READING_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
MEMORY_LIMIT = "1GB"
WANT = "one SELECT, or EXPLAIN of a SELECT"


def check_statement(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse everything but one statement that only reads.

    DuckDB calls `WITH a AS (COPY … TO 'file') SELECT …` a SELECT and runs the COPY, so the kind of the statement is not
    enough: every node of its syntax tree must be one that reads.

    Raises:
        QueryRefusedError: the text is empty, holds several statements, or would do more than read.
        duckdb.ParserException: the text is no SQL.
    """
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        found = "nothing" if not statements else f"{len(statements)} statements"
        raise QueryRefusedError("not one query", found=found, want=WANT, fix='write one query: ollalog sql "SELECT …"')
    statement = statements[0]
    kind = statement.type.name
    if kind not in ("SELECT", "EXPLAIN"):
        raise _refused(_first_word(sql))
    query = re.sub(r"(?is)^\s*EXPLAIN\b(\s+ANALYZE\b)?", "", _without_comments(statement.query)) if kind == "EXPLAIN" else statement.query
    forbidden = set(_nodes(_syntax_tree(connection, query))) - READING_NODES
    if forbidden:
        raise _refused(min(forbidden).removesuffix("_NODE").removesuffix("_QUERY"))


def lock_down(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    """Take from a connection all access but to the given files, for good: the second time changes nothing.

    Args:
        connection: Its relations read these files and no others.
        files: Parts of the snapshot.
    """
    locked = connection.execute("SELECT current_setting('lock_configuration')").fetchall()
    if locked == [(True,)]:
        return
    # A setting takes no parameter; a quote in a path is doubled, as SQL wants it.
    paths = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
    connection.execute(f"SET allowed_paths = [{paths}]")
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    connection.execute("SET enable_external_access = FALSE")
    connection.execute("SET lock_configuration = TRUE")


def _syntax_tree(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    """The syntax tree of a SELECT as DuckDB tells it.

    Raises:
        QueryRefusedError: it is none that can be told, such as COPY or a PIVOT.
    """
    answers = connection.execute("SELECT json_serialize_sql($1::VARCHAR)", [query]).fetchall()
    tree: dict[str, Any] = json.loads(answers[0][0])
    if tree.get("error"):
        raise _refused(_first_word(query))
    return tree


def _nodes(tree: object) -> Iterator[str]:
    """The types of all query nodes of a syntax tree."""
    waiting = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            kind = item.get("type")
            if isinstance(kind, str) and kind.endswith("_NODE"):
                yield kind
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def _without_comments(sql: str) -> str:
    """The text from its first word on."""
    return re.sub(r"(?s)^(\s+|--[^\n]*(\n|$)|/\*.*?\*/)+", "", sql)


def _first_word(sql: str) -> str:
    """The word that a statement begins with, upper case."""
    word = re.match(r"\w+", _without_comments(sql))
    return word.group().upper() if word else "this"


def _refused(word: str) -> QueryRefusedError:
    """The message for a statement that does more than read."""
    return QueryRefusedError(
        "the query was refused: only SELECT is allowed",
        found=word,
        want=WANT,
        fix="the store is read-only here; to keep a result use: ollalog sql --format parquet --output FILE",
    )
