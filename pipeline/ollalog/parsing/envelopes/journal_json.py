"""The systemd journal as JSON (`journalctl -o json`): one object per entry; MESSAGE is text or, for odd bytes, numbers."""

from __future__ import annotations

import json

import polars as pl

from ollalog.parsing.envelope import Envelope, json_fields, without_halves
from ollalog.parsing.format import LINE_SCHEMA

_SCHEMA = {"MESSAGE": pl.String(), "__REALTIME_TIMESTAMP": pl.String(), "_COMM": pl.String(), "SYSLOG_IDENTIFIER": pl.String()}
_LATEST_US = 9_214_646_400_000_000  # the year 2262: arithmetic on later times overflows


def _one(text: str) -> dict[str, str | None]:
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return dict.fromkeys(_SCHEMA)
    if not isinstance(entry, dict):
        return dict.fromkeys(_SCHEMA)
    fields = {name: None if entry.get(name) is None else without_halves(str(entry[name])) for name in _SCHEMA}
    return fields | {"MESSAGE": _text(entry["MESSAGE"]) if "MESSAGE" in entry else None}


def _text(message: object) -> str | None:
    """A message that may be numbers, one per byte, or null; None where it is none of these and no text."""
    if message is None:  # what journalctl writes for a long message unless asked for --all; so the export format begins binary ones
        return "MESSAGE"
    if isinstance(message, list) and all(type(byte) is int and 0 <= byte < 256 for byte in message):
        return bytes(message).decode(errors="replace")
    return without_halves(message) if isinstance(message, str) else None


def unwrap(lines: pl.DataFrame) -> pl.DataFrame:
    """Take messages and times out of the entries; LINE_SCHEMA; entries of other programs keep their name in front."""
    fields = json_fields(lines, _SCHEMA, "MESSAGE", _one)
    epoch = pl.col("__REALTIME_TIMESTAMP").cast(pl.Int64, strict=False)
    stamp = pl.when(epoch.is_between(0, _LATEST_US)).then(epoch).cast(pl.Datetime("us", "UTC"))
    message = pl.col("MESSAGE").str.strip_suffix("\n").str.strip_suffix("\r")
    is_manager = (pl.col("SYSLOG_IDENTIFIER") == "systemd").fill_null(value=False)
    return (
        lines.drop("text")
        .hstack(fields)
        .with_columns(
            pl.when(is_manager).then(pl.concat_str(pl.lit("systemd: "), message)).otherwise(message).alias("text"),
            pl.coalesce("stamp", stamp).alias("stamp"),
        )
        .select(list(LINE_SCHEMA))
    )


ENVELOPE = Envelope(
    name="journal_json",
    rank=1,
    owns=lambda text: text.str.starts_with("{") & text.str.contains('"MESSAGE"', literal=True),
    unwrap=unwrap,
    is_json=True,
    examples=('{"__REALTIME_TIMESTAMP":"1795193213000000","MESSAGE":"[GIN] 2026/11/20 - 16:46:53 | 200 | …","_PID":"1"}',),
)
