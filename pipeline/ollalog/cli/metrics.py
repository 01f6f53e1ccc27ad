"""`ollalog metrics`: /metrics for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ollalog.cli.parameters import Namespace, namespaces_of

if TYPE_CHECKING:
    from ollalog.cli.session import Session


@click.command(short_help="Serve /metrics for Prometheus.")
@click.option("--port", type=click.IntRange(0, 65535), default=9464, help="Port to listen on; 0: any that is free [9464].")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Address to listen on [127.0.0.1].")
@click.option("--namespace", "namespaces", type=Namespace(), multiple=True, help="ollama, tinyllm, crew or a prefix of yours; with commas.")
@click.option("--max-series", type=click.IntRange(min=1), metavar="N", help="Most series of a family, all others counted together [1000].")
@click.pass_obj
def metrics(session: Session, *, port: int, host: str, namespaces: tuple[str, ...], max_series: int | None) -> int:
    """Serve GET /metrics?format=prometheus|json until Ctrl-C or SIGTERM, beside whatever reads the logs.

    Nobody is asked who they are: leave it on the loopback, or let a firewall say who may ask.
    """
    from ollalog import exporting

    settings = session.settings
    chosen = namespaces_of(namespaces, settings.namespaces)
    asked = exporting.asked_of(session.store, session.clock, chosen, max_series or settings.max_series)
    if host not in {*exporting.LOOPBACK, "localhost"}:
        session.remark(f"whoever reaches {host} can read the metrics: names of models and hosts, how much they are used")
    exporting.serve_metrics(asked, host, port, lambda url: click.echo(f"serving {url}"))
    return 0


COMMAND = metrics
