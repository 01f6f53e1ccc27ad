"""How long rows are kept: limits by age, rows and bytes, and the days that are over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from ollalog.core.errors import ConfigError
from ollalog.core.tables import SUMMED_TABLES, TABLES

# A request is told by rows of three tables: they are kept together, or what is left of it would be counted as another one.
TOGETHER = dict.fromkeys(SUMMED_TABLES, SUMMED_TABLES[0])
# Sums of days are what is left when rows go: small, and kept for good unless they have a limit of their own.
KEPT = ("day_rollups",)


@dataclass(frozen=True)
class Limits:
    """What is over one of them goes, oldest days first. None: no limit."""

    keep_days: int | None = None
    max_rows: int | None = None
    max_bytes: int | None = None

    @property
    def is_set(self) -> bool:
        """Whether there is any limit."""
        return self != Limits()


@dataclass(frozen=True)
class Retention:
    """Limits: `each` of every table, `tables` of single ones in place of it, `max_bytes` of all tables together."""

    each: Limits = Limits()
    tables: Mapping[str, Limits] = field(default_factory=dict)
    max_bytes: int | None = None

    @property
    def is_set(self) -> bool:
        """Whether there is any limit."""
        return self.each.is_set or self.max_bytes is not None or any(limits.is_set for limits in self.tables.values())

    def of(self, group: str) -> Limits:
        """The limits of a table and of those that are kept together with it."""
        own = self.tables.get(group, Limits())
        if group in KEPT:
            return own
        return Limits(
            self.each.keep_days if own.keep_days is None else own.keep_days,
            self.each.max_rows if own.max_rows is None else own.max_rows,
            own.max_bytes,
        )


@dataclass(frozen=True)
class Day:
    """What the store holds of one table and UTC date."""

    table: str
    date: str
    rows: int
    size_bytes: int

    @property
    def group(self) -> str:
        """The table by whose limits it is kept."""
        return TOGETHER.get(self.table, self.table)


def read_retention(settings: Mapping[str, Any]) -> Retention:
    """The limits of a settings file's table `[retention]`: keep_days, max_rows, max_bytes; single tables as `[retention.NAME]`.

    Args:
        settings: As TOML has it; bytes as a number or as text with a unit, like "10GB".

    Raises:
        ConfigError: a key or value that cannot be; all faults at once.
    """
    if not settings:
        return Retention()
    from pydantic import BaseModel, ByteSize, ConfigDict, NonNegativeInt, ValidationError, create_model

    class Limited(BaseModel):
        model_config = ConfigDict(extra="forbid")
        keep_days: NonNegativeInt | None = None
        max_rows: NonNegativeInt | None = None
        max_bytes: ByteSize | None = None

    groups = [name for name in TABLES if TOGETHER.get(name, name) == name]
    tables: dict[str, Any] = dict.fromkeys(groups, (Limited, Limited()))
    model = create_model("RetentionSettings", __base__=Limited, **tables)
    try:
        found = model.model_validate(dict(settings))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg'][:1].lower()}{fault['msg'][1:]}" for fault in error.errors()]
        raise ConfigError(
            "; ".join(faults),
            at="[retention]",
            want=f"keep_days, max_rows, max_bytes; and the same for {', '.join(groups)}, like [retention.rejects]",
            fix='write for instance: keep_days = 90, max_bytes = "10GB" (inferences and pairs are kept as long as requests)',
        ) from None
    limits = {name: getattr(found, name) for name in groups}
    return Retention(
        each=Limits(found.keep_days, found.max_rows),
        tables={name: Limits(own.keep_days, own.max_rows, own.max_bytes) for name, own in limits.items()},
        max_bytes=found.max_bytes,
    )


def days_over(days: Sequence[Day], retention: Retention, today: date) -> list[Day]:
    """Whole days that are over a limit, oldest first; today and what is younger always stays."""
    closed = sorted((day for day in days if day.date < today.isoformat()), key=lambda day: (day.date, day.table))
    open_days = [day for day in days if day.date >= today.isoformat()]
    over: set[tuple[str, str]] = set()
    for group in dict.fromkeys(day.group for day in closed):
        limits = retention.of(group)
        of_group = [day for day in closed if day.group == group]
        also = [day for day in open_days if day.group == group]
        if limits.keep_days is not None:
            first = (today - timedelta(days=limits.keep_days)).isoformat() if limits.keep_days < today.toordinal() else ""
            over |= {(group, day.date) for day in of_group if day.date < first}
        # Rows of a group are those of the table that names it: three tables tell of one request.
        over |= _oldest(of_group, also, limits.max_rows, lambda day: day.rows * (day.table == day.group), over)
        over |= _oldest(of_group, also, limits.max_bytes, lambda day: day.size_bytes, over)
    removable = [day for day in closed if day.table not in KEPT]
    kept = [day for day in closed if day.table in KEPT]
    over |= _oldest(removable, [*open_days, *kept], retention.max_bytes, lambda day: day.size_bytes, over)
    return [day for day in closed if (day.group, day.date) in over]


def _oldest(
    closed: Sequence[Day], others: Sequence[Day], most: int | None, weight: Callable[[Day], int], over: set[tuple[str, str]]
) -> set[tuple[str, str]]:
    """The oldest of closed days that have to go, with those that go anyway, until no more than so much is left."""
    if most is None:
        return set()
    left = [day for day in closed if (day.group, day.date) not in over]
    total = sum(map(weight, [*left, *others]))
    gone: set[tuple[str, str]] = set()
    for on in sorted({day.date for day in left}):
        if total <= most:
            break
        of_date = [day for day in left if day.date == on]
        total -= sum(map(weight, of_date))
        gone |= {(day.group, day.date) for day in of_date}
    return gone
