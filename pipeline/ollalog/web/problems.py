"""Failures as problem details (RFC 9457), with the four parts of our messages."""

from __future__ import annotations

import json
import traceback
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ollalog.core.errors import PipelineError, StoreError, UsageError, WarehouseError, did_you_mean
from ollalog.core.printable import printable

MEDIA_TYPE = "application/problem+json"


class RequestError(UsageError):
    """What was asked for cannot be, and with which status that is told."""

    def __init__(self, status: int, what: str, *, found: str | None = None, want: str | None = None, fix: str | None = None) -> None:
        super().__init__(what, found=found, want=want, fix=fix)
        self.status = status


class BusyError(PipelineError):
    """More is asked for than is worked on: try again later."""


def unknown_name(what: str, name: str, known: list[str]) -> RequestError:
    """A name that nothing has: 404, with the one that was probably meant."""
    fix = did_you_mean(name, known) or ("one of: " + ", ".join(known[:40]) if known else None)
    return RequestError(404, f"no {what} {name[:200]!r}", fix=fix)


def problem(status: int, title: str, parts: Mapping[str, Any] | None = None) -> Response:
    """A problem as a response; parts that are null are left out."""
    found = {name: value for name, value in (parts or {}).items() if value is not None}
    body = {"type": "about:blank", "title": title, "status": status, **found}
    headers = {"Retry-After": "2"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return Response(json.dumps(body, ensure_ascii=False), status, headers, MEDIA_TYPE)


def of_failure(failure: PipelineError, status: int | None = None) -> Response:
    """The problem that a failure is."""
    if status is None:
        status = failure.status if isinstance(failure, RequestError) else _status(failure)
    parts = {"detail": failure.fix, "at": failure.at, "found": failure.found, "want": failure.want, "fix": failure.fix}
    shown = {name: None if text is None else printable(text)[:2000] for name, text in parts.items()}
    return problem(status, printable(failure.what)[:500], shown)


def _status(failure: PipelineError) -> int:
    if isinstance(failure, BusyError | StoreError):
        return 503
    return 400 if isinstance(failure, UsageError | WarehouseError) else 500


async def on_http_exception(request: Request, failure: Exception) -> Response:
    """What Starlette refuses: no such path, no such method."""
    status = failure.status_code if isinstance(failure, HTTPException) else 500
    title = HTTPStatus(status).phrase
    found = problem(status, title, {"detail": f"{request.method} {printable(request.url.path)[:200]}", "fix": "see /openapi.json or /docs"})
    if isinstance(failure, HTTPException) and failure.headers:
        found.headers.update(failure.headers)
    return found


async def on_pipeline_error(_request: Request, failure: Exception) -> Response:
    """What our own code refuses."""
    return of_failure(failure) if isinstance(failure, PipelineError) else problem(500, "internal error")


def on_fault(say: Callable[[str], None]) -> Callable[[Request, Exception], Awaitable[Response]]:
    """What nobody foresaw: the browser is told without its insides, the person at the terminal in a line."""

    async def told(request: Request, failure: Exception) -> Response:
        frames = traceback.extract_tb(failure.__traceback__)
        place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        asked = f"{request.method} {request.url.path[:100]}"
        say(f"ollalog itself failed on {asked}: {type(failure).__name__}: {str(failure)[:200]}{place}; please report it")
        return problem(500, "ollalog itself failed", {"detail": "the request had no effect; the service goes on", "fix": "see its stderr"})

    return told
