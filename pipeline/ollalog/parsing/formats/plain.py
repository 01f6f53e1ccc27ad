"""Plain lines around a log: blank lines, progress dots, journal banners, key notices, errors of the command itself."""

from __future__ import annotations

import polars as pl

from ollalog.parsing import saying
from ollalog.parsing.format import Extract, Format

_KINDS = (
    ("blank", r"^\s*$"),
    ("dots", r"^[.\s]+$"),
    ("gin_debug", r"^\[GIN-debug\]| ?^ - using (?:env|code):"),
    ("journal_banner", r"^-- .*--$|^--$"),
    ("service_manager", r"^(?:.*? )?systemd(?:\[\d+\])?: |^(?:.*? )?(?:kernel|sudo|snapd?)(?:\[\d+\])?: "),
    ("shell", r"^nohup: |^Terminated$|^Killed$"),
    ("sampled_token", r"^(?:\[\d+\] )?sampled token: "),
    ("key_notice", r"^Couldn't find '|^Your new public key is:|^ssh-ed25519 "),
)
_ERROR = r"^Error: "


def _owner() -> str:
    return "|".join(f"(?:{pattern})" for _, pattern in (*_KINDS, ("error", _ERROR)))


def extract(lines: pl.DataFrame) -> Extract:
    """Count the plain lines by kind; errors of the command become records of `server_events`.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Records with `line`, `byte_offset`, `stamp` and `saying.COLUMNS`; the rest as noise by kind.
    """
    errors = lines.filter(pl.col("text").str.contains(_ERROR))
    noise: dict[str, int] = {}
    left = lines.filter(~pl.col("text").str.contains(_ERROR))
    for kind, pattern in _KINDS:
        count = left.select(pl.col("text").str.contains(pattern).sum()).item()
        if count:
            noise[kind] = int(count)
            left = left.filter(~pl.col("text").str.contains(pattern))
    records = errors.select("line", "byte_offset", "stamp").hstack(saying.of_texts(errors["text"].str.head(2048), "ERROR"))
    return Extract(records=records, noise=noise)


FORMAT = Format(
    name="plain",
    rank=3,
    owns=lambda text: text.str.contains(_owner()),
    extract=extract,
    examples=("", "........", "Error: listen tcp 127.0.0.1:11434: bind: address already in use", "nohup: ignoring input"),
)
