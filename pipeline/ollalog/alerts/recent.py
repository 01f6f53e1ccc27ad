"""The rows that rules look at now, held in memory and appended commit by commit: asking a rule reads no file.

Narrow rows of the rules' windows; rows of joining views come from `joined`, sums over longer times from `sums`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from ollalog.alerts.history import pruned
from ollalog.alerts.joined import CONTEXT, HOT, HOT_ROWS, JOINED, US, Joined, UnsettledPairs, lasting
from ollalog.alerts.needs import HELD, LONGEST, Needs
from ollalog.alerts.rules import MINUTE, Rule
from ollalog.alerts.state import Hit, Ticks
from ollalog.alerts.sums import Sums
from ollalog.alerts.ticks import EPOCH, TIME_COLUMNS, Hits, Labels, RuleRunner
from ollalog.core.batch import Snapshot, SourceSummary
from ollalog.core.errors import WarehouseError
from ollalog.core.tables import TABLES, as_text
from ollalog.warehouse import load_views

if TYPE_CHECKING:
    from ollalog.core.sqlfile import SqlFile
    from ollalog.warehouse import Warehouse

OpenWarehouse = Callable[[Snapshot], "Warehouse"]
HELD_ROWS = 1_000_000
"""No relation has more rows in memory: beyond that rate a window is as long as so many rows last, and `remarks` says so."""
PRUNE_EVERY = timedelta(seconds=30)
FRAGMENTS = 2_000
"""Sums of single commits are put together when there are so many."""
VARIABLES = {"tick_us": "BIGINT", "first_us": "BIGINT", "threshold": "DOUBLE"}


@dataclass
class _Held:
    """A relation in `seen`: its columns, what dates a row, how far back it reaches, and how many rows it had."""

    columns: list[str]
    time: str
    reach: timedelta
    rows: int = 0
    hot_rows: int = 0
    frozen_us: int = 0


class Recent:
    """Recent rows for some rules. To be seeded before it is fed; all of it can be lost and seeded again."""

    def __init__(
        self,
        rules: Iterable[Rule],
        open_warehouse: OpenWarehouse,
        unsettled_pairs: UnsettledPairs,
        sources: Callable[[], Sequence[SourceSummary]] = tuple,
    ) -> None:
        self._views = load_views()
        self._open, self._unsettled_pairs, self._sources = open_warehouse, unsettled_pairs, sources
        self.needs = Needs(rules, self._views)
        self._checked: set[str] = set()
        self._queue: dict[str, list[pl.DataFrame]] = {}
        self._states: dict[str, str] = {}
        self._variables: dict[str, object] = {}
        self._fragments: dict[str, int] = {}
        self._held: dict[str, _Held] = {}
        self._kept_rows: dict[str, int] = {}
        self._pruned_at = EPOCH
        self._has_kept_news = self._has_hot_news = self._has_log_news = False
        self.remarks: dict[str, str] = {}

    def has_rows(self, rule: Rule) -> bool:
        """Whether time alone can change what a rule finds."""
        if rule.name in self.needs.slow or self.needs.is_of_sums(rule):
            return True
        read = self.needs.relations(rule)
        return any(self._held[name].rows or self._held[name].hot_rows for name in read & self._held.keys()) or any(
            self._kept_rows.get(name) for name in rule.recent
        )

    @property
    def has_loads_news(self) -> bool:
        """Whether a model was loaded since loads were last looked at, so that much has to be made anew."""
        return self._joined.has_loads_news

    def seed(self, snapshot: Snapshot, now: datetime) -> None:
        """Forget everything, and read what a snapshot has of the time that rules look back to.

        Raises:
            WarehouseError: a part cannot be read.
        """
        self._seen = self._small_warehouse()
        self._sums = Sums({name: self._views[name] for name in self.needs.merged}, self._small_warehouse())
        self._joined = Joined(self.needs.small, self._small_warehouse(), self._unsettled_pairs, snapshot.states)
        self._queue.clear()
        self._make_relations()
        lookback = max((rule.lookback for rule in self.needs.quick), default=HELD)
        with self._open(pruned(snapshot, now - max(lookback, HELD), now + LONGEST)) as past:
            for name in self.needs.merged:
                self._seen.insert(f"rolled_{name}", past.view(name))
                self._fragments[name] = FRAGMENTS
            for name in {*JOINED, *(self._held.keys() & TABLES.keys())}:
                reach = max([CONTEXT, *(self._held[hot].reach + CONTEXT for hot in self.needs.hot)])
                since = now - max(reach, self._held[name].reach if name in self._held else reach)
                self._queue[name] = [_rows_since(past, name, since), *([lasting(past, since)] if name == "server_events" else [])]
        for name in self.needs.hot:
            self._held[name].frozen_us = _us(now - self._held[name].reach)
        self._put_sources(snapshot.sources)
        self._take_in(now, adds_up=False)

    def feed(self, tables: Mapping[str, pl.DataFrame], states: Mapping[str, str]) -> None:
        """Remember the rows of a commit until they are looked at."""
        for name, rows in tables.items():
            if rows.height:
                self._queue.setdefault(name, []).append(as_text(rows))
        self._states |= states
        self._has_log_news = True

    def news(self) -> frozenset[str]:
        """The tables that have rows which no rule has seen."""
        return frozenset(self._queue)

    def take_in(self, now: datetime) -> None:
        """Bring the rows that came to where the rules see them. Raises WarehouseError."""
        if self._queue:
            self._take_in(now, adds_up=True)
        if now - self._pruned_at >= PRUNE_EVERY:
            self._prune(now)
        for name, held in self._held.items():
            if held.rows > 2 * HELD_ROWS:
                self._shorten(name, held, now)

    def at(self, tick: datetime) -> None:
        """The tick that rules are asked for from now on."""
        self._set("tick_us", _us(tick))

    def hits(self, rule: Rule, tick: datetime, *, recovering: bool) -> Hits:
        """What a rule finds bad at the tick of `at`; `recovering`: and what is only beyond its threshold of recovery.

        Raises:
            WarehouseError: its SELECT fails.
            SqlFileError: its columns are not tick, the labels and value.
        """
        if set(rule.recent) & set(self.needs.hot):
            self._freshen(tick)
        needed = self.needs.relations(rule)
        if needed & set(self.needs.kept) and self._has_kept_news:
            self._renew()
        for name in needed & set(self.needs.merged):
            self._add_up(name)
        if "sources" in rule.file.needs and self._has_log_news:
            self._has_log_news = False
            self._put_sources(self._sources())
        self._set("first_us", _us(tick - rule.window))
        found = self._asked(rule, rule.threshold, tick, beyond=True)
        if recovering and rule.recovery is not None:
            return {**self._asked(rule, rule.recovery, tick, beyond=False), **found}
        return found

    def has_data(self, rule: Rule) -> bool:
        """Whether the window of the rule asked last holds any row that it reads."""
        reads = " UNION ALL ".join(f"(SELECT 1 AS one FROM recent_{name} LIMIT 1)" for name in rule.recent)  # noqa: S608 - names of relations
        return bool(reads) and self._seen.query(reads).height > 0

    def slow_hits(self, rule: Rule, snapshot: Snapshot, tick: datetime) -> Hits:
        """What a rule that looks back far finds at a whole step of its own, from the store. Raises as `hits` does."""
        with self._open(pruned(snapshot, tick - max(rule.lookback, timedelta(days=1)), tick + LONGEST)) as warehouse:
            return RuleRunner(warehouse, [rule], tick - rule.window, is_live=True).hits(rule, Ticks(tick, tick, rule.step))

    def close(self) -> None:
        """Give the memory back."""
        self._sums.close()
        self._joined.close()
        self._seen.__exit__(None, None, None)

    def _small_warehouse(self) -> Warehouse:
        """A database in memory, for so few rows that they take longer to share out among threads than to work on."""
        warehouse = self._open(Snapshot(0, ()))
        warehouse.keep_small_tables()
        warehouse.prepare("SET threads = 1")
        warehouse.prepare("SET allocator_flush_threshold = '1MB'")
        warehouse.prepare("SET allocator_bulk_deallocation_flush_threshold = '1MB'")
        return warehouse

    def _make_relations(self) -> None:
        """Empty tables for all that the rules read, and the names under which they read it."""
        self._held.clear()
        self._checked.clear()
        self._variables.clear()
        for name in VARIABLES:
            self._set(name, 0)
        self._seen.prepare("CREATE MACRO threshold() AS CAST(getvariable('threshold') AS DOUBLE)")
        self._seen.prepare("CREATE MACRO is_live() AS TRUE")
        self._seen.prepare("CREATE VIEW ticks AS SELECT make_timestamptz(getvariable('tick_us')) AS tick")
        for name in sorted({*self.needs.recent, *self.needs.direct}):
            self._hold(name)
        for name in self.needs.kept:
            self._make_table(f"kept_{name}", self._types(name))
            self._seen.provide(name, f"SELECT * FROM kept_{name}")  # noqa: S608 - names of relations
        for name in self.needs.merged:
            self._make_table(f"rolled_{name}", self._types(name))
            self._seen.provide(name, _merging(self._views[name]))
        for name in self.needs.recent:
            rows = f"(SELECT * FROM held_{name} UNION ALL SELECT * FROM hot_{name})" if name in self.needs.hot else f"held_{name}"  # noqa: S608
            self._offer(name, rows, "row_us", "EXCLUDE (row_us)")
        for name in {rule_name for rule in self.needs.quick for rule_name in rule.recent} & set(self.needs.kept):
            self._offer(name, f"kept_{name}", f"epoch_us({_time_of(name, list(self._types(name)))})", "")
        for name in self.needs.direct:
            self._seen.provide(name, f"SELECT * EXCLUDE (row_us) FROM held_{name}")  # noqa: S608 - names of relations

    def _offer(self, name: str, rows: str, time_us: str, less: str) -> None:
        self._seen.prepare(
            f"CREATE VIEW recent_{name} AS SELECT * {less}, make_timestamptz(getvariable('tick_us')) AS tick FROM {rows} "  # noqa: S608
            f"WHERE {time_us} > getvariable('first_us') AND {time_us} <= getvariable('tick_us')"
        )

    def _hold(self, name: str) -> None:
        """A table for the columns of a relation that rules name."""
        types = self._types(name)
        columns = [column for column in types if column.lower() in self.needs.words]
        users = [rule for rule in self.needs.quick if name in rule.recent or name in rule.file.needs]
        reach = max(*(rule.window if name in rule.recent else rule.lookback for rule in users), timedelta(minutes=1))
        self._held[name] = _Held(columns, _time_of(name, list(types)), reach)
        held_types = {column: types[column] for column in columns} | {"row_us": "BIGINT"}
        self._make_table(f"held_{name}", held_types)
        if name in self.needs.hot:
            self._make_table(f"hot_{name}", held_types)

    def _types(self, name: str) -> dict[str, str]:
        return self._joined.types(name)

    def _make_table(self, name: str, types: Mapping[str, str]) -> None:
        self._seen.prepare(f"CREATE TABLE {name} (" + ", ".join(f'"{column}" {kind}' for column, kind in types.items()) + ")")

    def _take_in(self, now: datetime, *, adds_up: bool) -> None:
        came = {name: pl.concat(frames, how="diagonal") for name, frames in self._queue.items()}
        self._queue.clear()
        if adds_up:
            self._sums.feed(came)
        for name in self.needs.merged if self._sums.is_full() else ():
            self._add_up(name)
        if self.needs.hot or self.needs.kept:
            self._joined.feed(came, self._states, now - (CONTEXT + HOT if adds_up else 2 * HELD))
            self._has_kept_news |= self._joined.has_loads_news
            self._has_hot_news |= bool(came.keys() & set(JOINED))
        self._states.clear()
        for name in self._held.keys() & came.keys():
            held = self._held[name]
            rows = came[name].select(*held.columns, pl.col(held.time).to_physical().alias("row_us"))
            rows = rows.filter(pl.col("row_us") > _us(now - held.reach))
            if rows.height > HELD_ROWS:
                self._remark_on_cut(name, held)
            if rows.height:
                self._seen.insert(f"held_{name}", rows.tail(HELD_ROWS))
                held.rows += min(rows.height, HELD_ROWS)

    def _add_up(self, name: str) -> None:
        """Bring what came to the sums of a view."""
        sums = self._sums.added(name)
        if sums is not None:
            self._seen.insert(f"rolled_{name}", sums)
            self._fragments[name] += sums.height

    def _renew(self) -> None:
        """Small views that a load of a model changes."""
        self._has_kept_news = False
        for name in self.needs.kept:
            self._seen.prepare(f"TRUNCATE kept_{name}")
            rows = self._joined.small_rows(name)
            self._seen.insert(f"kept_{name}", rows)
            self._kept_rows[name] = rows.height

    def _freshen(self, now: datetime) -> None:
        """Compute the rows of joining views that are not old enough to stay as they are."""
        if not self._has_hot_news:
            return
        self._has_hot_news = False
        for name in self.needs.hot:
            held = self._held[name]
            rows = self._joined.hot_rows(name, held.columns, held.time, held.frozen_us)
            newest = rows["row_us"].max()
            cut = max(held.frozen_us, min(_us(now), newest if isinstance(newest, int) else 0) - HOT // US)
            if rows.height > HOT_ROWS:
                cut = max(cut, int(rows["row_us"].sort()[-HOT_ROWS // 2]))
            is_old = rows["row_us"] <= cut
            old, hot = rows.filter(is_old), rows.filter(~is_old)
            if old.height:
                self._seen.insert(f"held_{name}", old.filter(pl.col("row_us") > _us(now - held.reach)))
            self._seen.prepare(f"TRUNCATE hot_{name}")
            self._seen.insert(f"hot_{name}", hot)
            held.frozen_us = cut
            held.rows += old.height
            held.hot_rows = hot.height
        if self._joined.is_full:
            self._joined.prune(now, self._oldest_hot_us(now))

    def _prune(self, now: datetime) -> None:
        """Let go of rows that no rule looks at any more, and put sums together."""
        self._pruned_at = now
        for name, held in self._held.items():
            self._shorten(name, held, now)
        self._joined.prune(now, self._oldest_hot_us(now))
        for name, fragments in self._fragments.items():
            if fragments >= FRAGMENTS:
                self._merge(name, now)

    def _oldest_hot_us(self, now: datetime) -> int:
        """The instant before which no row of a joining view is computed again; µs since 1970."""
        return min((self._held[name].frozen_us for name in self.needs.hot), default=_us(now - HOT))

    def _shorten(self, name: str, held: _Held, now: datetime) -> None:
        """Let go of a relation's rows that are too old, or too many."""
        cut_us = _us(now - held.reach)
        if held.rows > HELD_ROWS:
            most_us = self._seen.query(f"SELECT quantile_disc(row_us, {1 - HELD_ROWS / held.rows}) AS us FROM held_{name}")["us"][0]  # noqa: S608
            if most_us is not None and most_us > cut_us:
                self._remark_on_cut(name, held)
                cut_us = most_us
        self._seen.prepare(f"CREATE OR REPLACE TABLE held_{name} AS SELECT * FROM held_{name} WHERE row_us > {cut_us}")  # noqa: S608
        held.rows = int(self._seen.query(f"SELECT count(*) AS n FROM held_{name}").item())  # noqa: S608 - names of relations

    def _remark_on_cut(self, name: str, held: _Held) -> None:
        """Say that a window is shorter than rules want it."""
        cut = WarehouseError(
            "rules of alerts see less than their whole window",
            at=f"recent_{name}",
            found=f"more than {HELD_ROWS:,} rows in {held.reach // MINUTE} minutes; the oldest of them are not looked at",
            want=f"at most {HELD_ROWS:,} rows",
            fix="write a shorter `window` in the rules that read it, or follow some of the logs into a store of their own",
        )
        self.remarks[name] = str(cut)

    def _merge(self, name: str, now: datetime) -> None:
        """Put the sums of single commits together, and forget those that no rule looks back to."""
        lookback = max((rule.lookback for rule in self.needs.quick if name in rule.file.needs), default=HELD)
        time = next(column for column in self._views[name].grain if self._types(name)[column] == "TIMESTAMP WITH TIME ZONE")
        since_us = _us(now - lookback - timedelta(hours=1))
        merged = f"{_merging(self._views[name])} HAVING {time} > make_timestamptz({since_us})"
        self._seen.prepare(f"CREATE OR REPLACE TABLE rolled_{name} AS {merged}")
        self._fragments[name] = 0

    def _set(self, name: str, value: float | None) -> None:
        """Give a variable of the rules a value, if it has another."""
        if self._variables.get(name, self) != value:
            self._variables[name] = value
            self._seen.prepare(f"SET VARIABLE {name} = $1::{VARIABLES[name]}", [value])

    def _put_sources(self, summaries: Iterable[SourceSummary]) -> None:
        texts, numbers = ("family", "path", "kind", "host"), ("source", "generation", "offset_bytes", "lines", "gap_bytes")
        schema = {**dict.fromkeys(texts, pl.String()), **dict.fromkeys(numbers, pl.Int64())}
        rows = [
            (one.source.family, one.source.path, one.source.kind, one.source.host, one.source.id, one.source.generation, one.source.offset,
             one.lines, one.gap_bytes)
            for one in summaries
        ]  # fmt: skip
        self._seen.prepare("TRUNCATE sources")
        self._seen.insert("sources", pl.DataFrame(rows, schema=schema, orient="row"))

    def _asked(self, rule: Rule, threshold: float | None, tick: datetime, *, beyond: bool) -> dict[Labels, list[Hit]]:
        """What a rule finds; what its file may not do is refused the first time."""
        self._set("threshold", threshold)
        if rule.name not in self._checked:
            RuleRunner.checked(rule, self._seen.checked_query(rule.file.select))
            self._checked.add(rule.name)
        columns = ", ".join(("CAST(value AS DOUBLE)", *(f'CAST("{name}" AS VARCHAR)' for name in rule.labels)))
        hits: dict[Labels, list[Hit]] = {}
        for value, *texts in self._seen.rows(f"SELECT {columns} FROM (\n{rule.file.select}\n)"):  # noqa: S608 - checked above
            labels = tuple((name, text) for name, text in zip(rule.labels, texts, strict=True) if text is not None)
            hits.setdefault(labels, [Hit(tick, value, beyond)])
        return hits


def _rows_since(past: Warehouse, name: str, since: datetime) -> pl.DataFrame:
    """The committed rows of a table since an instant; pairs that are not settled have no batch."""
    return past.query(f"SELECT * FROM {name} WHERE batch IS NOT NULL AND {TABLES[name].time} > make_timestamptz({_us(since)})")  # noqa: S608


def _time_of(name: str, columns: Sequence[str]) -> str:
    """What dates the rows of a relation."""
    if name in TABLES:
        return TABLES[name].time
    times = [column for column in TIME_COLUMNS if column in columns]
    return f"coalesce({', '.join(times)})" if len(times) > 1 else times[0]


def _merging(view: SqlFile) -> str:
    """Sums of single commits -> rows of a view."""
    columns = (f"{view.merge[name]}({name}) AS {name}" if name in view.merge else name for name in view.columns)
    sums = ", ".join(f"CAST({column.replace(' AS ', ' AS BIGINT) AS ')}" if column.startswith("sum(") else column for column in columns)
    return f"SELECT {sums} FROM rolled_{view.name} GROUP BY {', '.join(view.grain)}"  # noqa: S608 - names of a view


def _us(instant: datetime) -> int:
    """Microseconds since 1970."""
    return (instant - EPOCH) // US
