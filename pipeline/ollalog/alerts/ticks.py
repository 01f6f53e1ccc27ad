"""One rule over many ticks at once -> what was bad at which tick.

A rule reads relations `recent_NAME`: the rows of NAME with a column `tick`, each row once for every tick whose window
(tick - window, tick] holds it. It may also read `ticks` (all ticks), other relations as far back as its `lookback`,
`threshold()`, and `is_live()`: whether a server is followed, so that nothing after the last row means silence.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from ollalog.alerts.rules import Rule
from ollalog.alerts.state import Hit, Ticks
from ollalog.core.errors import SqlFileError, WarehouseError
from ollalog.core.tables import TABLES

if TYPE_CHECKING:
    import polars as pl

    from ollalog.warehouse import Warehouse

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The columns that date the rows of a view: the first of these that it has and that is not null.
TIME_COLUMNS = ("happened_at", "ended_at", "loaded_at", "started_at", "read_at")
# As DuckDB compares, to which NaN is greater than any number.
COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    ">": lambda value, bound: not value <= bound,
    ">=": lambda value, bound: not value < bound,
    "<": operator.lt,
    "<=": operator.le,
}
# Views of the same rows with fewer columns, which are spared a join.
LIGHTER = {"model_requests": "requests_without_loads"}
# What does not fit goes to the disk for a moment: the search comes after reading, whose memory is not all given back yet.
MEMORY_MB = 200
Labels = tuple[tuple[str, str], ...]
Hits = Mapping[Labels, list[Hit]]
Answer = TypeVar("Answer")


def ticks_between(first: datetime, end: datetime, step: timedelta) -> Ticks | None:
    """The ticks of a rule from `first` to before `end`; whole multiples of the step since 1970. None: there are none."""
    start = EPOCH + -(-(first - EPOCH) // step) * step
    last = EPOCH + (-(-(end - EPOCH) // step) - 1) * step
    return Ticks(start, last, step) if start <= last else None


class RuleRunner:
    """A warehouse made ready for rules: the rows that several of them read are computed once and held in memory."""

    def __init__(self, warehouse: Warehouse, rules: Iterable[Rule], since: datetime, *, is_live: bool = False) -> None:
        self._warehouse = warehouse
        self._words: dict[str, set[str]] = {}
        for rule in rules:
            for name in rule.recent:
                self._words.setdefault(name, set()).update(re.findall(r"\w+", rule.file.select.lower()))
        self._since = since
        self._held: dict[str, bool] = {}
        warehouse.prepare(f"SET memory_limit = '{MEMORY_MB}MB'")
        warehouse.prepare("CREATE MACRO is_live() AS " + str(is_live).upper())
        warehouse.prepare("CREATE MACRO threshold() AS CAST(getvariable('threshold') AS DOUBLE)")

    def hits(self, rule: Rule, ticks: Ticks) -> Hits:
        """What a rule finds bad, by labels, in order of ticks.

        Raises:
            WarehouseError: the rule's SELECT fails.
            SqlFileError: its columns are not tick, the labels and value.
        """
        return self._with_memory(lambda: self._hits(rule, ticks))

    def _hits(self, rule: Rule, ticks: Ticks) -> Hits:
        if not self._is_fed(rule):
            return {}
        self._offer(rule, ticks)
        if rule.beyond and rule.threshold is not None and rule.recovery is not None:
            return self._hits_of_both(rule, rule.beyond, rule.threshold, rule.recovery)
        found = self._asked(rule, rule.threshold)
        weak = None if rule.recovery is None else self._asked(rule, rule.recovery)
        hits = _by_labels(found, rule, beyond=True)
        if weak is not None:
            for labels, more in _by_labels(weak, rule, beyond=False).items():
                known = {hit.tick for hit in hits.get(labels, [])}
                both = [*hits.get(labels, []), *(hit for hit in more if hit.tick not in known)]
                hits[labels] = sorted(both, key=lambda hit: hit.tick)
        return hits

    def _hits_of_both(self, rule: Rule, beyond: str, threshold: float, recovery: float) -> Hits:
        """The same where values tell the two thresholds apart: the SELECT is asked once, for the nearer one."""
        found = self._asked(rule, (min if ">" in beyond else max)(threshold, recovery))
        is_beyond = COMPARED[beyond]
        return {
            labels: [hit._replace(beyond=hit.value is not None and is_beyond(hit.value, threshold)) for hit in hits]
            for labels, hits in _by_labels(found, rule, beyond=True).items()
        }

    def _with_memory(self, ask: Callable[[], Answer]) -> Answer:
        """Ask; and again with more memory, where what there is does not do: some of DuckDB's aggregates cannot go to the disk."""
        try:
            return ask()
        except WarehouseError as failure:
            if "Out of Memory" not in str(failure):
                raise
            self._warehouse.prepare("RESET memory_limit")
            return ask()

    def ticks_with_data(self, rule: Rule, ticks: Ticks) -> set[datetime]:
        """The ticks whose window holds any row that the rule reads."""
        reads = " UNION ".join(f"SELECT tick FROM recent_{name}" for name in rule.recent)  # noqa: S608 - names of relations
        if not reads or not self._is_fed(rule):
            return set()
        self._offer(rule, ticks)
        return self._with_memory(lambda: set(self._warehouse.query(reads)["tick"].to_list()))

    def check(self, rule: Rule) -> None:
        """Run a rule over a few ticks, whether or not there are rows.

        Raises as `hits` does.
        """
        self._offer(rule, Ticks(EPOCH, EPOCH + rule.step, rule.step))
        self._asked(rule, rule.threshold)

    def _is_fed(self, rule: Rule) -> bool:
        """Whether a rule that reads recent rows has any."""
        return not rule.recent or any(self._hold(name) for name in rule.recent)

    def _offer(self, rule: Rule, ticks: Ticks) -> None:
        """Make what a rule reads."""
        start, last, step = (_us(ticks.first), _us(ticks.last), ticks.step // timedelta(microseconds=1))
        window = rule.window // timedelta(microseconds=1)
        for name in rule.recent:
            self._hold(name)
            # The ticks of a row are the first that is not before it and those that follow within the window. (Lists of them, row by
            # row, take half as long again.)
            origin = start - -(-window // step) * step
            first_tick = f"{origin} + (row_us - {origin} + {step - 1}) // {step} * {step}"
            self._warehouse.prepare(
                f"CREATE OR REPLACE VIEW recent_{name} AS SELECT * EXCLUDE (row_us, first_us, later_us), "  # noqa: S608 - names of relations
                f"make_timestamptz(first_us + later_us) AS tick FROM (SELECT *, {first_tick} AS first_us FROM held_{name} "
                f"WHERE row_us > {start - window} AND row_us <= {last}), range(0, {window}, {step}) AS later(later_us) "
                f"WHERE first_us + later_us BETWEEN {start} AND {last} AND first_us + later_us < row_us + {window}"
            )
        if "ticks" in rule.file.needs:
            every = f"SELECT make_timestamptz(unnest(range({start}, {last + 1}, {step}))) AS tick"
            self._warehouse.prepare(f"CREATE OR REPLACE TABLE ticks AS {every}")

    def _hold(self, name: str) -> bool:
        """Hold the columns of a relation that rules which read it name; whether there are any rows."""
        if name not in self._held:
            described = columns_of(name)
            times = [TABLES[name].time] if name in TABLES else [column for column in TIME_COLUMNS if column in described]
            time = f"coalesce({', '.join(times)})"
            wanted = [column for column in described if column.lower() in self._words[name]] or times[:1]
            light = LIGHTER.get(name, name)
            source = light if {*wanted, *times} <= set(columns_of(light)) else name
            columns = ", ".join(f'"{column}"' for column in wanted)
            # Rows of a table are read again by each rule, which filters them; those of a view cost more than to hold them.
            self._warehouse.prepare(
                f"CREATE {'VIEW' if name in TABLES else 'TABLE'} held_{name} AS SELECT {columns}, epoch_us({time}) AS row_us "  # noqa: S608 - names of relations
                f'FROM "{source}" WHERE {time} >= make_timestamptz({_us(self._since)})'
            )
            self._held[name] = bool(self._warehouse.rows(f"SELECT EXISTS (FROM held_{name})")[0][0])
        return self._held[name]

    def _asked(self, rule: Rule, threshold: float | None) -> pl.DataFrame:
        """The rule's rows, for one threshold."""
        self._warehouse.prepare("SET VARIABLE threshold = $1::DOUBLE", [threshold])
        return self.checked(rule, self._warehouse.checked_query(rule.file.select))

    @staticmethod
    def checked(rule: Rule, found: pl.DataFrame) -> pl.DataFrame:
        """A rule's rows, whose columns are those that it must have.

        Raises:
            SqlFileError: they are not.
        """
        want = {"tick", "value", *rule.labels}
        if set(found.columns) != want:
            raise SqlFileError(
                f"{rule.name}: the SELECT does not return tick, the labels and value",
                at=rule.file.path,
                found=", ".join(found.columns),
                want=", ".join(("tick", *rule.labels, "value")),
                fix="give each output column one of these names",
            )
        return found


def columns_of(name: str) -> Sequence[str]:
    """The columns of a relation that rules can read, in order."""
    from ollalog.warehouse import load_views

    return TABLES[name].column_names if name in TABLES else list(load_views()[name].columns)


def _us(instant: datetime) -> int:
    """Microseconds since 1970."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def _by_labels(found: pl.DataFrame, rule: Rule, *, beyond: bool) -> dict[Labels, list[Hit]]:
    """A rule's rows by what they are about."""
    import polars as pl

    if found.is_empty():
        return {}
    labels = [pl.col(name).cast(pl.String) for name in rule.labels]
    told = found.select("tick", pl.col("value").cast(pl.Float64), *labels).unique(["tick", *rule.labels], keep="first", maintain_order=True)
    told = told.sort("tick", *rule.labels)
    of_labels = told.group_by(list(rule.labels) or pl.lit(0), maintain_order=True).agg("tick", "value")
    hits: dict[Labels, list[Hit]] = {}
    for row in of_labels.iter_rows(named=True):
        known = tuple((name, row[name]) for name in rule.labels if row[name] is not None)
        hits[known] = [Hit(tick, value, beyond) for tick, value in zip(row["tick"], row["value"], strict=True)]
    return hits
