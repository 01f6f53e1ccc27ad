"""A person's SQL reads relations of this store and nothing else (F14, DESIGN §10)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ollalog.core.errors import WarehouseError
from ollalog.warehouse import QueryRefusedError, QueryTimeoutError, Warehouse, open_warehouse
from tests.warehouse.snapshots import snapshot_of

NOW = datetime(2026, 6, 23, 12, tzinfo=UTC)
REQUESTS = [{"ended_at": NOW, "status": 200, "latency_ns": 2**62, "path": "/a"}, {"ended_at": NOW, "status": 200, "latency_ns": 2**61}]


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with open_warehouse(snapshot_of(tmp_path, {"requests": REQUESTS}), now=NOW) as opened:
        yield opened


def asked(warehouse: Warehouse, sql: str) -> pl.DataFrame:
    return warehouse.safe_query(sql, timeout_s=30, max_rows=100)[0]


@pytest.mark.parametrize(
    "sql",
    [
        "COPY requests TO '{folder}/new.csv'",
        "COPY (SELECT 1) TO '{part}'",
        "EXPORT DATABASE '{folder}/new'",
        "ATTACH '{folder}/new.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA database_list",
        "SET memory_limit = '100GB'",
        "SET VARIABLE now_utc = NULL",
        "RESET memory_limit",
        "CREATE TABLE a (b INTEGER)",
        "DROP VIEW requests",
        "INSERT INTO sources SELECT * FROM sources",
        "DELETE FROM sources",
        "UPDATE sources SET lines = 0",
        "CALL pragma_version()",
        "CHECKPOINT",
        "PREPARE a AS SELECT 1",
        "EXPLAIN COPY requests TO '{folder}/new.csv'",
        "EXPLAIN ANALYZE COPY requests TO '{part}'",
        "explain /* x */ analyze copy requests to '{part}'",
        "-- a comment\n/* and another */ EXPLAIN ANALYZE COPY requests TO '{part}'",
        "WITH a AS (COPY requests TO '{part}') SELECT * FROM a",
        "WITH a AS (INSERT INTO sources SELECT * FROM sources RETURNING *) SELECT * FROM a",
        "WITH a AS (DELETE FROM sources RETURNING *) SELECT * FROM a",
        "SELECT * FROM (WITH a AS (UPDATE sources SET lines = 0 RETURNING *) SELECT * FROM a)",
        "SELECT (WITH a AS (COPY requests TO '{part}') SELECT 1 FROM a)",
        "EXPLAIN ANALYZE WITH a AS (COPY requests TO '{part}') SELECT * FROM a",
        "SELECT 1; SELECT 2",
        "SELECT 1; COPY requests TO '{part}'",
        "",
        " ; ",
    ],
)
def test_whatever_would_do_more_than_read_is_refused(warehouse: Warehouse, tmp_path: Path, sql: str) -> None:
    """DuckDB 2.0 calls a WITH that holds a COPY a SELECT, and runs the COPY."""
    part = tmp_path / "requests-1.parquet"
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for _ in range(2):
        with pytest.raises(QueryRefusedError) as caught:
            asked(warehouse, sql.format(folder=tmp_path, part=part))
        assert caught.value.exit_code == 5
        assert caught.value.fix
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM read_parquet('/etc/passwd')",
        "SELECT * FROM read_json('/etc/passwd')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM parquet_metadata('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "FROM '/etc/passwd'",
        "FROM '/etc/*.csv'",
        "SELECT * FROM query('COPY requests TO ''/tmp/x''')",
    ],
)
def test_other_files_cannot_be_read(warehouse: Warehouse, sql: str) -> None:
    for _ in range(2):
        with pytest.raises(WarehouseError) as caught:
            asked(warehouse, sql)
        assert "root:" not in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM requests",
        "FROM model_latency",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n",
        "SELECT 1 UNION SELECT 2 EXCEPT SELECT 1",
        "EXPLAIN SELECT * FROM requests",
        "EXPLAIN ANALYZE SELECT count(*) FROM requests",
        "DESCRIBE model_latency",
        "SHOW TABLES",
        "SUMMARIZE requests",
        "VALUES (1), (2)",
        "SELECT 1;",
        "-- why\nSELECT now_utc(), local_time(now_utc())",
    ],
)
def test_whatever_only_reads_is_answered_before_and_after_the_connection_is_locked(warehouse: Warehouse, sql: str) -> None:
    for _ in range(2):
        assert asked(warehouse, sql).height >= 0


def test_views_still_work_once_no_other_file_can_be_read(warehouse: Warehouse) -> None:
    asked(warehouse, "SELECT 1")
    assert warehouse.view("endpoint_latency").height == 1


def test_a_query_is_interrupted_at_its_limit(warehouse: Warehouse) -> None:
    endless = "SELECT sum(a.range * b.range) FROM range(10000000) AS a, range(10000000) AS b"
    with pytest.raises(QueryTimeoutError, match=r"longer than 0.2 s") as caught:
        warehouse.safe_query(endless, timeout_s=0.2, max_rows=1)
    assert "--timeout" in str(caught.value)
    assert asked(warehouse, "SELECT 1").height == 1


def test_rows_beyond_the_limit_are_cut_and_said_to_be(warehouse: Warehouse) -> None:
    rows, cut = warehouse.safe_query("FROM range(10) AS n(i) ORDER BY i DESC", timeout_s=30, max_rows=3)
    assert (rows["i"].to_list(), cut) == ([9, 8, 7], True)
    rows, cut = warehouse.safe_query("FROM range(3)", timeout_s=30, max_rows=3)
    assert (rows.height, cut) == (3, False)


def test_memory_is_limited(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="Out of Memory"):
        asked(warehouse, "SELECT length(string_agg(repeat('x', 10000000), '')) FROM range(1000)")


@pytest.mark.parametrize(
    ("sql", "fix"),
    [
        ("SELECT statuss FROM requests", "status"),
        ("SELECT * FROM reqests", "did you mean 'requests'?"),
        ("SELECT * FROM model_latncy", "did you mean 'model_latency'?"),
        ("SELEC 1", "ollalog views"),
        ("FROM '/etc/passwd'", "ollalog views"),
    ],
)
def test_a_mistake_is_told_with_what_was_probably_meant(warehouse: Warehouse, sql: str, fix: str) -> None:
    """U4, R7."""
    with pytest.raises(WarehouseError) as caught:
        asked(warehouse, sql)
    assert fix in (caught.value.fix or "")
    assert caught.value.exit_code == 5
    assert len((caught.value.found or "").splitlines()) == 1


def test_sums_of_integers_are_integers_where_they_fit(warehouse: Warehouse) -> None:
    rows = asked(warehouse, "SELECT sum(status) AS small, sum(latency_ns) * 2 AS large FROM requests")
    assert rows["small"].dtype == pl.Int64
    assert int(rows["large"][0]) == 2 * (2**62 + 2**61)


def test_types_that_polars_lacks_come_as_text(warehouse: Warehouse) -> None:
    rows = asked(warehouse, "SELECT INTERVAL 1 DAY AS a, TIMESTAMPTZ 'infinity' AS b, DATE 'infinity' AS c, [INTERVAL 1 DAY] AS d, 1 AS e")
    assert rows.row(0) == ("1 day", "infinity", "infinity", "[1 day]", 1)


@pytest.mark.parametrize("max_rows", [None, 100])
def test_columns_of_one_name_are_told_apart(warehouse: Warehouse, max_rows: int | None) -> None:
    rows, _ = warehouse.safe_query("SELECT 1 AS a, 2 AS A, 3 AS b, 4 AS a", timeout_s=30, max_rows=max_rows)
    assert rows.row(0) == (1, 2, 3, 4)
    assert len({name.lower() for name in rows.columns}) == 4
