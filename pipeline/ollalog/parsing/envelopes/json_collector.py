"""Collectors of container logs (Fluent Bit, Filebeat, Vector, Cloud Logging, Loki, Graylog): JSON objects, the line among what they add."""

from __future__ import annotations

import polars as pl

from ollalog.parsing.envelope import Envelope
from ollalog.parsing.format import LINE_SCHEMA

_PAYLOADS = ("log", "message", "textPayload", "line", "short_message")
_STAMPS = ("time", "@timestamp", "timestamp")
# a record of a request has a message, too, but none of these; names alone tell, since lines of one shape are asked about once
_ADDED = (
    r'"(?:stream|kubernetes|docker|container(?:_id|_name)?|@timestamp|@version|agent|file|insertId|logName|source_type'
    r'|SYSLOG_IDENTIFIER)"\s*:'
)
_LOKI = r'"line"\s*:\s*".*"(?:fields|labels)"\s*:|"(?:fields|labels)"\s*:.*"line"\s*:\s*"'
_GRAYLOG = r'"version"\s*:\s*"1\.1".*"short_message"\s*:\s*"'


def _member(name: str) -> pl.Expr:
    """A member of the object; null where it has none of that name."""
    return pl.col("text").str.json_path_match(f"$['{name}']")


def _text(name: str) -> pl.Expr:
    """A member that is a text, as it is written in the log."""
    is_text = pl.col("text").str.contains(rf'"{name}"\s*:\s*"')
    return pl.when(is_text).then(_member(name))


def unwrap(lines: pl.DataFrame) -> pl.DataFrame:
    """Take the payloads and times out of the objects; LINE_SCHEMA; `text` is null where an object is broken."""
    instant = pl.coalesce(_text(name) for name in _STAMPS)
    stamp = instant.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", strict=False, time_unit="us").dt.convert_time_zone("UTC")
    payload = pl.coalesce(_text(name) for name in _PAYLOADS).str.strip_suffix("\n").str.strip_suffix("\r")
    return lines.with_columns(payload.alias("text"), pl.coalesce("stamp", stamp).alias("stamp")).select(list(LINE_SCHEMA))


ENVELOPE = Envelope(
    name="json_collector",
    rank=2,
    owns=lambda text: (
        text.str.contains(r'"log"\s*:\s*"')
        | (text.str.contains(r'"(?:message|textPayload|line)"\s*:\s*"') & text.str.contains(_ADDED))
        | text.str.contains(f"{_LOKI}|{_GRAYLOG}")
    ),
    unwrap=unwrap,
    is_json=True,
    examples=(
        '{"date":1795193213.1,"stream":"stdout","_p":"F","log":"[GIN] 2026/11/20 - …","kubernetes":{"pod_name":"ollama-0"}}',
        '{"@timestamp":"2026-11-20T16:46:53.123Z","message":"[GIN] 2026/11/20 - …","stream":"stdout","container":{"id":"3fa4"}}',
    ),
)
