"""Metric families -> text or bytes: Prometheus text 0.0.4, CSV and Parquet with one row a sample."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from ollalog.core.printable import printable
from ollalog.export.samples import Labels, Metric

FORMATS = ("prometheus", "json", "csv", "parquet")
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_COLUMNS = ("family", "type", "sample", "labels", "value")


def written(metrics: Sequence[Metric], document: object, format_name: str) -> bytes:
    """What is exported in a format of FORMATS; `document` is what JSON holds."""
    match format_name:
        case "json":
            return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n".encode()
        case "csv":
            return _csv(metrics).encode()
        case "parquet":
            return _parquet(metrics)
    return prometheus_text(metrics).encode()


def prometheus_text(metrics: Iterable[Metric]) -> str:
    """All families with HELP and TYPE, those without samples too."""
    lines: list[str] = []
    for metric in metrics:
        help_text = metric.help.replace("\\", r"\\").replace("\n", r"\n")
        lines += (f"# HELP {metric.name} {help_text}", f"# TYPE {metric.name} {metric.kind}")
        lines += _histogram_lines(metric) if metric.kind == "histogram" else _plain_lines(metric)
    return "".join(f"{line}\n" for line in lines)


def _plain_lines(metric: Metric) -> Iterator[str]:
    return (f"{metric.name}{_braced(_inner(sample.labels))} {_number(sample.value)}" for sample in metric.samples)


def _histogram_lines(metric: Metric) -> Iterator[str]:
    """Cumulative buckets, sum and count of each sample; most of a page is these, so their labels are written once."""
    bounds = [*(_number(bound) for bound in metric.bounds), "+Inf"]
    for sample in metric.samples:
        inner, counts = _inner(sample.labels), list(accumulate(sample.buckets))
        head = f'{metric.name}_bucket{{{inner}{"," if inner else ""}le="'
        yield from [f'{head}{le}"}} {count}' for le, count in zip(bounds, counts, strict=True)]
        yield f"{metric.name}_sum{_braced(inner)} {_number(sample.value)}"
        yield f"{metric.name}_count{_braced(inner)} {counts[-1]}"


def _samples(metric: Metric) -> Iterator[tuple[str, Labels, float]]:
    """Every sample: name, labels, value; of histograms the cumulative buckets, sum and count."""
    if metric.kind != "histogram":
        yield from ((metric.name, sample.labels, sample.value) for sample in metric.samples)
        return
    bounds = [*(_number(bound) for bound in metric.bounds), "+Inf"]
    for sample in metric.samples:
        counts = list(accumulate(sample.buckets))
        yield from ((f"{metric.name}_bucket", (*sample.labels, ("le", le)), count) for le, count in zip(bounds, counts, strict=True))
        yield f"{metric.name}_sum", sample.labels, sample.value
        yield f"{metric.name}_count", sample.labels, counts[-1]


def _rows(metrics: Iterable[Metric]) -> Iterator[tuple[str, str, str, str, float]]:
    for metric in metrics:
        for name, labels, value in _samples(metric):
            yield metric.name, metric.kind, name, json.dumps(dict(labels), ensure_ascii=False), float(value)


def _csv(metrics: Iterable[Metric]) -> str:
    """One row a sample; labels are a JSON object, control characters are spelt out."""
    import csv

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows((*row[:3], printable(row[3]), _number(row[4])) for row in _rows(metrics))
    return text.getvalue()


def _parquet(metrics: Iterable[Metric]) -> bytes:
    """One row a sample, zstd."""
    import polars as pl

    schema = {**dict.fromkeys(_COLUMNS[:-1], pl.String()), "value": pl.Float64()}
    file = io.BytesIO()
    pl.DataFrame(list(_rows(metrics)), schema=schema, orient="row").write_parquet(file, compression="zstd")
    return file.getvalue()


def _inner(labels: Labels) -> str:
    """Labels as they stand between braces. An empty label is the same as none."""
    return ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels if value)


def _braced(inner: str) -> str:
    return f"{{{inner}}}" if inner else ""


def _number(value: float) -> str:
    """A number without a needless point."""
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(float(value))
