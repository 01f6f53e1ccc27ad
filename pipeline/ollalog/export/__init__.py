"""Kept series -> metric families -> text: Prometheus, JSON, CSV, Parquet. Nothing of it reads Parquet parts."""

from ollalog.export.answer import Answer, Asked, answer, refused
from ollalog.export.documents import document
from ollalog.export.families import SERVER_NAMESPACE, Exported, families
from ollalog.export.samples import MOST_SERIES, Metric, Sample, metrics
from ollalog.export.writers import FORMATS, written

__all__ = [
    "FORMATS",
    "MOST_SERIES",
    "SERVER_NAMESPACE",
    "Answer",
    "Asked",
    "Exported",
    "Metric",
    "Sample",
    "answer",
    "document",
    "families",
    "metrics",
    "refused",
    "written",
]
