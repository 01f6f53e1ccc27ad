"""Metric families in memory: the series that recorded events have fed, a bounded number of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

from ollalog.recorder.families import OTHER, Family, Feed
from ollalog.recorder.values import NUMBER

MOST_SERIES = 1000
"""Series that a family keeps; what comes later is added to the one whose labels all say `other`."""

Labels = tuple[str, ...]


class Buckets:
    """One series of a histogram."""

    __slots__ = ("counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """No observation yet; one count for each bound and one for what is above the last."""
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0


class FamilySeries:
    """The series of one family: of values, or of buckets where it is a histogram."""

    __slots__ = ("buckets", "family", "values")

    def __init__(self, family: Family) -> None:
        """A family without labels has its only series from the beginning, unless it is a gauge that nobody has set."""
        self.family = family
        self.values: dict[Labels, float] = {}
        self.buckets: dict[Labels, Buckets] = {}
        if not family.labels and family.kind == "counter":
            self.values[()] = 0.0
        if not family.labels and family.kind == "histogram":
            self.buckets[()] = Buckets(family.bounds)

    def add(self, labels: Labels, amount: float) -> None:
        """Let a counter grow, or a gauge move, by an amount."""
        if labels not in self.values and len(self.values) >= MOST_SERIES:
            labels = (OTHER,) * len(labels)
        self.values[labels] = self.values.get(labels, 0.0) + amount

    def set(self, labels: Labels, amount: float) -> None:
        """Set a gauge."""
        if labels not in self.values and len(self.values) >= MOST_SERIES:
            labels = (OTHER,) * len(labels)
        self.values[labels] = amount

    def observe(self, labels: Labels, amount: float) -> None:
        """Count an observation of a histogram."""
        buckets = self.buckets.get(labels)
        if buckets is None:
            if len(self.buckets) >= MOST_SERIES:
                labels = (OTHER,) * len(labels)
            buckets = self.buckets.setdefault(labels, Buckets(self.family.bounds))
        buckets.counts[bisect_left(self.family.bounds, amount)] += 1
        buckets.sum += amount


class FamilyTally:
    """All families of a namespace, fed by events."""

    def __init__(self, families: tuple[Family, ...], feeds: Mapping[str, tuple[Feed, ...]]) -> None:
        """No event yet."""
        self.series = {family.name: FamilySeries(family) for family in families}
        self.info: dict[str, str] = {}
        self._families = families
        self._feeds = feeds

    def add(self, event: Mapping[str, object]) -> None:
        """Add what an event adds."""
        for feed in self._feeds.get(str(event["event"]), ()):
            if feed.when is not None and event.get(feed.when[0]) != feed.when[1]:
                continue
            amount = feed.amount if feed.value is None else event.get(feed.value)
            if isinstance(amount, NUMBER):
                self._feed(feed, event, amount)

    def reset(self) -> None:
        """Begin anew; only gauges that move, which count what is going on, stay as they are."""
        moving = {feed.family for feeds in self._feeds.values() for feed in feeds if feed.moves}
        fresh = {family.name: FamilySeries(family) for family in self._families}
        self.series = {name: self.series[name] if name in moving else series for name, series in fresh.items()}
        self.info = {}

    def _feed(self, feed: Feed, event: Mapping[str, object], amount: float) -> None:
        series = self.series[feed.family]
        fixed = dict(feed.fixed)
        labels = tuple([fixed[name] if name in fixed else str(event.get(name, "")) for name in series.family.labels])
        if series.family.kind == "histogram":
            series.observe(labels, amount)
        elif series.family.kind == "gauge" and not feed.moves:
            series.set(labels, amount)
            if isinstance(info := event.get("labels"), dict):
                self.info = info
        else:
            series.add(labels, amount)
