"""`verify` is quiet about an intact store and names whatever one thing is damaged (F8)."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from ollalog.core.batch import Source
from ollalog.core.tables import TABLES
from ollalog.store import VerifyReport, verify
from ollalog.store.parts import SEAL_ROWS
from tests.store.building import files, opened, rows, turn, turn_of

SEALED = "data/requests/date=2026-03-01/2.parquet"
HEAD = "data/requests/date=2026-03-01/1.parquet"
VERSION = "versions/requests/date=2026-03-01/1.4.parquet"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A head in its second version, a sealed part, rejects, two sources."""
    with opened(tmp_path) as writer:
        writer.commit(turn(0, 10, step_s=0.1))
        writer.commit(turn(10, 10 + SEAL_ROWS, step_s=0.1))
        writer.commit(turn_of({"rejects": rows([0], source=2, table="rejects")}, 0, 3, source=2, family="other"))
        writer.commit(turn(10 + SEAL_ROWS, 20 + SEAL_ROWS, step_s=0.1))
    return tmp_path


def proven(root: Path) -> VerifyReport:
    return verify(root, lambda *_: [])


def test_an_intact_store_is_proven(store: Path) -> None:
    assert proven(store).as_dict() == {
        "ok": True,
        "batches": 4,
        "rows": {
            "requests": SEAL_ROWS + 20,
            "inferences": 0,
            "pairs": 0,
            "server_events": 0,
            "executions": 0,
            "signals": 0,
            "resource_samples": 0,
            "rejects": 1,
            "alerts": 0,
            "day_rollups": 0,
        },
        "problems": [],
    }


def test_a_missing_store_has_nothing_to_prove(tmp_path: Path) -> None:
    assert proven(tmp_path / "none").as_dict() == {"ok": True, "batches": 0, "rows": dict.fromkeys(TABLES, 0), "problems": []}


def remove(path: Path) -> None:
    path.unlink()


def truncate(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])


def duplicate(path: Path) -> None:
    shutil.copy(path, path.with_name("77.parquet"))


def spoil(path: Path) -> None:
    path.with_name("notes.txt").write_text("not ours")


