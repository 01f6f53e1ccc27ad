"""Read bytes as the pipeline does, less the store: what the tests of parsing share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from ollalog.core.batch import Block
from ollalog.parsing import Context, ParserState, Zone, parse, settle, zone
from ollalog.sources import blocks, cut, plan

READ_AT = datetime(2026, 6, 23, 12, tzinfo=UTC)


@dataclass
class Outcome:
    """Rows by table in order, fates, noise by kind, and the state after the last line."""

    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    fates: Counter[str] = field(default_factory=Counter)
    noise: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    state: ParserState = field(default_factory=ParserState)

    def rows(self, table: str) -> list[dict[str, object]]:
        """The rows of a table, less what is null and where they came from."""
        left_out = {"batch", "source", "host", "read_at"}
        if table not in self.tables:
            return []
        return [
            {name: value for name, value in row.items() if value is not None and name not in left_out}
            for row in self.tables[table].iter_rows(named=True)
        ]


def context(timezone: str | None = None, machine: str | None = None, client_key: bytes | None = None) -> Context:
    """What is known from outside the log: on a machine in UTC unless told otherwise."""
    return Context(
        host="box",
        read_at=READ_AT,
        machine_zone=zone(machine) if machine else Zone(),
        option_zone=zone(timezone) if timezone else None,
        client_key=client_key,
    )


def read_blocks(found: Iterable[Block], given: Context, *, may_look_ahead: bool = True) -> Outcome:
    """Parse and settle blocks one after the other; the state goes through JSON, as it does between runs."""
    outcome = Outcome()
    frames: dict[str, list[pl.DataFrame]] = {}
    for block in found:
        lines = cut(block)
        parsed = parse(lines, block.data[: 1 << 20] if may_look_ahead and block.start == 0 else b"")
        settled = settle(parsed, ParserState.from_json(outcome.state.to_json()), given)
        assert sum(settled.fates.values()) == lines.lines.height + len(lines.long_lines), "every line has exactly one fate"
        assert sum(settled.noise.values()) == settled.fates["noise"], "noise is counted by kind"
        for table, frame in settled.tables.items():
            frames.setdefault(table, []).append(frame)
        outcome.fates.update(settled.fates)
        outcome.noise.update(settled.noise)
        outcome.lines += lines.lines.height + len(lines.long_lines)
        outcome.state = settled.state
    outcome.tables = {table: pl.concat(some).sort("byte_offset", maintain_order=True) for table, some in frames.items()}
    return outcome


def read_file(path: Path, given: Context, *, final: bool = False) -> Outcome:
    """Read a whole file."""
    (item,) = plan([str(path)], [], host=given.host, next_id=1).items
    outcome = read_blocks(blocks(item, final=final), given)
    assert item.result is not None
    if item.result.held:
        outcome.fates["held"] = 1
    return outcome


def read_pieces(data: bytes, stops: Sequence[int], given: Context) -> Outcome:
    """Read bytes that grow to each of `stops` and then to their end, whole lines each time; the last line needs no newline.

    Nothing looks ahead for a zone: that alone depends on how much there was to see at first.
    """
    return read_blocks(_pieces(data, sorted(stops)), given, may_look_ahead=False)


def _pieces(data: bytes, stops: Sequence[int]) -> Iterable[Block]:
    done = 0
    for stop in [*stops, len(data)]:
        end = len(data) if stop >= len(data) else data.rfind(b"\n", 0, stop) + 1
        if end > done:
            yield Block(source=1, start=done, end=end, data=data[done:end])
            done = end
