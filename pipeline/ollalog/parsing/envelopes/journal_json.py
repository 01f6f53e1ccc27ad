"""The systemd journal as JSON (`journalctl -o json`): one object per entry; MESSAGE is text or, for odd bytes, numbers."""

from __future__ import annotations

import json

import polars as pl

from ollalog.parsing.envelope import Envelope
from ollalog.parsing.format import LINE_SCHEMA

_SCHEMA = {"MESSAGE": pl.String(), "__REALTIME_TIMESTAMP": pl.String(), "_COMM": pl.String(), "SYSLOG_IDENTIFIER": pl.String()}


def _one(text: str) -> dict[str, str | None]:
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return dict.fromkeys(_SCHEMA)
    if not isinstance(entry, dict):
        return dict.fromkeys(_SCHEMA)
    fields = {name: None if entry.get(name) is None else str(entry[name]) for name in _SCHEMA}
    message = entry.get("MESSAGE")
    if isinstance(message, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in message):  # noqa: PLR2004
        fields["MESSAGE"] = bytes(message).decode(errors="replace")
    return fields


def unwrap(lines: pl.DataFrame) -> pl.DataFrame:
    """Take messages and times out of the entries; LINE_SCHEMA; entries of other programs keep their name in front."""
    has_bytes = lines.select(pl.col("text").str.contains(r'"MESSAGE" ?: ?\[').any()).item()
    fields = None
    if not has_bytes:
        try:
            fields = pl.read_ndjson("\n".join(lines["text"].to_list()).encode(), schema=_SCHEMA)
        except pl.exceptions.PolarsError:
            fields = None
    if fields is None:
        fields = pl.DataFrame([_one(text) for text in lines["text"]], schema=_SCHEMA)
    stamp = pl.col("__REALTIME_TIMESTAMP").cast(pl.Int64, strict=False).cast(pl.Datetime("us", "UTC"))
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
    examples=('{"__REALTIME_TIMESTAMP":"1795193213000000","MESSAGE":"[GIN] 2026/11/20 - 16:46:53 | 200 | …","_PID":"1"}',),
)
