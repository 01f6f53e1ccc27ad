"""The prompts that llama-server holds in its cache: it lists them all, twice for each run that begins, by the thousand.

Only lines that are whole are taken, which their ends show: neither an access line nor one of slog ends in a size, and none fits into
what a line of the usual length leaves for it. Lines that another one tears are read by `llama_server`.

Source: llama.cpp tools/server/server-task.cpp, server_prompt_cache::load and ::update, b9452 to b10488.
"""

from __future__ import annotations

import polars as pl

from ollalog.parsing.format import Extract, Format

_COMPARED = "srv          load:    - prompt with length      44, lcp =       5, f_keep = 0.114, f_sim = 0.179"
_HELD = "srv        update:    - prompt 0x55d0c8a3d2f0:      44 tokens, checkpoints:  0,     1.031 MiB"


def _owns(text: pl.Expr) -> pl.Expr:
    is_compared = text.str.starts_with(_COMPARED[:43]) & (text.str.len_bytes() == len(_COMPARED))
    return is_compared | (text.str.starts_with(_HELD[:32]) & text.str.ends_with(" MiB"))


def extract(lines: pl.DataFrame) -> Extract:
    """Count the lines: they are chatter.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Noise, as of other lines of the runner, and the lines as those of a listing.
    """
    return Extract(noise={"llama_server": lines.height}, listed=lines["line"])


FORMAT = Format(name="prompt_listing", rank=2, owns=_owns, extract=extract, examples=(_COMPARED, _HELD), is_whole=True)
