"""Metric families as Prometheus text, format 0.0.4."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import accumulate

from ollalog.recorder.series import FamilySeries, FamilyTally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def prometheus_text(tally: FamilyTally, namespace: str) -> str:
    """All families of a namespace, those without a series, too, with HELP and TYPE."""
    lines: list[str] = []
    for series in tally.series.values():
        family = series.family
        name = f"{namespace}_{family.name}"
        lines += (f"# HELP {name} {family.help}", f"# TYPE {name} {family.kind}")
        if family.name == "system_info" and tally.info:
            lines.append(f"{name}{_braced(tally.info)} 1")
        elif family.kind == "histogram":
            lines += _histogram_lines(name, series)
        elif family.name != "system_info":
            lines += (f"{name}{_braced(_named(series, labels))} {_number(value)}" for labels, value in series.values.items())
    return "".join(f"{line}\n" for line in lines)


def label_name(text: str) -> str:
    """A name that a label can have, made of a text."""
    name = re.sub(r"[^a-zA-Z0-9_]", "_", text)
    return f"label_{name}" if not name or name[0].isdigit() or name.startswith("__") else name


def _histogram_lines(name: str, series: FamilySeries) -> Iterator[str]:
    """Cumulative buckets, sum and count of each series."""
    bounds = [*(_number(bound) for bound in series.family.bounds), "+Inf"]
    for labels, buckets in series.buckets.items():
        named = _named(series, labels)
        counts = list(accumulate(buckets.counts))
        for bound, count in zip(bounds, counts, strict=True):
            yield f"{name}_bucket{_braced({**named, 'le': bound})} {count}"
        yield f"{name}_sum{_braced(named)} {_number(buckets.sum)}"
        yield f"{name}_count{_braced(named)} {counts[-1]}"


def _named(series: FamilySeries, labels: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(series.family.labels, labels, strict=True))


def _braced(labels: Mapping[str, str]) -> str:
    """Labels as they stand behind a name; nothing for none."""
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items()) + "}"


def _number(value: float) -> str:
    """A number without a needless point."""
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(float(value))
