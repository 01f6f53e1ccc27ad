"""Kept series -> samples of the families that are exported: labels renamed and left out, units changed, bounded in number."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ollalog.core.series import KEPT, LONGEST_LABEL, Series
from ollalog.export.families import GEN_AI_OPERATIONS, ORIGINS, Exported
from ollalog.recorder.exposition import label_name
from ollalog.recorder.families import OTHER

MOST_SERIES = 1_000
"""A family is exported with so many series unless more are asked for; those that came later are added up in one of labels `other`."""
FRESH = timedelta(minutes=5)
"""What was sampled longer ago than this is no longer how it is."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Sample:
    """One series of a family as it is exported: `value`; for a histogram its sum, and the observations up to each bound."""

    labels: Labels
    value: float
    buckets: tuple[int, ...] = ()


@dataclass(frozen=True)
class Metric:
    """One family as it is exported, with its samples; `bounds` in the exported unit."""

    name: str
    kind: str
    help: str
    bounds: tuple[float, ...]
    samples: tuple[Sample, ...]


def metrics(series: Iterable[Series], families: Iterable[Exported], now: datetime, most_series: int = MOST_SERIES) -> list[Metric]:
    """All samples of some families.

    Args:
        series: what is kept, in the order in which it came.
        families: what is exported, in order.
        now: the present; UTC.
        most_series: of each family.

    Returns:
        One metric for each name, in order; those without samples too. What has no labels and was never counted is 0.
    """
    kept: dict[str, list[Series]] = defaultdict(list)
    for each in series:
        kept[each.family].append(each)
    made: dict[str, Metric] = {}
    oldest_us = (now - FRESH - EPOCH) // timedelta(microseconds=1)
    for family in families:
        known = [each for each in kept[family.series] if family.is_lasting or each.at_us >= oldest_us]
        samples = tuple(_info(known) if family.name.endswith("_system_info") else _samples(family, known, most_series))
        if not (samples or family.labels) and family.kind != "gauge":
            samples = (Sample((), 0, (0,) * (len(KEPT[family.series].bounds) + 1) if family.kind == "histogram" else ()),)
        bounds = tuple(_clean(bound * family.scale) for bound in KEPT[family.series].bounds) if family.kind == "histogram" else ()
        before = made.get(family.name)
        made[family.name] = Metric(family.name, family.kind, family.help, bounds, (*before.samples, *samples) if before else samples)
    return list(made.values())


def _samples(family: Exported, known: Sequence[Series], most_series: int) -> Iterable[Sample]:
    """The series of a family, those of the same exported labels added up."""
    names = KEPT[family.series].labels
    places = {label: names.index(source) for label, source in family.labels}
    wanted_origins, origin_place = ORIGINS.get(family.name), names.index("origin") if "origin" in names else None
    values: dict[Labels, float] = {}
    buckets: dict[Labels, list[int]] = {}
    newest_us: dict[Labels, int] = {}
    for each in known:
        if wanted_origins and origin_place is not None and each.labels[origin_place] not in (*wanted_origins, OTHER):
            continue
        labels = tuple((label, _shown(label, each.labels[place])) for label, place in places.items()) + family.constants
        if labels not in values and len(values) >= most_series and places:
            labels = (*((label, OTHER) for label in places), *family.constants)
        value = float(each.count) if family.takes == "count" else each.value
        if KEPT[family.series].adding in {"sum", "histogram"}:
            values[labels] = values.get(labels, 0) + value
        elif each.at_us >= newest_us.get(labels, 0):
            values[labels], newest_us[labels] = value, each.at_us
        if family.kind == "histogram":
            before = buckets.get(labels)
            buckets[labels] = list(each.buckets) if before is None else [one + more for one, more in zip(before, each.buckets, strict=True)]
    for labels, value in sorted(values.items()):
        scaled = _clean(value * family.scale) if family.scale != 1.0 else value
        yield Sample(labels, max(0, scaled) if family.takes == "level" else scaled, tuple(buckets.get(labels, ())))


def _info(known: Sequence[Series]) -> Iterable[Sample]:
    """What a program last said of itself, as labels."""
    for newest in [max(known, key=lambda each: each.at_us)] if known else []:
        told: Mapping[str, str] = {}
        try:
            told = json.loads(newest.labels[0])
        except ValueError:  # cut off, or one of too many
            continue
        yield Sample(tuple({label_name(name): str(value)[:LONGEST_LABEL] for name, value in told.items()}.items()), 1)


def _shown(label: str, value: str) -> str:
    return GEN_AI_OPERATIONS.get(value, value) if label == "gen_ai_operation_name" else value


def _clean(value: float) -> float:
    """A value without the dust of a change of unit: bounds and sums are decimal numbers."""
    return round(value, 9)
