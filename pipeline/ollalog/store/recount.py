"""Counting rows again, from the Parquet files alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from ollalog.core.layout import StoreLayout
from ollalog.core.series import Key, Series, total
from ollalog.core.tables import TABLES, polars_schema
from ollalog.store.counting import amounts
from ollalog.store.parts import by_date, completed, described
from ollalog.store.records import PartRecord

SAMPLED_TABLES = ("requests", "inferences", "executions", "signals", "resource_samples")
SAMPLED_ROWS = 40
SEED = 20_260_101
ORIGIN = ("batch", "source", "byte_offset")

# (table, batch, source) -> rows
Cells = Mapping[tuple[str, int, int], int]


@dataclass(frozen=True)
class Recount:
    """Rows by table, batch and source; samples by table; what is wrong with single parts and with rows told twice."""

    cells: Cells
    samples: Mapping[str, pl.DataFrame]
    problems: tuple[str, ...]
    series: Mapping[Key, Series]


def recount(layout: StoreLayout, parts: Iterable[PartRecord]) -> Recount:
    """Read every part of a snapshot, one after the other."""
    cells: Counter[tuple[str, int, int]] = Counter()
    samples: dict[str, list[pl.DataFrame]] = {}
    origins: dict[tuple[str, int], list[pl.Series]] = {}
    problems: list[str] = []
    series: dict[Key, Series] = {}
    for part in parts:
        rows = _read(layout, part, problems)
        if rows is None:
            continue
        problems += _part_problems(layout, part, rows)
        series = total((*series.values(), *amounts({part.table: rows})))
        for batch, source, offsets in rows.group_by("batch", "source").agg("byte_offset").iter_rows():
            cells[part.table, batch, source] += len(offsets)
            origins.setdefault((part.table, source), []).append(pl.Series(offsets, dtype=pl.Int64))
        if part.table in SAMPLED_TABLES:
            samples.setdefault(part.table, []).append(_sample(rows, seed=SEED + part.batch))
    problems += _repeated(origins)
    return Recount(cells, {table: _sample(pl.concat(frames), seed=SEED) for table, frames in samples.items()}, tuple(problems), series)


def name(layout: StoreLayout, part: PartRecord) -> str:
    """How a part is called in a problem."""
    return str(part.data_path(layout).relative_to(layout.root))


def _read(layout: StoreLayout, part: PartRecord, problems: list[str]) -> pl.DataFrame | None:
    """The rows of a part; None, and a problem more, when they cannot be read."""
    path = next((path for path in part.reader_paths(layout) if path.exists()), None)
    if path is None:
        problems.append(f"{name(layout, part)}: the part is missing; it held {part.rows} rows")
        return None
    try:
        rows = completed(TABLES[part.table], pl.read_parquet(path, hive_partitioning=False, glob=False))
    except (OSError, pl.exceptions.PolarsError) as failure:
        problems.append(f"{path.relative_to(layout.root)}: the part cannot be read: {str(failure).splitlines()[0]}")
        return None
    if dict(rows.schema) != polars_schema(TABLES[part.table]):
        problems.append(f"{path.relative_to(layout.root)}: the columns are not those of {part.table}")
        return None
    return rows


def _part_problems(layout: StoreLayout, part: PartRecord, rows: pl.DataFrame) -> Iterator[str]:
    found = described(replace(part, sources={}), rows, part.size_bytes)
    for what, counted, known in (
        ("rows", found.rows, part.rows),
        ("rows by source", dict(sorted(found.sources.items())), dict(sorted(part.sources.items()))),
        ("times in µs", (found.min_us, found.max_us), (part.min_us, part.max_us)),
    ):
        if counted != known:
            yield f"{name(layout, part)}: {what}: the file has {counted}, the catalogue {known}"
    strays = sorted(set(by_date(TABLES[part.table], rows)) - {part.date}) if rows.height else []
    if strays:
        yield f"{name(layout, part)}: rows of other dates: {', '.join(strays[:5])}"


def _repeated(origins: Mapping[tuple[str, int], list[pl.Series]]) -> Iterator[str]:
    for (table, source), series in sorted(origins.items()):
        offsets = pl.concat(series)
        repeats = offsets.len() - offsets.n_unique()
        if repeats:
            first = offsets.filter(offsets.is_duplicated()).sort()[0]
            yield f"{table}: {repeats} rows of source {source} are there twice, the first from byte {first}"


def _sample(rows: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """Up to SAMPLED_ROWS rows of each source, in their order; the same ones each time."""
    shuffled = rows.select("source").with_row_index().sample(fraction=1.0, shuffle=True, seed=seed)
    chosen = shuffled.group_by("source", maintain_order=True).head(SAMPLED_ROWS)
    return rows[chosen.get_column("index").sort()]
