"""Series of numbers that are kept beside the rows: what they are, and how what is new is added to what is known.

A family of series is kept in whole units (ns, bytes, tokens, counts), so that sums are exact whatever the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ollalog.recorder.families import BOUNDS_S, CREW_FAMILIES, FAMILIES, FEEDS, OTHER, Family

Adding = Literal["sum", "histogram", "last", "peak", "first"]
"""How values of one series come together: added up; added up by bucket; the newest, the greatest, the least counts."""

Key = tuple[str, tuple[str, ...]]
"""What tells one series from others: its family and its labels."""

BOUNDS_NS = tuple(round(bound * 1e9) for bound in BOUNDS_S)
BOUNDS_TOKENS = tuple(4**power for power in range(14))
"""Upper bounds of the buckets of token counts, as OpenTelemetry's conventions for generative AI have them."""
MOST_SERIES = 5_000
"""A family has no more series than this in the catalogue; what comes after counts in one whose labels all say `other`."""
LONGEST_LABEL = 200
"""Characters of a label that are kept."""


@dataclass(frozen=True)
class Kept:
    """One family of series: how they are added up, their labels in order, for histograms their bounds (ns, or tokens).

    `signed`: a level, which falls as well as it grows.
    """

    name: str
    adding: Adding
    labels: tuple[str, ...] = ()
    bounds: tuple[int, ...] = ()
    signed: bool = False


@dataclass(frozen=True)
class Series:
    """One series: `value` is what it stands at, for histograms the sum of what was observed.

    `buckets` holds the observations up to each bound, not added up, and above the last; `at_us` when a value was told.
    """

    family: str
    labels: tuple[str, ...]
    value: int | float
    buckets: tuple[int, ...] = ()
    least: int | None = None
    greatest: int | None = None
    at_us: int = 0

    @property
    def count(self) -> int:
        """Observations of a histogram."""
        return sum(self.buckets)

    @property
    def key(self) -> Key:
        """What tells it from others."""
        return self.family, self.labels


def added(known: Series | None, new: Series) -> Series:
    """A series with what is new of it."""
    if known is None:
        return new
    match KEPT[new.family].adding:
        case "sum":
            return Series(new.family, new.labels, known.value + new.value, at_us=max(known.at_us, new.at_us))
        case "histogram":
            return Series(
                new.family,
                new.labels,
                known.value + new.value,
                tuple(before + more for before, more in zip(known.buckets, new.buckets, strict=True)),
                min((each for each in (known.least, new.least) if each is not None), default=None),
                max((each for each in (known.greatest, new.greatest) if each is not None), default=None),
                max(known.at_us, new.at_us),
            )
        case "last":
            return new if new.at_us >= known.at_us else known
        case "peak":
            return new if new.value > known.value else known
        case "first":
            return new if new.value < known.value else known


def total(of: Iterable[Series]) -> dict[Key, Series]:
    """Any series added up by key, in the order in which they first came."""
    sums: dict[Key, Series] = {}
    for each in of:
        sums[each.key] = added(sums.get(each.key), each)
    return sums


def grown(now: Mapping[Key, Series], before: Mapping[Key, Series]) -> Iterable[Series]:
    """By how much series are more than they were; what is less now is left as it was counted, for no counter goes back."""
    for key, each in now.items():
        old = before.get(key)
        if old is None or KEPT[each.family].adding not in {"sum", "histogram"}:
            yield each
            continue
        more = tuple(max(0, new - known) for new, known in zip(each.buckets, old.buckets, strict=True))
        change = each.value - old.value
        yield replace(each, value=change if KEPT[each.family].signed else max(0, change), buckets=more)


def overflow(series: Series) -> Series:
    """The series that takes what a family has no room for."""
    return Series(series.family, (OTHER,) * len(series.labels), series.value, series.buckets, series.least, series.greatest, series.at_us)


