"""Who may ask: the Host and Origin headers, the token, and the headers that keep a browser from doing more than it should."""

from __future__ import annotations

import hmac
import ipaddress
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ollalog.web.problems import problem

COOKIE = "ollalog_token"
KEPT_IN = "serve-token"
SAFE_METHODS = ("GET", "HEAD")
# No inline script or style, nothing from elsewhere, and no text that becomes HTML by itself (trusted types).
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# Whether the service is alive may be asked without a token.
OPEN_PATHS = ("/healthz",)
WITHOUT = "the token is missing or wrong"


@dataclass(frozen=True)
class Guard:
    """What is let in: names that the server is asked by, and the token where one is needed (None: none is)."""

    hosts: frozenset[str]
    token: str | None = None

    def knows_host(self, header: str) -> bool:
        """Whether a Host header names this server; with a token every address is fine, since another site does not have it."""
        name = host_name(header)
        return name in self.hosts or (self.token is not None and _is_address(name))


def guard_of(host: str, names: Iterable[str], token: str | None) -> Guard:
    """The guard of a server that listens on an address."""
    own = {"localhost", "127.0.0.1", "::1", host.lower().strip("[]"), *(name.lower() for name in names)}
    return Guard(frozenset(own), token)


def host_name(header: str) -> str:
    """The name in a Host header, without its port, lower case; empty where it has none."""
    try:
        return (urlsplit(f"//{header.strip()}").hostname or "").lower()
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def kept_token(root: Path) -> tuple[str, bool]:
    """The token of a store: that in its file, else a new one, which is written there for its owner only; whether it is new."""
    file = root / KEPT_IN
    if file.exists():
        file.chmod(0o600)
        known = file.read_text(encoding="ascii", errors="replace").strip()
        if len(known) >= 16:
            return known, False
        file.unlink()
    root.mkdir(parents=True, exist_ok=True)
    token = secrets.token_urlsafe(24)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(token + "\n")
    return token, True


class Gate:
    """ASGI middleware: refuses what the guard does not let in, and puts the headers on what goes out."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = self._refusal(scope)

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if "cache-control" not in headers:
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await (refused or self._app)(scope, receive, sent)

    def _refusal(self, scope: Scope) -> Response | None:
        """Why a request is not let in; None: it is."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._guard.knows_host(host):
            parts = {"found": host[:200], "want": "a name or address of this server", "fix": "ollalog serve --allow-host NAME"}
            return problem(421, "this server does not go by that name", parts)
        if _is_cross_site(headers, host):
            found = headers.get("origin") or headers.get("sec-fetch-site")
            return problem(403, "a page of another site may not ask", {"found": (found or "")[:200], "want": "the origin of this server"})
        if self._guard.token is None or scope["path"] in OPEN_PATHS:
            return None
        return self._without_token(scope, headers, self._guard.token)

    def _without_token(self, scope: Scope, headers: Headers, token: str) -> Response | None:
        if _same(_bearer(headers), token) or _same(_cookie(headers), token):
            return None
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        if scope["method"] in SAFE_METHODS and any(name == "token" and _same(value, token) for name, value in query):
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            response: Response = RedirectResponse(scope["path"].replace("//", "/") + (f"?{rest}" if rest else ""), status_code=303)
            response.set_cookie(COOKIE, token, httponly=True, samesite="strict", max_age=30 * 86_400)
            return response
        fix = (
            "open the address that `ollalog serve` printed, which ends with ?token= and the token; it is kept in the file "
            f"{KEPT_IN} of the store. Programs send the header Authorization: Bearer TOKEN"
        )
        refused = _refused_page(fix) if "text/html" in headers.get("accept", "") else problem(401, WITHOUT, {"detail": fix, "fix": fix})
        refused.headers["WWW-Authenticate"] = "Bearer"
        return refused


def _refused_page(fix: str) -> Response:
    """The same for a person with a browser."""
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>ollalog</title></head><body><h1>ollalog</h1><p>{_sentence(WITHOUT)}</p>'
        f"<p>{_sentence(fix)}</p></body></html>"
    )
    return HTMLResponse(page, 401)


def _sentence(text: str) -> str:
    return escape(text[:1].upper() + text[1:]) + "."


def _is_cross_site(headers: Headers, host: str) -> bool:
    """Whether a page of another site sends this: by its origin, or by what the browser says of it."""
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc.lower() != host.lower()
    site = headers.get("sec-fetch-site", "none")
    # A link from elsewhere may open the page itself; nothing else.
    return site in ("cross-site", "same-site") and headers.get("sec-fetch-mode") != "navigate"


def _same(given: str | None, token: str) -> bool:
    return given is not None and hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode())


def _bearer(headers: Headers) -> str | None:
    kind, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else None


def _cookie(headers: Headers) -> str | None:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return found.value if found else None
