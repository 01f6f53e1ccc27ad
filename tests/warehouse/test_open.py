"""Snapshots in DuckDB: parts, ranges, zones, views in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ollalog.core.batch import Part, Snapshot
from ollalog.core.errors import SqlFileError, UsageError, WarehouseError
from ollalog.core.sqlfile import SqlFile
from ollalog.core.tables import INFERENCES, PAIRS, REQUESTS, TABLES, Table, polars_schema
from ollalog.warehouse import PartGoneError, Warehouse, open_warehouse
from ollalog.warehouse.base import FEW_ROWS
from tests.warehouse.snapshots import instant, part_of, snapshot_of

NOW = datetime(2026, 6, 23, 12, tzinfo=UTC)
EARLY, LATE = instant("2026-06-21T23:59:59Z"), instant("2026-06-22T00:00:01Z")


def view(name: str, select: str, *needs: str) -> SqlFile:
    settings = {"purpose": name, "grain": [], "needs": list(needs)}
    return SqlFile(name, "view", f"sql/views/{name}.sql", settings, {}, select)


def kept_view(name: str, select: str) -> SqlFile:
    return replace(view(name, select), settings={"purpose": name, "grain": [], "needs": [], "keep": True})


def two_days(folder: Path) -> Snapshot:
    parts = (part_of(folder, REQUESTS, [{"ended_at": ended, "status": 200}], str(ended.day)) for ended in (EARLY, LATE))
    return Snapshot(1, tuple(parts))


def opened(snapshot: Snapshot, views: Mapping[str, SqlFile] | None = None, *, timezone: str | None = None) -> Warehouse:
    return open_warehouse(snapshot, now=NOW, views=views, timezone=timezone)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_table_without_parts_is_an_empty_relation_of_the_right_types(table: Table) -> None:
    with opened(Snapshot(0, ())) as warehouse:
        rows = warehouse.view(table.name)
    assert rows.schema == pl.Schema(polars_schema(table))
    assert rows.is_empty()


def test_rows_keep_their_types_on_the_way_through_parquet(tmp_path: Path) -> None:
    with opened(two_days(tmp_path)) as warehouse:
        assert warehouse.view("requests").schema == pl.Schema(polars_schema(REQUESTS))


def test_since_and_until_cut_rows_and_leave_other_parts_unread(tmp_path: Path) -> None:
    """DESIGN §7: a range prunes parts, not only rows: the part outside it does not even exist here."""
    snapshot = two_days(tmp_path)
    snapshot.parts[0].paths[0].write_bytes(b"no Parquet")
    with open_warehouse(snapshot, now=NOW, since=instant("2026-06-22T00:00:00Z")) as warehouse:
        assert warehouse.view("requests")["ended_at"].to_list() == [LATE]


def test_until_is_the_first_instant_left_out(tmp_path: Path) -> None:
    with open_warehouse(two_days(tmp_path), now=NOW, until=LATE) as warehouse:
        assert warehouse.view("requests")["ended_at"].to_list() == [EARLY]


def test_rejects_are_not_cut_by_a_range(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, {"rejects": [{"read_at": NOW, "reason": "no format"}]})
    with open_warehouse(snapshot, now=NOW, until=EARLY) as warehouse:
        assert warehouse.view("rejects").height == 1


def test_the_first_name_of_a_part_that_exists_is_read(tmp_path: Path) -> None:
    part = two_days(tmp_path).parts[0]
    with opened(Snapshot(1, (replace(part, paths=(tmp_path / "gone.parquet", *part.paths)),))) as warehouse:
        assert warehouse.view("requests").height == 1


def test_a_part_without_any_name_left_asks_for_a_new_snapshot(tmp_path: Path) -> None:
    part = Part("requests", "2026-06-21", 1, 3, 0, (tmp_path / "gone.parquet",))
    with pytest.raises(PartGoneError, match="part of the store is gone"):
        opened(Snapshot(1, (part,)))


def test_a_part_that_goes_while_the_warehouse_is_open_asks_for_a_new_snapshot(tmp_path: Path) -> None:
    snapshot = two_days(tmp_path)
    with opened(snapshot) as warehouse:
        snapshot.parts[0].paths[0].unlink()
        with pytest.raises(PartGoneError):
            warehouse.view("requests")


def test_paths_with_quotes_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "it's [odd]*"
    folder.mkdir()
    with opened(two_days(folder)) as warehouse:
        assert warehouse.view("status_counts")["requests"].to_list() == [2]
        assert warehouse.safe_query("FROM status_counts", timeout_s=30, max_rows=None)[0].height == 1


def test_now_is_what_the_caller_says() -> None:
    with opened(Snapshot(0, ())) as warehouse:
        assert warehouse.query("SELECT now_utc() AS now").item() == NOW


def test_local_time_is_that_of_the_zone() -> None:
    for zone, hour in ((None, 22), ("Europe/Berlin", 0), ("Asia/Kolkata", 4)):
        with opened(Snapshot(0, ()), timezone=zone) as warehouse:
            assert warehouse.query("SELECT hour(local_time(TIMESTAMPTZ '2026-06-21 22:45:00Z')) AS local_hour").item() == hour


def test_views_are_made_after_those_they_need() -> None:
    views = {"upper": view("upper", "SELECT n + 1 AS n FROM lower", "lower"), "lower": view("lower", "SELECT 1 AS n")}
    with opened(Snapshot(0, ()), views) as warehouse:
        assert warehouse.view("upper").item() == 2


def test_views_that_need_each_other_are_refused() -> None:
    views = {"a": view("a", "SELECT 1 AS n FROM b", "b"), "b": view("b", "SELECT 1 AS n FROM a", "a")}
    with opened(Snapshot(0, ()), views) as warehouse, pytest.raises(SqlFileError, match="a -> b -> a"):
        warehouse.view("a")


def test_a_view_that_needs_what_there_is_not_names_the_nearest() -> None:
    views = {"a": view("a", "SELECT 1 AS n FROM reqests", "reqests")}
    with opened(Snapshot(0, ()), views) as warehouse, pytest.raises(SqlFileError, match="did you mean 'requests'"):
        warehouse.view("a")


def test_an_unknown_view_is_a_mistake_of_the_caller() -> None:
    """U4."""
    with opened(Snapshot(0, ())) as warehouse, pytest.raises(UsageError, match="did you mean 'model_latency'"):
        warehouse.view("model_latncy")


def test_a_view_that_fails_does_not_end_the_others(tmp_path: Path) -> None:
    views = {"bad": view("bad", "SELECT error('no') AS n FROM requests", "requests"), "good": view("good", "SELECT 1 AS n")}
    with opened(two_days(tmp_path), views) as warehouse:
        with pytest.raises(WarehouseError, match="the query failed"):
            warehouse.view("bad")
        assert warehouse.view("good").item() == 1


def test_a_kept_view_is_computed_once_and_views_above_it_read_what_was_kept(tmp_path: Path) -> None:
    snapshot = two_days(tmp_path)
    with opened(snapshot) as warehouse:
        before = warehouse.view("status_counts")
        warehouse.keep("requests")
        for part in snapshot.parts:
            part.paths[0].unlink()
        assert warehouse.view("status_counts").equals(before)


def test_a_view_that_was_asked_for_can_still_be_kept(tmp_path: Path) -> None:
    with opened(two_days(tmp_path)) as warehouse:
        before = warehouse.query("FROM status_counts")
        warehouse.keep("status_counts")
        assert warehouse.query("FROM status_counts").equals(before)


def test_a_view_whose_header_says_so_is_computed_once() -> None:
    views = {"lower": kept_view("lower", "SELECT random() AS n"), "upper": view("upper", "SELECT n FROM lower", "lower")}
    with opened(Snapshot(0, ()), views) as warehouse:
        assert warehouse.view("lower").item() == warehouse.view("upper").item() == warehouse.query("FROM lower").item()


def test_tables_of_many_rows_are_read_from_their_parts_each_time(tmp_path: Path) -> None:
    snapshot = two_days(tmp_path)
    many = Snapshot(1, (replace(snapshot.parts[0], rows=FEW_ROWS), snapshot.parts[1]))
    with opened(many) as warehouse:
        assert warehouse.view("requests").sort("ended_at")["ended_at"].to_list() == [EARLY, LATE]
        snapshot.parts[0].paths[0].unlink()
        with pytest.raises(PartGoneError):
            warehouse.view("status_counts")


def test_tables_of_few_rows_are_read_once(tmp_path: Path) -> None:
    snapshot = two_days(tmp_path)
    with opened(snapshot) as warehouse:
        before = warehouse.view("status_counts")
        snapshot.parts[0].paths[0].unlink()
        assert warehouse.view("status_counts").equals(before)


def test_pairs_that_are_not_settled_yet_stand_beside_those_that_are(tmp_path: Path) -> None:
    """F1: a request at the end of what was read has its run at once."""
    settled = snapshot_of(tmp_path, {"pairs": [{"happened_at": EARLY, "request_offset": 1, "confidence": "certain"}]})
    columns = {"source": [1], "request_offset": [2], "happened_at": [LATE], "confidence": ["likely"]}
    provisional = pl.DataFrame(columns, schema_overrides={"happened_at": pl.Datetime("us", "UTC")})
    with open_warehouse(settled, now=NOW, provisional_pairs=provisional) as warehouse:
        pairs = warehouse.view("pairs").sort("request_offset")
        assert warehouse.safe_query("FROM pairs", timeout_s=30, max_rows=None)[0].height == 2
    assert pairs.schema == pl.Schema(polars_schema(PAIRS))
    assert pairs.select("batch", "request_offset", "confidence").rows() == [(None, 1, "certain"), (None, 2, "likely")]
    with open_warehouse(settled, now=NOW, provisional_pairs=provisional, since=LATE) as warehouse:
        assert warehouse.view("pairs")["request_offset"].to_list() == [2]


def test_no_pairs_but_those_not_settled_yet_are_enough_and_many_fit() -> None:
    many = pl.DataFrame({"source": [1] * 3000, "request_offset": range(3000)})
    with open_warehouse(Snapshot(0, ()), now=NOW, provisional_pairs=many) as warehouse:
        assert warehouse.view("pairs").height == 3000
    with open_warehouse(Snapshot(0, ()), now=NOW, provisional_pairs=many.clear()) as warehouse:
        assert warehouse.view("pairs").is_empty()


def test_parts_of_before_a_column_came_have_null_there(tmp_path: Path) -> None:
    """A store that an older version wrote is read without being written anew."""
    old, new = (part_of(tmp_path, INFERENCES, [{"happened_at": ended, "model_blob": "abc"}], str(ended.day)) for ended in (EARLY, LATE))
    pl.read_parquet(old.paths[0]).drop("model_blob", "slot").write_parquet(old.paths[0])
    for parts, blobs in (((old, new), [None, "abc"]), ((old,), [None]), ((new,), ["abc"])):
        with opened(Snapshot(1, parts)) as warehouse:
            rows = warehouse.view("inferences").sort("happened_at")
            assert warehouse.view("model_speed").is_empty()
        assert rows.schema == pl.Schema(polars_schema(INFERENCES))
        assert rows["model_blob"].to_list() == blobs


def test_a_part_that_cannot_be_read_is_told_of_by_who_asks_for_its_rows(tmp_path: Path) -> None:
    first, second = (part_of(tmp_path, INFERENCES, [{"happened_at": ended}], str(ended.day)) for ended in (EARLY, LATE))
    second.paths[0].write_bytes(b"no Parquet")
    with opened(Snapshot(1, (first, second))) as warehouse:
        assert warehouse.view("requests").is_empty()
        with pytest.raises(WarehouseError):
            warehouse.view("inferences")
