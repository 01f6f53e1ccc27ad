"""`ollalog export`: the counters of the store in the formats that others read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ollalog.cli.parameters import Namespace, namespaces_of

if TYPE_CHECKING:
    from ollalog.cli.session import Session

FORMATS = ("prometheus", "json", "csv", "parquet")
MODE = 0o644


@click.command(short_help="Counters and gauges as Prometheus text, JSON, CSV or Parquet.")
@click.option("--format", "format_name", type=click.Choice(FORMATS), default="prometheus", help="What is written [prometheus].")
@click.option("--namespace", "namespaces", type=Namespace(), multiple=True, help="ollama, tinyllm, crew or a prefix of yours; with commas.")
@click.option("--max-series", type=click.IntRange(min=1), metavar="N", help="Most series of a family, all others counted together [1000].")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write to a file instead of stdout.")
@click.pass_obj
def export(session: Session, *, format_name: str, namespaces: tuple[str, ...], max_series: int | None, output: Path | None) -> int:
    """Export what was counted since the store began: requests, runs, tokens, errors, what programs recorded, what hosts use.

    Numbers come from the catalogue, are as of the last commit, and never go backwards. `json` holds models, tasks and
    resources (`--namespace tinyllm`), system and agents (`--namespace crew`), or all of it.
    """
    from ollalog import exporting
    from ollalog.core.errors import UsageError
    from ollalog.export.answer import rendered

    settings = session.settings
    chosen = namespaces_of(namespaces, settings.namespaces)
    asked = exporting.asked_of(session.store, session.clock, chosen, max_series or settings.max_series)
    body = rendered(asked, format_name)
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(body)
        return 0
    unfinished = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(body)
        unfinished.chmod(MODE)
        unfinished.replace(output)  # who collects such files never sees half of one
    except OSError as failure:
        unfinished.unlink(missing_ok=True)
        fix = "name a file in a folder that exists and that you may write"
        raise UsageError("the metrics cannot be written", at=str(output), found=failure.strerror, fix=fix) from failure
    session.remark(f"{output}: {len(body):,} bytes")
    return 0


COMMAND = export
