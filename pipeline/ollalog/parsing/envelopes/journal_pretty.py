r"""The systemd journal as JSON for people (`journalctl -o json-pretty`): a line `	"FIELD" : "value"` for each field of an entry."""

from __future__ import annotations

import json

import polars as pl

from ollalog.parsing.envelope import Envelope, without_halves

_START = '\t"MESSAGE" : "'
_LINE = r'^\t"MESSAGE" : (".*"),?$'


def _text(quoted: str | None) -> str | None:
    """A message as it was before it was quoted; None where it is broken."""
    try:
        return None if quoted is None else without_halves(json.loads(quoted)).removesuffix("\n").removesuffix("\r")
    except (ValueError, RecursionError):
        return None


def unwrap(lines: pl.DataFrame) -> pl.DataFrame:
    """Take the messages out; LINE_SCHEMA. Their times stand on lines of their own, in no fixed order, and are left."""
    quoted = lines["text"].str.extract(_LINE)
    return lines.with_columns(pl.Series("text", [_text(one) for one in quoted], dtype=pl.String))


ENVELOPE = Envelope(
    name="journal_pretty",
    rank=-2,
    owns=lambda text: text.str.starts_with(_START),
    unwrap=unwrap,
    examples=('\t"MESSAGE" : "ggml_cuda_init: found 1 CUDA devices:",',),
)
