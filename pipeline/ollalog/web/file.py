"""The dashboard as one file that opens from disk: style, scripts and data inside, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from html import escape
from pathlib import Path

from ollalog import asking, store
from ollalog.asking import Scope
from ollalog.core.rows import plain
from ollalog.warehouse import Warehouse
from ollalog.web.pages import ICON, SCRIPTS, STYLE, content
from ollalog.web.panels import dashboard_lines, reach

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:image/svg+xml;base64,{icon}">
<style>{style}</style>
</head>
<body>
<header id="bar">
<div class="brand"><svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><rect width="24" height="24" rx="6"/>
<path d="M5 16l4-6 3.4 4.2L15 8l4 8"/></svg><h1>ollalog</h1></div>
<form id="choices"></form><div id="live"></div>
</header>
<div id="notice" hidden></div>
<main id="page" tabindex="-1"><div id="facts"></div><div id="tiles"></div><div id="panels"></div><section id="tools"></section></main>
<footer id="foot">Made by ollalog {version}, {made}. Every number is of a view: hover to see which.</footer>
<noscript>This report draws its charts with its own script, which this browser does not run: see <code>ollalog report</code>.</noscript>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def report_page(root: Path, scope: Scope, now: datetime, version: str) -> str:
    """The page with what a store says now.

    Args:
        root: The store's folder.
        scope: Range, machine, model, zone.
        now: When it is made; aware.
        version: Of this program.

    Raises:
        PipelineError: the store cannot be read, or has no request of the model.
    """
    snapshot = store.read_snapshot(root)
    first, last = reach(snapshot)
    meta = {
        "version": version, "batch": snapshot.batch, "now": plain(now), "since": plain(scope.since), "until": plain(scope.until),
        "timezone": scope.timezone or "UTC", "first": plain(first), "last": plain(last), "following": False, "note": None,
    }  # fmt: skip

    def ask(house: Warehouse) -> str:
        return b"".join(dashboard_lines(house, scope, meta)).decode("utf-8", "replace")

    return _filled(asking.ask_store(root, scope, now, ask), f"ollalog: {scope.model}" if scope.model else "ollalog", version, now)


def _filled(data: str, title: str, version: str, now: datetime) -> str:
    style = content(STYLE)[0].decode()
    script = "\n".join(content(name)[0].decode() for name in SCRIPTS)
    policy = (
        f"default-src 'none'; style-src 'sha256-{_hash(style)}'; script-src 'sha256-{_hash(script)}'; img-src data:; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    # In a script element only these could end it, or begin a comment; in JSON they may be spelt out.
    safe = (
        data.replace("&", "\\u0026")
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )
    return PAGE.format(
        policy=policy, title=escape(title), icon=base64.b64encode(content(ICON)[0]).decode(), style=style, version=escape(version),
        made=f"{now:%Y-%m-%d %H:%M} UTC", data=safe, script=script,
    )  # fmt: skip


def _hash(text: str) -> str:
    """As a content security policy names an inline text."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
