"""Whatever the bytes, the size of blocks and the moments at which a run looks: the same lines at the same offsets."""

from __future__ import annotations

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.sources.catalog import Catalog, Line, lines_of

PIECES = st.sampled_from(
    [
        b"\n",
        b"\r\n",
        b"\r",
        b"\0",
        b"\0\0\0\0",
        b"\xff",
        b"\xc3",
        b"\xe2\x82",
        b"x",
        b"x\x01",
        b"(",
        b"\x1f",
        b"abc def",
        "µs €".encode(),
        b"[GIN] 2024/05/01",
        b"y" * 70,
    ]
)
BYTES = st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=60).map(b"".join))
PLAIN_BYTES = BYTES.filter(lambda data: not data.startswith((b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff")))


@settings(deadline=None)
@given(data=PLAIN_BYTES, block_bytes=st.integers(1, 400), stops=st.lists(st.integers(0, 300), max_size=5), final=st.booleans())
@example(data=b"x^abc\nb\n", block_bytes=64, stops=[], final=False)
@example(data=b"a\r\nb\r\r", block_bytes=64, stops=[], final=True)
def test_a_growing_file_gives_the_same_lines_however_it_is_read(*, data: bytes, block_bytes: int, stops: list[int], final: bool) -> None:
    """R3, DESIGN §3: splitting any input at any byte into any number of runs gives the same lines."""
    with TemporaryDirectory() as folder:
        path, catalog = Path(folder) / "server.log", Catalog()
        for stop in [*sorted(stops), len(data)]:
            path.write_bytes(data[:stop])
            catalog.run(path, block_bytes=block_bytes)
        if final:
            catalog.run(path, final=True, block_bytes=block_bytes)
        expected, _ = lines_of(data, take_rest=final)
        assert list(catalog.lines.get(1, [])) == expected
        assert set(catalog.lines) <= {1}


@settings(deadline=None)
@given(PLAIN_BYTES, st.integers(1, 400))
def test_gzip_and_stdin_give_the_lines_of_the_file_whose_end_is_final(data: bytes, block_bytes: int) -> None:
    """DESIGN §3: in a packed file and a stream the last line needs no newline."""
    with TemporaryDirectory() as folder:
        packed = Path(folder) / "server.log.gz"
        packed.write_bytes(gzip.compress(data))
        expected, _ = lines_of(data, take_rest=True)
        assert Catalog().run(packed, block_bytes=block_bytes).lines.get(1, []) == expected
        assert Catalog().run("-", stdin=data, block_bytes=block_bytes).lines.get(1, []) == expected


@settings(deadline=None)
@given(
    st.text(alphabet=st.sampled_from("ab\r\n\0\u0a00\u000a\ud7ff\U0001f600µ"), max_size=80),
    st.integers(1, 50),
    st.sampled_from(["utf-16-le", "utf-16-be"]),
    st.integers(0, 90),
)
def test_utf16_gives_the_same_lines_at_the_offsets_of_its_own_bytes(text: str, block_bytes: int, encoding: str, stop: int) -> None:
    """DESIGN §3: PowerShell's redirection writes UTF-16 with a byte order mark."""
    data = ("\ufeff" + text).encode(encoding)
    expected: list[Line] = []
    at = 2
    for line in text.split("\n")[:-1]:
        first = at + 2 * (len(line) - len(line.lstrip("\0")))
        expected.append((first, line.lstrip("\0").removesuffix("\r")))
        at += len((line + "\n").encode(encoding))
    with TemporaryDirectory() as folder:
        path, catalog = Path(folder) / "server.log", Catalog()
        path.write_bytes(data[:stop])
        catalog.run(path, block_bytes=block_bytes)
        path.write_bytes(data)
        catalog.run(path, block_bytes=block_bytes)
        assert catalog.lines.get(1, []) == expected


@pytest.mark.parametrize("block_bytes", [1 << 16, 1 << 20, 3 << 20])
@pytest.mark.parametrize("length", [LIMIT - 1 for LIMIT in (1 << 20,)] + [1 << 20, (1 << 20) + 1, 2 << 20, 5 << 20])
@pytest.mark.parametrize("holes", [b"", b"\0" * 7, b"\0" * (2 << 20)])
def test_a_line_longer_than_a_mebibyte_is_told_by_place_and_length(tmp_path: Path, length: int, block_bytes: int, holes: bytes) -> None:
    """R3: lines of any length in bounded memory; leading NULs do not count."""
    data = b"a\n" + holes + b"x" * length + b"\n" + holes + b"b\n" + b"y" * length + b"\nz\n"
    path = tmp_path / "server.log"
    path.write_bytes(data)
    run = Catalog().run(path, block_bytes=block_bytes)
    lines, long_lines = lines_of(data)
    assert run.lines[1] == lines
    assert run.long_lines == long_lines
    assert run.nul_bytes == 2 * len(holes)