def rewrite(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        change(pl.read_parquet(path, hive_partitioning=False)).write_parquet(path, compression="zstd", compression_level=1)

    return damage


@pytest.mark.parametrize(
    ("damage", "place", "named"),
    [
        (remove, SEALED, f"{SEALED}: the part is missing; it held {SEAL_ROWS} rows"),
        (remove, HEAD, f"data/requests: other programs count {SEAL_ROWS} rows"),
        (truncate, SEALED, f"{SEALED}: the part cannot be read"),
        (truncate, HEAD, f"{HEAD}: the file has "),
        (truncate, VERSION, f"{VERSION}: the part cannot be read"),
        (duplicate, SEALED, "data/requests/date=2026-03-01/77.parquet: nobody committed this file"),
        (duplicate, SEALED, f"data/requests: other programs count {2 * SEAL_ROWS + 20} rows"),
        (spoil, SEALED, "data/requests/date=2026-03-01/notes.txt: nobody committed this file"),
        (rewrite(lambda rows: rows.head(-1)), SEALED, f"rows: the file has {SEAL_ROWS - 1}, the catalogue {SEAL_ROWS}"),
        (
            rewrite(lambda rows: pl.concat([rows.head(1), rows.head(-1)])),
            SEALED,
            "1 rows of source 1 are there twice, the first from byte 1000",
        ),
        (rewrite(lambda rows: rows.drop("path")), SEALED, "the columns are not those of requests"),
        (rewrite(lambda rows: rows.with_columns(pl.col("batch") + 1)), SEALED, "batch 2 of source 1: the ledger tells of"),
        (rewrite(lambda rows: rows.with_columns(pl.col("source") + 1)), SEALED, "rows by source: the file has"),
        (rewrite(lambda rows: rows.with_columns(pl.col("ended_at") + pl.duration(days=1))), SEALED, "rows of other dates: 2026-03-02"),
        (rewrite(lambda rows: rows.with_columns(pl.col("ended_at") + pl.duration(seconds=1))), SEALED, "times in µs: the file has"),
    ],
)
def test_a_damaged_file_is_named(store: Path, damage: Callable[[Path], None], place: str, named: str) -> None:
    damage(store / place)
    report = proven(store)
    assert not report.ok
    assert any(named in problem for problem in report.problems), report.problems


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE ledger SET lines = lines + 1 WHERE batch = 2", "batch 2, source 1"),
        ("UPDATE ledger SET stop = stop - 100 WHERE batch = 1", "the one before ended at 900"),
        ("DELETE FROM ledger WHERE batch = 1", "the one before ended at 0"),
        (
            "UPDATE ledger SET rows = '{\"requests\": 9}' WHERE batch = 1",
            "batch 1 of source 1: the ledger tells of 9 rows, Parquet holds 10",
        ),
        ("UPDATE ledger SET noise = '{}' WHERE batch = 3", "2 lines of noise, 0 by kind"),
        ('UPDATE ledger SET fates = \'{"row": 9, "lost": 1}\' WHERE batch = 1', "unknown fates ['lost']"),
        ("UPDATE sources SET byte_offset = 7 WHERE id = 2", "the position is 7, the ledger ends at 300"),
        ("DELETE FROM sources WHERE id = 2", "source 2: the ledger has entries of it, the list of sources does not"),
        ("UPDATE totals SET count = count - 1 WHERE source = 1 AND name = 'row'", "the total of row is"),
        ("UPDATE parts SET rows = rows + 1 WHERE batch = 2", "the catalogue says"),
        ("DELETE FROM parts WHERE batch = 2", f"{SEALED}: nobody committed this file"),
    ],
)
def test_a_damaged_catalogue_is_named(store: Path, statement: str, named: str) -> None:
    with closing(sqlite3.connect(store / "catalog.sqlite")) as connection, connection:
        connection.execute(statement)
    report = proven(store)
    assert not report.ok
    assert any(named in problem for problem in report.problems), report.problems


def test_beside_a_writer_nothing_is_said_of_what_is_not_yet_published(store: Path) -> None:
    lines = 20 + SEAL_ROWS
    with opened(store) as writer:
        writer.commit(turn(lines, lines + 1, step_s=0.1))
        writer.commit(turn(lines + 1, lines + 2, step_s=0.1))
        assert proven(store).problems == ()


def test_many_wrong_batches_are_counted_not_listed(tmp_path: Path) -> None:
    with opened(tmp_path) as writer:
        for line in range(40):
            writer.commit(turn(line, line + 1))
    for path in tmp_path.glob("*/requests/*/*.parquet"):
        path.unlink()
    problems = proven(tmp_path).problems
    assert "... and 20 more batches whose rows in ledger and Parquet differ" in problems
    assert len(problems) < 30


def test_a_sample_of_rows_is_read_again_from_sources_that_still_exist(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("lines")
    asked: list[tuple[int, str, int]] = []

    def reread(source: Source, table: str, sample: pl.DataFrame) -> Sequence[str]:
        asked.append((source.id, table, sample.height))
        assert sample.columns == list(TABLES[table].column_names)
        return [f"byte {offset}: the status is 404" for offset in sample["byte_offset"].head(1)]

    from dataclasses import replace

    both = {"requests": rows(range(100)), "inferences": rows(range(100, 102), table="inferences"), "rejects": rows([102], table="rejects")}
    present = turn_of(both, 0, 103)
    with opened(tmp_path / "store") as writer:
        writer.commit(replace(present, sources=(replace(present.sources[0], path=str(log)),)))
        writer.commit(turn(0, 10, source=2, family="gone"))
    first, second = (verify(tmp_path / "store", reread) for _ in range(2))
    assert asked == [(1, "inferences", 2), (1, "requests", 40)] * 2
    assert first == second
    assert [problem.split(": byte")[0] for problem in first.problems] == [f"source 1 ({log})"] * 2
    assert files(tmp_path / "store", "staging") == []
