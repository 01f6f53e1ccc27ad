"""Decide which format owns a line, and let each format read its lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import polars as pl

from ollalog.core import registry
from ollalog.parsing import envelopes, formats
from ollalog.parsing.alike import read_alike
from ollalog.parsing.envelope import Envelope
from ollalog.parsing.format import LINE_SCHEMA, NO_LINES, Extract, Format
from ollalog.parsing.formats import gin_access, llama_server, runner_text, slog_text
from ollalog.parsing.guard import guarded

ENVELOPES_AT_MOST = 3
"""Wrappers around one line, one in the other: colour, the name of a container, a time."""


@dataclass(frozen=True)
class Routed:
    """What the formats made of a block: extracts with the names of their formats, and the lines that no format owns."""

    extracts: tuple[tuple[str, Extract], ...]
    unowned: pl.DataFrame


@cache
def all_formats() -> tuple[Format, ...]:
    """All formats, in the order in which they are asked."""
    return tuple(sorted(registry.constants(formats, "FORMAT").values(), key=lambda known: known.rank))


@cache
def all_envelopes() -> tuple[Envelope, ...]:
    """All envelopes, in the order in which they are asked."""
    return tuple(sorted(registry.constants(envelopes, "ENVELOPE").values(), key=lambda known: known.rank))


def owned(lines: pl.DataFrame, owns: pl.Expr) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split lines into those that an expression owns and the others."""
    mask = lines.select(owns.alias("mask"))["mask"]
    count = mask.sum()
    if count == 0:
        return NO_LINES, lines
    if count == lines.height:
        return lines, NO_LINES
    return lines.filter(mask), lines.filter(~mask)


def route(lines: pl.DataFrame, formats_asked: Sequence[Format] | None = None) -> Routed:
    """Give every line to the first format that owns it; lines in an envelope are unwrapped and routed again.

    Args:
        lines: one row per line by LINE_SCHEMA, in order.
        formats_asked: in the order in which they are asked; None: all that there are.

    Returns:
        Extracts by format name, and the lines that nobody owns. A line that its format fails on is rejected.
    """
    routed = _routed(lines, all_formats() if formats_asked is None else formats_asked, ENVELOPES_AT_MOST)
    torn: list[tuple[str, Extract]] = []
    unowned = _without_torn(routed.unowned, torn)
    return Routed(extracts=(*routed.extracts, *torn), unowned=unowned.sort("line"))


def _routed(lines: pl.DataFrame, known_formats: Sequence[Format], envelopes_left: int) -> Routed:
    """Ask the formats; objects of JSON and other lines go separate ways, since no line of the one looks like the other."""
    objects, texts = owned(lines, pl.col("text").str.starts_with("{"))
    json_formats = [known for known in known_formats if known.is_json]
    json_envelopes = [known for known in all_envelopes() if known.is_json and envelopes_left]
    alike, objects = read_alike(objects, json_formats, json_envelopes)
    first = _asked(texts, [known for known in known_formats if not known.is_json])
    parts, texts = [first], first.unowned
    if envelopes_left:
        from_objects, objects, parts_of_objects = _unwrapped(objects, json_envelopes)
        from_texts, texts, parts_of_texts = _unwrapped(texts, [known for known in all_envelopes() if not known.is_json])
        payloads = pl.concat([from_objects, from_texts])
        if payloads.height:
            parts.append(_routed(payloads.sort("line"), known_formats, envelopes_left - 1))
            alike.append(_opened_by(pl.concat([parts_of_objects, parts_of_texts]), parts[-1].unowned["line"]))
    parts.append(_asked(objects, json_formats))
    return Routed(
        extracts=(*alike, *(pair for part in parts for pair in part.extracts)),
        unowned=pl.concat([texts, *(part.unowned for part in parts[1:])]),
    )


