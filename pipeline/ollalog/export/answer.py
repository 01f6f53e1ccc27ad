"""What GET /metrics?format=json|prometheus is answered, whoever serves it: `ollalog metrics`, `ollalog serve`, a tail."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from urllib.parse import parse_qs

from ollalog.core.errors import PipelineError
from ollalog.core.series import Series
from ollalog.export.documents import document
from ollalog.export.families import families
from ollalog.export.samples import metrics
from ollalog.export.writers import written
from ollalog.recorder.exposition import CONTENT_TYPE

CONTENT_TYPES = {"prometheus": CONTENT_TYPE, "json": "application/json"}
_PLAIN = "text/plain; charset=utf-8"
GZIP_LEVEL = 1
"""The fastest: a page of metrics shrinks to a tenth all the same."""


@dataclass(frozen=True)
class Asked:
    """What is exported: the series that are kept, in which namespaces, and how many of each family."""

    series: Callable[[], Sequence[Series]]
    now: Callable[[], datetime]
    namespaces: Sequence[str]
    most_series: int


@dataclass(frozen=True)
class Answer:
    """A response of HTTP."""

    status: HTTPStatus
    headers: Mapping[str, str]
    body: bytes


def answer(asked: Asked, target: str, accept_encoding: str = "") -> Answer:
    """Answer a request.

    Args:
        asked: what is exported.
        target: path and query of the request.
        accept_encoding: its header of that name.
    """
    path, _, query = target.partition("?")
    if path.rstrip("/") != "/metrics":
        return _answer(HTTPStatus.NOT_FOUND, _PLAIN, b"the metrics are at /metrics\n")
    wanted = parse_qs(query, keep_blank_values=True).get("format", ["prometheus"])[-1]
    if wanted not in CONTENT_TYPES:
        found = json.dumps(wanted[:100])
        return _answer(HTTPStatus.BAD_REQUEST, _PLAIN, f"format is json or prometheus, not {found}\n".encode())
    try:
        body = rendered(asked, wanted)
    except PipelineError as failure:
        return _answer(HTTPStatus.SERVICE_UNAVAILABLE, _PLAIN, f"{failure}\n".encode())
    if any(coding.strip().split(";")[0] == "gzip" for coding in accept_encoding.lower().split(",")):
        return _answer(HTTPStatus.OK, CONTENT_TYPES[wanted], gzip.compress(body, GZIP_LEVEL, mtime=0), ("Content-Encoding", "gzip"))
    return _answer(HTTPStatus.OK, CONTENT_TYPES[wanted], body)


def refused(reason: str) -> Answer:
    """What is answered where nobody may ask."""
    return _answer(HTTPStatus.FORBIDDEN, _PLAIN, f"{reason}\n".encode())


def rendered(asked: Asked, format_name: str) -> bytes:
    """Everything that is asked for, in a format of `writers.FORMATS`.

    Raises:
        StoreError: the catalogue cannot be read.
    """
    series, now = asked.series(), asked.now()
    if format_name == "json":
        return written((), document(series, asked.namespaces, now), format_name)
    return written(metrics(series, families(asked.namespaces), now, asked.most_series), None, format_name)


def _answer(status: HTTPStatus, content_type: str, body: bytes, *more: tuple[str, str]) -> Answer:
    headers = {"Content-Type": content_type, "Content-Length": str(len(body)), "Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    return Answer(status, headers | dict(more), body)
