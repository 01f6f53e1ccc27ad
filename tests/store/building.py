"""Rows, turns and clocks for the tests of the store: what row i of a source says follows from i alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl

from ollalog.core.batch import Checkpoint, LedgerEntry, Source, Turn
from ollalog.core.clock import FrozenClock
from ollalog.core.tables import TABLES, polars_schema
from ollalog.store import Store, open_store, read_snapshot

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLOCK = FrozenClock(datetime(2026, 3, 9, tzinfo=UTC))
LINE_BYTES = 100


@dataclass
class SteppingClock:
    """A clock that goes on by so many seconds each time it is asked."""

    at: datetime = CLOCK.at
    step_s: float = 700.0

    def now_utc(self) -> datetime:
        self.at += timedelta(seconds=self.step_s)
        return self.at


def opened(root: Path) -> Store:
    return open_store(root, command="test", clock=CLOCK)


def rows(numbers: Iterable[int], *, source: int = 1, table: str = "requests", step_s: float = 1.0, status: int = 200) -> pl.DataFrame:
    """One row per line number, `step_s` seconds apart; columns of the table without `batch`."""
    schema = polars_schema(TABLES[table])
    said: dict[str, object] = {
        "source": source,
        "host": "gpu1",
        "status": status,
        "path": "/api/generate",
        "model": "llama3.1:latest",
    }
    lines = pl.Series("line", list(numbers), dtype=pl.Int64).to_frame()
    times = (pl.lit(START).dt.cast_time_unit("us") + pl.duration(microseconds=pl.col("line") * round(step_s * 1e6))).alias(
        TABLES[table].time
    )
    columns = [pl.lit(said.get(name), kind).alias(name) for name, kind in schema.items() if name not in {"batch", "byte_offset"}]
    said_columns = lines.with_columns(columns).with_columns(times, byte_offset=pl.col("line") * LINE_BYTES)
    return said_columns.select([name for name in schema if name != "batch"])


def turn(  # noqa: PLR0913 - each has a default that most tests keep
    first: int, last: int, *, source: int = 1, family: str = "server", step_s: float = 1.0, status: int = 200
) -> Turn:
    """The turn that reads lines `first` to `last` (exclusive) of a source: each is a request."""
    return turn_of(
        {"requests": rows(range(first, last), source=source, step_s=step_s, status=status)}, first, last, source=source, family=family
    )


def turn_of(tables: dict[str, pl.DataFrame], first: int, last: int, *, source: int = 1, family: str = "server") -> Turn:
    """A turn over lines `first` to `last` with these rows; lines without rows are blank ones."""
    counts = {name: frame.height for name, frame in tables.items()}
    rejected = counts.get("rejects", 0)
    kept = sum(counts.values()) - rejected
    blank = last - first - kept - rejected
    fates = {"row": kept, "folded": 0, "noise": blank, "rejected": rejected, "held": 0}
    start, end = first * LINE_BYTES, last * LINE_BYTES
    entry = LedgerEntry(source, start, end, last - first, fates, {"blank": blank} if blank else {}, counts)
    known = Source(
        source,
        family,
        f"/logs/{family}.{source}.log",
        "file",
        device=1,
        inode=2**63 + source,
        offset=end,
        checkpoints=(Checkpoint(end, f"hash of {end}"),),
    )
    return Turn(tables, (entry,), (known,), {family: f'{{"lines": {last}}}'})


def stored_offsets(root: Path, table: str = "requests") -> list[tuple[int, int]]:
    """(source, byte offset) of every row that our own readers see, in order."""
    found: list[tuple[int, int]] = []
    for part in read_snapshot(root).parts:
        if part.table == table:
            path = next(path for path in part.paths if path.exists())
            frame = pl.read_parquet(path, hive_partitioning=False)
            assert frame.height == part.rows
            found += frame.select("source", "byte_offset").rows()
    return sorted(found)


def stored_lines(root: Path, *, source: int = 1) -> list[int]:
    """Line numbers of the requests of a source that our own readers see, in order."""
    return [offset // LINE_BYTES for number, offset in stored_offsets(root) if number == source]


def foreign_count(root: Path, table: str = "requests") -> int:
    """Rows that another program counts, by DuckDB; Polars must agree."""
    pattern = root / "data" / table / "**" / "*.parquet"
    if not list((root / "data").glob(f"{table}/**/*.parquet")):
        return 0
    with duckdb.connect() as connection:
        counted = connection.execute("SELECT count(*) FROM read_parquet(?)", [str(pattern)]).fetchall()[0][0]
    assert pl.scan_parquet(pattern).select(pl.len()).collect().item() == counted
    return int(counted)


def files(root: Path, folder: str) -> list[str]:
    """Names of all files below a folder of the store, in order."""
    return sorted(str(path.relative_to(root / folder)) for path in (root / folder).rglob("*") if path.is_file())
