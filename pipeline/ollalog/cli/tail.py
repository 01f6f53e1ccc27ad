"""`ollalog tail`: follow logs until stopped."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ollalog.cli import units
from ollalog.cli.exit import finish
from ollalog.cli.ingest import described
from ollalog.cli.parameters import TimeZone, namespaces_of
from ollalog.cli.progress import Narration, Remarks
from ollalog.core.machine import calm_polars, share_one_heap
from ollalog.core.printable import printable

if TYPE_CHECKING:
    from ollalog.cli.session import Session
    from ollalog.core.events import AlertChange, Events

SHOWN_EVERY_S = 0.5
RATE_OVER_S = 5.0


@click.command(short_help="Follow logs as they grow, until stopped.")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@click.option("--from", "begin", type=click.Choice(["beginning", "end"]), default="beginning", help="Where logs never seen are begun.")
@click.option("--once-idle", type=click.FloatRange(min=0), metavar="SECONDS", help="End when nothing came for so long.")
@click.option("--no-events", is_flag=True, help="Look by timer only; for file systems that tell nothing, such as NFS.")
@click.option("--sample", is_flag=True, help="Sample this host beside it: processor, memory, disk, network, GPU, Ollama's API.")
@click.option("--interval", type=click.FloatRange(min=0.1), metavar="SECONDS", help="Time from one sample to the next [5].")
@click.option("--metrics-port", type=click.IntRange(0, 65535), metavar="PORT", help="Serve /metrics on the loopback beside it.")
@click.option("--json", "as_json", is_flag=True, help="At the end print the summary as one JSON object.")
@click.option("--timezone", type=TimeZone(), help="Zone of log times that carry none, like Europe/Berlin or +05:30.")
@click.option("--host", metavar="NAME", help="Machine that the logs are of [this one].")
@click.option("--hash-clients", is_flag=True, help="Store a hash instead of each client's address.")
@click.option("--rules", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Folder with alert rules of your own.")
@click.option("--no-alerts", is_flag=True, help="Evaluate no alert rules.")
@click.pass_obj
def tail(
    session: Session,
    /,
    paths: tuple[str, ...],
    *,
    begin: str,
    once_idle: float | None,
    no_events: bool,
    sample: bool,
    interval: float | None,
    metrics_port: int | None,
    as_json: bool,
    **given: Any,  # noqa: ANN401 - as IngestOptions
) -> int:
    """Follow server logs and performance.jsonl into the store until Ctrl-C or SIGTERM; the next run goes on from there.

    PATH is a file, a folder or a quoted glob, there or still to come; without PATH the usual places of this machine are
    followed. Every line is stored once, however the logs are rotated, cut or packed meanwhile.
    """
    share_one_heap()
    calm_polars(threads=1)
    from ollalog import tailing
    from ollalog.core.retention import read_retention
    from ollalog.core.summary import IngestOptions
    from ollalog.sources import EventWaker, TimerWaker

    sample_s = (interval or session.settings.sample_interval_s) if sample else None
    reading = IngestOptions(
        **session.settings.over(given), alerts=session.settings.alerts, sinks=session.settings.sinks, inhibit=session.settings.inhibit
    )
    options = tailing.TailOptions(reading, begin == "end", once_idle, read_retention(session.settings.retention), sample_s)
    waker = TimerWaker() if no_events else EventWaker()
    with shown_status(session) as events, _metrics(session, metrics_port):
        summary = tailing.tail(session.store, paths, options, tailing.Surroundings(session.clock, events, waker))
    found = summary.as_dict()
    click.echo(json.dumps(found) if as_json else "\n".join(described(found)))
    return finish(summary.problems, interrupted=False)


@contextmanager
def _metrics(session: Session, port: int | None) -> Iterator[None]:
    """Serve /metrics beside the tail, where a port is given."""
    if port is None:
        yield
        return
    from ollalog import exporting

    chosen = namespaces_of((), session.settings.namespaces)
    asked = exporting.asked_of(session.store, session.clock, chosen, session.settings.max_series)
    with closing(exporting.MetricsServer(asked, "127.0.0.1", port)) as server:
        session.remark(f"serving {server.url}")
        yield


@contextmanager
def shown_status(session: Session) -> Iterator[Events]:
    """Events that a tail reports to: one line that is kept up to date on a terminal, remarks only in a pipe."""
    if session.quiet or not sys.stderr.isatty():
        yield (Narration if session.verbose and not session.quiet else Remarks)(session.remark)
        return
    line = StatusLine(lambda text: click.echo(text, err=True, nl=False), session.remark)
    yield line
    line.clear()


class StatusLine(Remarks):
    """Logs, lines, lines per second and what waits to be read, in one line that is written over."""

    def __init__(self, write: Callable[[str], None], say: Callable[[str], None]) -> None:
        super().__init__(say)
        self._write = write
        self._lines = 0
        self._recent: list[tuple[float, int]] = [(time.monotonic(), 0)]
        self._shown_at_s = 0.0
        self._alert = ""

    def block_parsed(self, size_bytes: int, lines: int) -> None:
        """Count lines."""
        self._lines += lines

    def logs_followed(self, logs: int, lag_bytes: int) -> None:
        """Show how it stands, a few times a second."""
        now_s = time.monotonic()
        if now_s - self._shown_at_s < SHOWN_EVERY_S:
            return
        self._shown_at_s = now_s
        self._recent = [(at_s, lines) for at_s, lines in self._recent if now_s - at_s < RATE_OVER_S] or self._recent[-1:]
        since_s, before = self._recent[0]
        rate = (self._lines - before) / max(now_s - since_s, SHOWN_EVERY_S)
        self._recent.append((now_s, self._lines))
        shown = f"{units.counted(logs, 'log')}  {self._lines:,} lines  {rate:,.0f} lines/s  lag {units.size(lag_bytes)}{self._alert}"
        self._write(f"\r\x1b[2K{shown}")

    def alert_changed(self, change: AlertChange) -> None:
        """Show the last alert behind the rest."""
        self._alert = f"  {change.happened_at:%H:%M:%S}Z {change.rule} {change.state}: {printable(change.message)[:80]}"

    def remark(self, text: str) -> None:
        """Say it above the line."""
        self.clear()
        super().remark(text)

    def clear(self) -> None:
        """Take the line away."""
        self._write("\r\x1b[2K")


COMMAND = tail
