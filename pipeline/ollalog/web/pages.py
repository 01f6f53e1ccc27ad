"""The page and its files, as they lie in the package: read once, sent with their hash."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
SCRIPTS = ("format.js", "dom.js", "charts.js", "panels.js", "app.js")
STYLE, PAGE, ICON = "style.css", "index.html", "icon.svg"
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
}


@cache
def content(name: str, *, is_empty: bool = False) -> tuple[bytes, str]:
    """Bytes of a file and their hash; of the page of an empty store: without the outlines of charts that would go again."""
    data = (FOLDER / name).read_bytes()
    if is_empty:
        data = data.replace(b"<body", b'<body class="is-empty"')
    return data, f'"{hashlib.sha256(data).hexdigest()[:16]}"'


def file_response(request: Request, name: str, *, is_empty: bool = False) -> Response:
    """A file of the page; 304 where the browser has it."""
    data, tag = content(name, is_empty=is_empty)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=TYPES[Path(name).suffix], headers=headers)


def page(request: Request, *, is_empty: bool) -> Response:
    """The dashboard."""
    return file_response(request, PAGE, is_empty=is_empty)


async def static(request: Request) -> Response:
    """One of its files."""
    name = request.path_params["name"]
    return file_response(request, name) if name in (*SCRIPTS, STYLE, ICON) else Response("no such file\n", 404, media_type="text/plain")


async def icon(request: Request) -> Response:
    """The icon that browsers ask for."""
    return file_response(request, ICON)
