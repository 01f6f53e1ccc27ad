"""Plain lines around a log: blank lines, progress dots, journal banners, key notices, errors of the command itself."""

from __future__ import annotations

from typing import Any

import polars as pl

from ollalog.parsing import saying
from ollalog.parsing.format import Extract, Format

_DATE_AND_HOST = r"(?:(?:[^\s\[=:]+|\[ *[\d.]+\]|\S*\d\d:\d\d:\d\d\S*) +){0,6}"
_JOURNAL_FIELD = (
    r"^(?: {4})?(?:__?[A-Z][A-Z0-9_]*|(?:SYSLOG|CODE|JOB)_[A-Z_]+|(?:USER_)?(?:UNIT|INVOCATION_ID)|PRIORITY|TID|ERRNO)="
    r"|^(?: {4})?MESSAGE(?:_ID=.*)?$|^.{1,60} \[s=[0-9a-f]+;i=[0-9a-f]+;.*\]$"
)
_KINDS = (
    ("blank", r"^\s*$"),
    ("dots", r"^[.\s]+$"),
    ("gin_debug", r"^\[GIN-debug\]| ?^ - using (?:env|code):"),
    ("journal_banner", r"^-- .*--$|^--$"),
    ("service_manager", rf"^{_DATE_AND_HOST}(?:systemd|kernel|sudo|snapd?)(?:\[\d+\])?: "),
    ("shell", r"^nohup: |^Terminated$|^Killed$"),
    ("sampled_token", r"^(?:\[\d+\] )?sampled token: "),
    (
        "journal_field",
        _JOURNAL_FIELD,
    ),
    ("key_notice", r"^Couldn't find '|^Your new public key is:|^ssh-ed25519 "),
)
_ERROR = r"^Error: "
BETWEEN = "|".join(f"(?:{pattern})" for name, pattern in _KINDS if name in {"blank", "journal_field"})
"""Lines that can stand within a record of many lines: blank ones, and the fields of journal entries around their messages."""


def _owner() -> str:
    return "|".join(f"(?:{pattern})" for _, pattern in (*_KINDS, ("error", _ERROR)))


def extract(lines: pl.DataFrame) -> Extract:
    """Count the plain lines by kind, and pick the errors of the command.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        `said` by SAID_SCHEMA, without times; the rest as noise by kind.
    """
    text = pl.col("text")
    kind: Any = pl.when(text.str.contains(_ERROR)).then(pl.lit("error"))
    for name, pattern in _KINDS:
        kind = kind.when(text.str.contains(pattern)).then(pl.lit(name))
    named = lines.with_columns(kind.alias("kind"))
    errors = named.filter(pl.col("kind") == "error")
    counts = named.filter(pl.col("kind") != "error")["kind"].value_counts()
    return Extract(said=saying.of_texts(errors, "ERROR") if errors.height else None, noise=dict(counts.iter_rows()))


FORMAT = Format(
    name="plain",
    rank=3,
    owns=lambda text: text.str.contains(_owner()),
    extract=extract,
    examples=("", "........", "Error: listen tcp 127.0.0.1:11434: bind: address already in use", "nohup: ignoring input"),
)
