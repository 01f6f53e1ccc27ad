"""Where bytes become text: a block of whole lines as a frame with the byte offset of every line."""

from __future__ import annotations

import polars as pl

from ollalog.core.batch import Block, LineBatch

# polars.read_lines unpacks what begins like gzip, zlib or zstd; a line of text may begin with these bytes too.
_PACKED_LOOKS = (b"\x1f", b"x", b"(")
_ASCII_SHADOW = bytes(byte if byte < 0x80 else 0x61 for byte in range(256))
_LINE = pl.col("text")


def cut(block: Block) -> LineBatch:
    """Cut a block into lines.

    Args:
        block: Whole lines; the last one may lack its newline.

    Returns:
        One row per line: `text` without its newline, one carriage return before it and NULs it begins with; `byte_offset` of its first
        byte that is no NUL. Bytes that are no text become U+FFFD and are counted.
    """
    lines, bad_bytes = _utf8_lines(block.data) if block.encoding == "utf-8" else _utf16_lines(block.data, block.encoding)
    lines, nul_bytes = _without_nuls(lines, 1 if block.encoding == "utf-8" else 2) if b"\0" in block.data else (lines, 0)
    data_at = block.start + block.skipped_bytes
    return LineBatch(
        source=block.source,
        start=block.start,
        end=block.end,
        lines=lines.select(_LINE, (pl.col("byte_offset") + data_at) if data_at else pl.col("byte_offset")),
        long_lines=block.long_lines,
        nul_bytes=block.nul_bytes + nul_bytes,
        bad_bytes=bad_bytes,
    )


def _utf8_lines(data: bytes) -> tuple[pl.DataFrame, int]:
    try:
        return _valid_lines(data), 0
    except pl.exceptions.ComputeError:
        text, bad_bytes = _decoded(data, "utf-8")
        # The shadow has the lengths of the original's lines; what replaces a bad byte has another.
        offsets = _valid_lines(data.translate(_ASCII_SHADOW)).select("byte_offset")
        return _valid_lines(text.encode()).select("text").hstack(offsets), bad_bytes


def _valid_lines(data: bytes) -> pl.DataFrame:
    """Lines of valid UTF-8: `text`, `byte_offset` from the beginning of `data`."""
    # One byte is looked for twenty times as fast as two are.
    if b"\r" not in data:
        return _read_lines(data).with_columns(_starts(_LINE.str.len_bytes() + 1))
    kept = _read_lines(_doubled(data))
    return kept.select(_LINE.str.strip_suffix("\r"), _starts(_LINE.str.len_bytes() + 1))


def _read_lines(data: bytes) -> pl.DataFrame:
    if data.startswith(_PACKED_LOOKS):
        return pl.read_lines(b"\n" + data, name="text").slice(1)
    return pl.read_lines(data, name="text")


def _doubled(data: bytes) -> bytes:
    """Every carriage return that ends a line, twice: read_lines takes one away, so that the line keeps its true length."""
    return data.replace(b"\r\n", b"\r\r\n") + (b"\r" if data.endswith(b"\r") else b"")


def _starts(length_bytes: pl.Expr) -> pl.Expr:
    """Where lines of these lengths (newline included) begin, one behind the other."""
    return length_bytes.cast(pl.Int64).cum_sum().shift(1, fill_value=0).alias("byte_offset")


def _utf16_lines(data: bytes, encoding: str) -> tuple[pl.DataFrame, int]:
    text, bad_bytes = _decoded(data, encoding)
    characters = _LINE.str.len_chars() + _LINE.str.count_matches("[\U00010000-\U0010ffff]")
    lines = _read_lines(_doubled(text.encode()))
    return lines.select(_LINE.str.strip_suffix("\r"), _starts((characters + 1) * 2)), bad_bytes


def _without_nuls(lines: pl.DataFrame, unit: int) -> tuple[pl.DataFrame, int]:
    """The lines without the NULs that they begin with, and how many bytes those were."""
    stripped = _LINE.str.strip_chars_start("\0")
    nul_bytes = ((_LINE.str.len_bytes() - stripped.str.len_bytes()) * unit).cast(pl.Int64)
    kept = lines.select(stripped, pl.col("byte_offset") + nul_bytes, nul_bytes.alias("nul_bytes"))
    return kept.drop("nul_bytes"), int(kept["nul_bytes"].sum())


def _decoded(data: bytes, encoding: str) -> tuple[str, int]:
    """The text of bytes, U+FFFD for what is none, and how many bytes those were."""
    try:
        return data.decode(encoding), 0
    except UnicodeDecodeError:
        valid = data.decode(encoding, errors="ignore")
        return data.decode(encoding, errors="replace"), len(data) - len(valid.encode(encoding))
