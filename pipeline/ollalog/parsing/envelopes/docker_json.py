r"""Docker's json-file: {"log":"…\n","stream":"stdout","time":"2026-11-20T16:46:53.123456789Z"}."""

from __future__ import annotations

import json

import polars as pl

from ollalog.parsing.envelope import Envelope, json_fields, without_halves
from ollalog.parsing.format import LINE_SCHEMA

RECORD_BYTES = 16 << 10
"""Docker cuts a longer line into records of so many bytes; only the last of them ends with the newline."""
_SCHEMA = {"log": pl.String(), "time": pl.String()}


def _one(text: str) -> dict[str, str | None]:
    """One record by itself; nothing where it is no record after all."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return {"log": None, "time": None}
    is_record = isinstance(record, dict) and isinstance(record.get("log"), str)
    return {"log": without_halves(record["log"]), "time": str(record.get("time"))} if is_record else {"log": None, "time": None}


def unwrap(lines: pl.DataFrame) -> pl.DataFrame:
    """Take the payloads and times out of the records; LINE_SCHEMA; `text` is null where a record is broken."""
    fields = json_fields(lines, _SCHEMA, "log", _one)
    stamp = pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", strict=False, time_unit="us").dt.convert_time_zone("UTC")
    return (
        lines.drop("text")
        .hstack(fields)
        .with_columns(pl.col("log").str.strip_suffix("\n").str.strip_suffix("\r").alias("text"), pl.coalesce("stamp", stamp).alias("stamp"))
        .select(list(LINE_SCHEMA))
    )


ENVELOPE = Envelope(
    name="docker_json",
    rank=0,
    owns=lambda text: text.str.starts_with('{"log":') | (text.str.starts_with('{"stream":') & text.str.contains('"log":', literal=True)),
    unwrap=unwrap,
    is_json=True,
    is_part=lambda text: (text.str.len_bytes() > RECORD_BYTES) & ~text.str.contains('\\n"', literal=True),
    examples=('{"log":"[GIN] 2026/11/20 - 16:46:53 | 200 | …\\n","stream":"stdout","time":"2026-11-20T16:46:53.1Z"}',),
)