_LEVELS = {feed.family for feeds in FEEDS.values() for feed in feeds if feed.moves}


def _recorded(families: Iterable[Family], prefix: str) -> Iterable[Kept]:
    """The families that recorded events feed, as the recorder defines them."""
    for family in families:
        labels = ("labels",) if family.name == "system_info" else family.labels
        is_level = family.name in _LEVELS
        adding: Adding = "sum" if family.kind == "counter" or is_level else "histogram" if family.kind == "histogram" else "last"
        yield Kept(f"{prefix}.{family.name}", adding, labels, BOUNDS_NS if family.bounds else (), signed=is_level)


RECORDED, CREW = "recorded", "crew"
_RUN = ("host", "model", "operation", "origin")
KEPT: Mapping[str, Kept] = {
    kept.name: kept
    for kept in (
        *_recorded(FAMILIES, RECORDED),
        *_recorded(CREW_FAMILIES, CREW),
        # what the exports as JSON tell of recorded programs
        Kept("agents", "histogram", ("agent_id", "agent_name", "status"), BOUNDS_NS),
        Kept("tools", "histogram", ("agent_id", "tool", "status"), BOUNDS_NS),
        Kept("tasks", "histogram", ("status",), BOUNDS_NS),
        Kept("models", "histogram", ("model",), BOUNDS_NS),
        Kept("model_failures", "sum", ("model",)),
        Kept("process_memory_peak", "peak"),
        Kept("process_cpu", "last"),
        Kept("process_threads", "last"),
        Kept("first_event", "first"),
        Kept("last_event", "last"),
        # the server's log, and runs whoever tells of them
        Kept("requests", "histogram", ("host", "method", "route", "operation", "status", "model"), BOUNDS_NS),
        Kept("requests_queued", "last", ("host",)),
        Kept("runs_begun", "last", ("host",)),
        Kept("runs", "sum", (*_RUN, "error_type")),
        Kept("run_total", "histogram", (*_RUN, "error_type"), BOUNDS_NS),
        Kept("run_load", "histogram", _RUN, BOUNDS_NS),
        Kept("run_prompt_eval", "histogram", _RUN, BOUNDS_NS),
        Kept("run_eval", "histogram", _RUN, BOUNDS_NS),
        Kept("run_first_token", "histogram", _RUN, BOUNDS_NS),
        Kept("run_per_token", "histogram", _RUN, BOUNDS_NS),
        Kept("run_prompt_tokens", "histogram", _RUN, BOUNDS_TOKENS),
        Kept("run_generated_tokens", "histogram", _RUN, BOUNDS_TOKENS),
        Kept("run_cached_tokens", "sum", _RUN),
        Kept("run_truncations", "sum", _RUN),
        Kept("server_events", "sum", ("host", "event")),
        Kept("server_loads", "histogram", ("host", "model"), BOUNDS_NS),
        Kept("server_version", "last", ("host", "version")),
        Kept("server_max_queue", "last", ("host",)),
        Kept("rejects", "sum", ("host", "format")),
        # hosts, as sampled
        *(Kept(f"host.{name}", "last", ("host",)) for name in (
            "cpu_ratio", "memory_bytes", "memory_ratio", "memory_available_bytes", "disk_ratio", "connections", "models_loaded",
            "models_total", "model_memory_bytes", "is_available",
        )),
        *(Kept(f"host.{name}", "sum", ("host",)) for name in ("disk_read_bytes", "disk_write_bytes", "network_bytes")),
        Kept("host.model_memory_peak", "peak", ("host",)),
        *(Kept(f"gpu.{name}", "last", ("host", "gpu")) for name in (
            "gpu_ratio", "gpu_memory_bytes", "gpu_memory_total_bytes", "gpu_power_w", "gpu_temperature_c",
        )),
        Kept("gpu.energy_mj", "sum", ("host", "gpu")),
    )
}  # fmt: skip
"""Every family that is kept, by name."""
