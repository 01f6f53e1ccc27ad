"""Blocks and lines of one source: what waits, what is final, what is counted, what goes wrong."""

from __future__ import annotations

import gzip
import os
import random
import socket
import threading
from pathlib import Path

import polars as pl
import pytest

from ollalog.core.batch import Block
from ollalog.core.errors import SourceError
from ollalog.sources import blocks, cut, plan
from tests.sources.catalog import Catalog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A live log."""
    return tmp_path / "server.log"


CUTS = {
    "nothing": (b"", [], 0, 0),
    "empty lines are lines": (b"\n\na\n", [(0, ""), (1, ""), (2, "a")], 0, 0),
    "no newline at the end": (b"a\nb", [(0, "a"), (2, "b")], 0, 0),
    "carriage returns": (b"a\r\nb\n\r\n\r\r\nc\rd\n", [(0, "a"), (3, "b"), (5, ""), (7, "\r"), (10, "c\rd")], 0, 0),
    "carriage return at the very end": (b"a\r\nb\r", [(0, "a"), (3, "b")], 0, 0),
    "two carriage returns at the very end": (b"a\nb\r\r", [(0, "a"), (2, "b\r")], 0, 0),
    "bad bytes": (b"a\xff\xfeb\n\xc3\nd\n", [(0, "a\ufffd\ufffdb"), (5, "\ufffd"), (7, "d")], 0, 3),
    "bad bytes beside a replacement character that was there": ("\ufffd".encode() + b"\x80\nb\n", [(0, "\ufffd\ufffd"), (5, "b")], 0, 1),
    "bad bytes and carriage returns": (b"\xff\r\nb\r\n", [(0, "\ufffd"), (3, "b")], 0, 1),
    "NULs before lines": (b"\0\0a\n\0\nb\0\n", [(2, "a"), (5, ""), (6, "b\0")], 3, 0),
    "what looks like zlib data": (b"x^a\nb\n", [(0, "x^a"), (4, "b")], 0, 0),
    "what looks like zlib data too": (b"x\x01a\nb\n", [(0, "x\x01a"), (4, "b")], 0, 0),
    "what is gzip data": (gzip.compress(b"", mtime=0)[:4] + b"\n", [(0, "\x1f\ufffd\x08\0")], 0, 1),
    "other ends of lines are no ends": ("a\x0bb\x0c\u2028\x85c\n".encode(), [(0, "a\x0bb\x0c\u2028\x85c")], 0, 0),
}


@pytest.mark.parametrize("name", CUTS)
def test_bytes_become_lines_with_the_offsets_of_the_bytes(name: str) -> None:
    data, lines, nul_bytes, bad_bytes = CUTS[name]
    batch = cut(Block(source=7, start=90, end=100 + len(data), data=data, skipped_bytes=10, nul_bytes=5))
    assert list(zip(batch.lines["byte_offset"], batch.lines["text"], strict=True)) == [(100 + at, text) for at, text in lines]
    assert (batch.nul_bytes, batch.bad_bytes) == (nul_bytes + 5, bad_bytes)
    assert batch.lines.schema == {"text": pl.String, "byte_offset": pl.Int64}


def test_a_half_line_waits_until_its_end_comes(path: Path) -> None:
    catalog = Catalog()
    path.write_bytes(b"one\ntw")
    run = catalog.run(path)
    assert (run.texts, run.held) == (["one"], {1})
    path.write_bytes(b"one\ntwo\n")
    run = catalog.run(path)
    assert (run.texts, run.held) == (["two"], set())


def test_a_half_line_is_taken_when_the_end_is_said_to_be_final(path: Path) -> None:
    catalog = Catalog()
    path.write_bytes(b"one\ntw")
    run = catalog.run(path, final=True)
    assert (run.texts, run.held) == (["one", "tw"], set())
    assert catalog.sources[1].offset == 6
    path.write_bytes(b"one\ntwo\n")
    assert catalog.run(path).texts == ["o"]


@pytest.mark.parametrize("name", ["server-1.log", "server.log.1", "server.log.2.gz", "server.log-20240501"])
def test_the_end_of_a_rotated_or_packed_file_is_final(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(b"one\ntwo") if name.endswith(".gz") else b"one\ntwo")
    run = Catalog().run(tmp_path)
    assert (run.texts, run.held) == (["one", "two"], set())


def test_a_hole_of_nuls_waits_for_the_line_behind_it(path: Path) -> None:
    """DESIGN §3, OLLAMA_LOGS §7: a second `ollama serve > file` leaves one."""
    catalog = Catalog()
    path.write_bytes(b"one\n")
    with path.open("r+b") as file:
        file.truncate(3 << 20)
    run = catalog.run(path)
    assert (run.texts, run.held, run.nul_bytes, catalog.sources[1].offset) == (["one"], set(), 0, 4)
    with path.open("ab") as file:
        file.write(b"two\n")
    run = catalog.run(path, block_bytes=1 << 16)
    assert run.lines[1] == [(3 << 20, "two")]
    assert run.nul_bytes == (3 << 20) - 4


def test_a_hole_of_many_mebibytes_needs_no_memory(path: Path) -> None:
    hole_bytes = 100 << 20
    path.write_bytes(b"")
    os.truncate(path, hole_bytes)
    with path.open("ab") as file:
        file.write(b"end\n")
    item = plan([str(path)], [], host="here", next_id=1).items[0]
    (block,) = blocks(item, final=False)
    assert len(block.data) < 2 << 20
    batch = cut(block)
    assert batch.lines["byte_offset"].to_list() == [hole_bytes]
    assert batch.nul_bytes == hole_bytes


def test_a_line_without_end_needs_no_memory_and_waits(path: Path) -> None:
    path.write_bytes(b"one\n" + b"x" * (40 << 20))
    run = Catalog().run(path, block_bytes=1 << 20)
    assert (run.texts, run.long_lines, run.held) == (["one"], [], {1})
    run = Catalog().run(path, block_bytes=1 << 20, final=True)
    assert (run.long_lines, run.held) == ([(4, 40 << 20)], set())


def test_the_beginning_of_a_long_line_is_kept(path: Path) -> None:
    path.write_bytes(b"<" + b"x" * (2 << 20) + b">\n")
    (block,) = blocks(plan([str(path)], [], host="here", next_id=1).items[0], final=False)
    assert block.data == b""
    assert block.long_lines[0].head == b"<" + b"x" * 2047
    assert (block.start, block.end, block.skipped_bytes) == (0, (2 << 20) + 3, (2 << 20) + 3)


def test_a_byte_order_mark_is_no_text(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbfone\ntwo\n")
    assert Catalog().run(path).lines[1] == [(3, "one"), (7, "two")]


def test_members_of_a_packed_file_follow_each_other(tmp_path: Path) -> None:
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(b"one\nt") + gzip.compress(b"wo\n"))
    catalog = Catalog()
    assert catalog.run(tmp_path).texts == ["one", "two"]
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(b"one\nt") + gzip.compress(b"wo\n") + gzip.compress(b"three\n"))
    assert catalog.run(tmp_path).texts == ["three"]


def test_what_is_packed_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    (tmp_path / "server.log.1").write_bytes(gzip.compress(b"packed\n"))
    (tmp_path / "plain.log.gz").write_bytes(b"plain\n")
    assert sorted(Catalog().run(tmp_path).texts) == ["packed", "plain"]


@pytest.mark.parametrize("kept", [1, 5, 15, 200, -4, -1])
def test_a_packed_file_that_is_cut_off_waits(tmp_path: Path, kept: int) -> None:
    whole = gzip.compress(b"".join(b"%d line\n" % (number * 7919) for number in range(2000)))
    packed, catalog = tmp_path / "server.log.1.gz", Catalog()
    packed.write_bytes(whole[:kept])
    run = catalog.run(tmp_path)
    assert (run.texts, run.messages) == ([], [])
    assert any("cut off" in remark for remark in run.plan.remarks)
    packed.write_bytes(whole)
    assert len(catalog.run(tmp_path).texts) == 2000


def test_a_damaged_packed_file_is_a_problem_of_its_own(tmp_path: Path) -> None:
    damaged = bytearray(gzip.compress(b"".join(b"%d line\n" % (number * 7919) for number in range(2000))))
    damaged[len(damaged) // 2] ^= 0xFF
    (tmp_path / "a.log.gz").write_bytes(damaged)
    (tmp_path / "b.log").write_bytes(b"one\n")
    run = Catalog().run(tmp_path)
    assert run.texts == ["one"]
    assert len(run.messages) == 1
    assert "gzip -t" in run.messages[0]


def test_a_file_that_vanishes_before_it_is_read_does_not_stop_the_others(tmp_path: Path) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text(name + "\n")
    found = plan([str(tmp_path)], [], host="here", next_id=1)
    (tmp_path / "a.log").unlink()
    texts = [text for item in found.items for block in blocks(item, final=False) for text in cut(block).lines["text"]]
    assert texts == ["b.log"]
    problem = found.items[0].result and found.items[0].result.problem
    assert isinstance(problem, SourceError)
    assert "vanished" in str(problem)


def test_a_file_that_is_replaced_between_looking_and_reading_is_not_mixed_up(path: Path) -> None:
    catalog = Catalog()
    path.write_bytes(b"one\n")
    catalog.run(path)
    path.write_bytes(b"one\ntwo\n")
    item = plan([str(path)], list(catalog.sources.values()), host="here", next_id=2).items[0]
    path.write_bytes(b"uno\ndue\ntre\n")
    assert list(blocks(item, final=False)) == []
    assert item.result is not None
    assert "replaced" in str(item.result.problem)
    assert catalog.run(path).texts == ["uno", "due", "tre"]


@pytest.mark.parametrize("kept_bytes", [200, 3000])
def test_packed_data_that_stops_early_in_a_pipe_is_told_and_nothing_of_it_is_read(kept_bytes: int) -> None:
    packed = gzip.compress(random.Random(1).randbytes(5000))  # noqa: S311 - bytes that do not pack
    catalog = Catalog()
    run = catalog.run("-", stdin=packed[:kept_bytes])
    assert run.texts == []
    assert run.plan.remarks == ["-: the packed data is cut off; it is read when it is complete"]


def test_a_named_pipe_is_read_like_standard_input(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"one\ntwo",))
    writer.start()
    assert Catalog().run(pipe).texts == ["one", "two"]
    writer.join()


def test_a_socket_is_no_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("api.sock")
        assert "socket" in Catalog().run("api.sock").messages[0]


def test_standard_input_of_any_length_streams() -> None:
    data = b"".join(b"%060d\n" % number for number in range(5000))
    catalog = Catalog()
    run = catalog.run("-", stdin=data, block_bytes=4096)
    assert len(run.texts) == 5000
    assert run.plan.items[0].size_bytes is None
    assert catalog.sources[1].family.startswith("stdin:")
    assert len(catalog.run("-", stdin=data + b"new\n").texts) == 1