def _asked(lines: pl.DataFrame, asked: list[Format]) -> Routed:
    """Ask formats in order, each for what those before it left."""
    found: list[tuple[str, Extract]] = []
    rest = lines
    for known in asked:
        if rest.height == 0:
            break
        mine, rest = owned(rest, known.owns(pl.col("text")))
        if known.name in _OF_RUNNERS:
            mine = _without_torn_of_runners(mine, found)
        elif not known.is_whole:
            mine = _without_torn(mine, found)
        if mine.height:
            found.extend((known.name, extract) for extract in guarded(known.extract, mine, _rejected))
    return Routed(extracts=tuple(found), unowned=rest)


def _without_torn(lines: pl.DataFrame, found: list[tuple[str, Extract]]) -> pl.DataFrame:
    """Take out lines that hold a whole access line further in: two streams share one pipe, and one tears the other's line."""
    torn, whole = owned(lines, pl.col("text").str.contains(gin_access.TORN_START, literal=True))
    if torn.height == 0:
        return lines
    for extract in guarded(gin_access.extract, torn, _rejected):
        if extract.records is not None and extract.records.height:
            found.append((gin_access.FORMAT.name, Extract(records=extract.records)))
        whole = pl.concat([whole, extract.rejected.drop("reason")])
    return whole.sort("line")


_OF_RUNNERS = (llama_server.FORMAT.name, runner_text.FORMAT.name)
_TORN_STARTS = "|".join(re.escape(start) for start in (gin_access.TORN_START, slog_text.TORN_START))


def _without_torn_of_runners(lines: pl.DataFrame, found: list[tuple[str, Extract]]) -> pl.DataFrame:
    """Take out lines of runners that hold an access line, or in whose middle a line of slog begins, which goes to the end."""
    if not lines["text"].str.contains(_TORN_STARTS).any():
        return lines
    lines = _without_torn(lines, found)
    torn, whole = owned(lines, pl.col("text").str.contains(slog_text.TORN_START, literal=True))
    if torn.height == 0:
        return lines
    bare = torn.with_columns(pl.col("text").str.extract(f"({slog_text.TORN_START}.*)$"))
    for extract in guarded(slog_text.extract, bare, _rejected):
        if extract.said is not None and extract.said.height:
            found.append((slog_text.FORMAT.name, Extract(said=extract.said)))
        whole = pl.concat([whole, torn.join(extract.rejected.select("line"), on="line", how="semi")])
    return whole.sort("line")


def _rejected(line: pl.DataFrame, reason: str) -> Extract:
    """What becomes of a line that its format fails on."""
    return Extract(rejected=line.select(*LINE_SCHEMA, pl.lit(reason).alias("reason")))


def _broken(line: pl.DataFrame, _reason: str) -> pl.DataFrame:
    """What an envelope leaves of a line that it fails on: no payload."""
    return line.with_columns(pl.lit(None, pl.String).alias("text"))


def _opened_by(parts: pl.Series, unowned: pl.Series) -> tuple[str, Extract]:
    """What a line begins that its envelope cuts into parts: the parts behind the first, which no format owns, continue it."""
    return "envelope", Extract(opens=parts.filter(~parts.is_in(unowned.implode())))


def _unwrapped(lines: pl.DataFrame, asked: Sequence[Envelope]) -> tuple[pl.DataFrame, pl.DataFrame, pl.Series]:
    """Payloads of the lines that wear an envelope, the lines that wear none (or a broken one), and which of the payloads are cut."""
    payloads: list[pl.DataFrame] = [NO_LINES]
    parts = [NO_LINES["line"]]
    rest = lines
    for known in asked:
        if rest.height == 0:
            break
        mine, rest = owned(rest, known.owns(pl.col("text")))
        if mine.height == 0:
            continue
        unwrapped = pl.concat(guarded(known.unwrap, mine, _broken))
        is_broken = unwrapped["text"].is_null()
        payloads.append(unwrapped.filter(~is_broken))
        rest = pl.concat([rest, mine.filter(is_broken)])
        if known.is_part is not None:
            parts.append(mine.filter(known.is_part(pl.col("text")) & ~is_broken)["line"])
    return pl.concat(payloads).sort("line"), rest.sort("line"), pl.concat(parts)
