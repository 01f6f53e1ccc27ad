"""`ollalog serve`: the service and its dashboard."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ollalog.cli.parameters import namespaces_of
from ollalog.core.errors import StoreError
from ollalog.core.machine import calm_polars

if TYPE_CHECKING:
    from ollalog.cli.session import Session

PORT = 8000


@click.command(short_help="The service: dashboard, API, following the logs.")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; beyond this machine a token is needed.")
@click.option("--port", type=click.IntRange(0, 65_535), default=PORT, show_default=True, help="Port to listen on; 0: any that is free.")
@click.option("--no-tail", is_flag=True, help="Leave the logs alone; show what others write to the store.")
@click.option("--no-sample", is_flag=True, help="Do not sample this host: processor, memory, disk, network, GPU, Ollama's API.")
@click.option("--interval", type=click.FloatRange(min=0.1), metavar="SECONDS", help="Time from one sample to the next [5].")
@click.option("--allow-host", "names", multiple=True, metavar="NAME", help="Another name that this server goes by, as behind a proxy.")
@click.option(
    "--export-dir", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="The one folder for exports [STORE/exports]."
)
@click.pass_obj
def serve(
    session: Session,
    paths: tuple[str, ...],
    *,
    host: str,
    port: int,
    no_tail: bool,
    no_sample: bool,
    interval: float | None,
    names: tuple[str, ...],
    export_dir: Path | None,
) -> None:
    """Serve dashboard and API until Ctrl-C or SIGTERM, and follow the logs meanwhile, as `ollalog tail` does.

    PATH is a file, a folder or a quoted glob; without PATH the usual places of this machine are followed. Where another
    process writes to the store, what it writes is shown.
    """
    calm_polars(threads=1)
    from ollalog import exporting, store
    from ollalog.web import server
    from ollalog.web.app import make_app
    from ollalog.web.following import Following, holder
    from ollalog.web.guard import guard_of, is_loopback, kept_token
    from ollalog.web.service import EXPORTS, Service

    store.read_snapshot(session.store)
    writer = holder(session.store)
    if paths and writer is not None and not no_tail:
        raise StoreError(
            "another ollalog is writing to this store", found=writer, want="one writer at a time", fix="stop it, or serve without PATH"
        )
    opened = server.listen(host, port)
    with opened:
        sample_s = None if no_sample else interval or session.settings.sample_interval_s
        following = None if no_tail else Following(session.store, partial(_tail_command, session, paths), session.remark, sample_s)
        settings = session.settings
        exports = export_dir or session.store / EXPORTS
        metrics = exporting.asked_of(session.store, session.clock, namespaces_of((), settings.namespaces), settings.max_series)
        service = Service(session.store, session.clock, settings.timezone, following, session.remark, exports, metrics)
        token, is_new = (None, False) if is_loopback(host) else kept_token(session.store)
        bound = opened.getsockname()[1]
        shown = f"http://{_shown_host(host)}:{bound}/"
        click.echo(f"{shown}?token={token}" if token is not None and is_new else shown)
        if token is not None and not is_new:
            session.remark(f"the token is in {session.store / 'serve-token'}")
        sys.stdout.flush()
        own = names if token is None else (*names, _shown_host(host).strip("[]"))
        server.run(make_app(service, guard_of(host, own, token)), opened, service.begin_end)
    server.leave()


def _shown_host(host: str) -> str:
    """The address as a browser wants it."""
    import socket

    name = socket.gethostname() if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - compared, not listened on
    return f"[{name}]" if ":" in name else name


def _tail_command(session: Session, paths: Sequence[str], sample_s: float | None) -> list[str]:
    """How the logs are followed by a process of its own, which samples the host so often (None: not)."""
    words = [sys.executable, "-m", "ollalog.cli.until_parent_ends", "tail", "--store", os.fspath(session.store)]
    if session.config_option is not None:
        words += ["--config", os.fspath(session.config_option)]
    if sample_s is not None:
        words += ["--sample", "--interval", f"{sample_s:g}"]
    if session.quiet:
        words.append("--quiet")
    return [*words, "--", *paths]


COMMAND = serve
