"""`ollalog sample`: record what this host uses."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import click

from ollalog.cli import units
from ollalog.cli.tail import shown_status

if TYPE_CHECKING:
    from ollalog.cli.session import Session


@click.command(short_help="Record what this host, its GPUs and Ollama use.")
@click.option("--interval", type=click.FloatRange(min=0.1), metavar="SECONDS", help="Time from one sample to the next [5].")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after so many samples.")
@click.option("--host", metavar="NAME", help="Name of this machine, as its logs have it [this one].")
@click.pass_obj
def sample(session: Session, *, interval: float | None, count: int | None, host: str | None) -> int:
    """Sample this host into the store until Ctrl-C or SIGTERM; `ollalog tail --sample` does it beside following logs.

    GPUs are NVIDIA's, by NVML. Ollama is asked at OLLAMA_HOST; each time that leaves a line in its log.
    """
    from ollalog import sampling
    from ollalog.sources import TimerWaker

    settings = session.settings
    with shown_status(session) as events:
        taken = sampling.sample(
            session.store,
            interval_s=interval or settings.sample_interval_s,
            count=count,
            host=host or settings.host or socket.gethostname(),
            clock=session.clock,
            events=events,
            waker=TimerWaker(),
        )
    click.echo(units.counted(taken, "sample"))
    return 0


COMMAND = sample
