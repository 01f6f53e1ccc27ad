"""`ollalog status`: which logs are known, how far each was read, and how the store is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ollalog.core.printable import printable

if TYPE_CHECKING:
    from ollalog.cli.session import Session
    from ollalog.core.batch import SourceSummary
    from ollalog.store import Derived, StoreStatus

WIDE = 110
# Columns of the table beside the log's path, and whether a narrow terminal shows them too.
COLUMNS = {
    "offset": True,
    "size": False,
    "unread": True,
    "lines": True,
    "row": True,
    "folded": False,
    "noise": False,
    "rejected": True,
    "held": False,
}
EMPTY = "the store is empty: read logs first with `ollalog ingest PATH...`"


@click.command(short_help="Known logs, how far each was read, and the store.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object; short for --format json.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print it [table].")
@click.pass_obj
def status(session: Session, *, as_json: bool, form: str) -> int:
    """Show each log with its position and how many bytes of it are not yet read, totals, size, last batch and writer."""
    from ollalog.store import read_status

    found = as_dict(session.store, read_status(session.store))
    if as_json or form == "json":
        click.echo(json.dumps(found))
    else:
        _show(found)
    return 0


def as_dict(root: Path, status: StoreStatus) -> dict[str, Any]:
    """The status as JSON; instants ISO 8601 with Z, sizes and offsets in bytes, null where not known."""
    sources = [_source(summary) for summary in status.sources]
    return {
        "store": str(root),
        "size_bytes": status.size_bytes,
        "last_batch": status.batch or None,
        "last_batch_at": None if status.committed_at is None else status.committed_at.isoformat().replace("+00:00", "Z"),
        "last_error": status.last_error,
        "derived": _derived(status.derived),
        "writer": None if status.writer is None else vars(status.writer),
        "sources": sources,
        "totals": {
            "sources": len(sources),
            "lines": sum(source["lines"] for source in sources),
            "lag_bytes": sum(source["lag_bytes"] or 0 for source in sources),
            "fates": _summed(source["fates"] for source in sources),
            "noise": _summed(source["noise"] for source in sources),
            "rows": _summed(source["rows"] for source in sources),
        },
    }


def _derived(derived: Derived) -> dict[str, Any]:
    """What is kept of days that are over; the first and the last of them null where there is none."""
    first, last = (derived.dates[0].isoformat(), derived.dates[-1].isoformat()) if derived.dates else (None, None)
    return {"size_bytes": derived.size_bytes, "dates": len(derived.dates), "first_date": first, "last_date": last}


def _source(summary: SourceSummary) -> dict[str, Any]:
    source, size = summary.source, _size(Path(summary.source.path))
    # What is read of an archive is counted unpacked, so its size on disk says nothing of the lag.
    unread = None if size is None or source.path.endswith(".gz") else max(0, size - source.offset)
    return {
        "source": source.id,
        "path": source.path,
        "family": source.family,
        "generation": source.generation,
        "host": source.host,
        "offset": source.offset,
        "size_bytes": size,
        "lag_bytes": unread,
        "lines": summary.lines,
        "fates": dict(summary.fates),
        "noise": dict(summary.noise),
        "rows": dict(summary.rows),
        "gap_bytes": summary.gap_bytes,
    }


def _size(path: Path) -> int | None:
    """Bytes of a file now; None when it is gone or is no file."""
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total)


def _show(found: Mapping[str, Any]) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    if found["last_batch"] is None:
        console.print(f"{printable(found['store'])}: {EMPTY}", soft_wrap=True)
    else:
        console.print(_table(found["sources"], wide=console.width >= WIDE))
        for line in _summary(found):
            console.print(line, soft_wrap=True)
    if found["writer"]:
        console.print("writer      process {pid} on {host} ({command}, since {since})".format(**found["writer"]), soft_wrap=True)


def _table(sources: Iterable[Mapping[str, Any]], *, wide: bool) -> Any:  # noqa: ANN401 (rich is imported when needed)
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("log", overflow="fold")
    names = [name for name, always in COLUMNS.items() if wide or always]
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for source in sources:
        fates = source["fates"]
        figures = {
            **fates,
            "offset": source["offset"],
            "size": source["size_bytes"],
            "unread": source["lag_bytes"],
            "lines": source["lines"],
        }
        table.add_row(Text(printable(source["path"])), *(_number(figures[name]) for name in names))
    return table


def _number(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _summary(found: Mapping[str, Any]) -> Iterator[str]:
    totals = found["totals"]
    logs = "1 log" if totals["sources"] == 1 else f"{totals['sources']:,} logs"
    rows = ", ".join(f"{count:,} {table}" for table, count in totals["rows"].items() if count)
    yield f"total       {totals['lines']:,} lines of {logs}; {rows or 'no rows'}"
    yield f"unread      {totals['lag_bytes']:,} bytes" + ("; `ollalog ingest` reads them" if totals["lag_bytes"] else "")
    for source in found["sources"]:
        if source["gap_bytes"] != 0:
            yield f"gap         {_gap(source['gap_bytes'])} of {printable(source['path'])} were gone before they could be read"
    yield f"store       {printable(found['store'])}, {found['size_bytes']:,} bytes"
    derived = found["derived"]
    if derived["dates"]:
        days = "1 day" if derived["dates"] == 1 else f"{derived['dates']:,} days"
        kept = f"requests of {days} from {derived['first_date']} to {derived['last_date']}, joined to answer sooner"
        yield f"derived     {derived['size_bytes']:,} bytes of these: {kept}"
    yield f"last batch  {found['last_batch']:,}, {found['last_batch_at']}"
    if found["last_error"]:
        yield f"last error  {printable(found['last_error'].splitlines()[0])}"


def _gap(gap_bytes: int | None) -> str:
    return "an unknown number of bytes" if gap_bytes is None else f"{gap_bytes:,} bytes"


COMMAND = status
