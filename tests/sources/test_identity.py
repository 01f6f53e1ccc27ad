"""Which stream a file is: nothing is lost and nothing is read twice, whatever happens to names (DESIGN §3, R2)."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest

from tests.sources.catalog import Catalog


def log(first: int, last: int) -> bytes:
    """Lines with these numbers, all different; 50 bytes each."""
    return b"".join(b"[GIN] 2024/05/01 - 12:00:00 | 200 | line %010d\n" % number for number in range(first, last))


def numbers(texts: list[str]) -> list[int]:
    """The numbers of lines that `log` made."""
    return [int(text[-10:]) for text in texts]


@pytest.fixture
def server_log(tmp_path: Path) -> Path:
    """A live log in a folder of its own."""
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder / "server.log"


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_a_second_run_reads_only_what_is_new(server_log: Path) -> None:
    catalog = Catalog()
    server_log.write_bytes(log(0, 100))
    catalog.run(server_log)
    append(server_log, log(100, 120))
    assert numbers(catalog.run(server_log).texts) == list(range(100, 120))
    assert catalog.run(server_log).texts == []


@pytest.mark.parametrize("lines", [1, 5, 30, 300])
def test_a_renamed_file_goes_on_and_the_new_one_is_its_next_generation(server_log: Path, lines: int) -> None:
    catalog = Catalog()
    server_log.write_bytes(log(0, lines))
    catalog.run(server_log.parent)
    append(server_log, log(lines, lines + 2))
    server_log.rename(server_log.with_name("server-1.log"))
    server_log.write_bytes(log(1000, 1003))
    run = catalog.run(server_log.parent)
    assert numbers(run.texts) == [lines, lines + 1, 1000, 1001, 1002]
    new = run.plan.items[1].source
    assert (new.family, new.generation, new.predecessor) == (str(server_log), 1, 1)
    assert run.plan.items[1].gap_bytes == 0
    assert catalog.run(server_log.parent).texts == []


@pytest.mark.parametrize("lines", [1, 5, 30, 300])
def test_copy_and_truncate_loses_nothing(server_log: Path, lines: int) -> None:
    catalog = Catalog()
    server_log.write_bytes(log(0, lines))
    catalog.run(server_log.parent)
    append(server_log, log(lines, lines + 2))
    shutil.copy(server_log, server_log.with_name("server.log.1"))
    server_log.write_bytes(log(1000, 1001))
    assert numbers(catalog.run(server_log.parent).texts) == [lines, lines + 1, 1000]
    append(server_log, log(1001, 1500))
    assert numbers(catalog.run(server_log.parent).texts) == list(range(1001, 1500))


@pytest.mark.parametrize("lines", [1, 5, 30, 300])
def test_a_packed_file_goes_on_where_the_plain_one_was_left(server_log: Path, lines: int) -> None:
    catalog = Catalog()
    server_log.write_bytes(log(0, lines))
    catalog.run(server_log)
    server_log.with_name("server.log.1.gz").write_bytes(gzip.compress(log(0, lines + 3)))
    server_log.unlink()
    run = catalog.run(server_log.parent)
    assert numbers(run.texts) == [lines, lines + 1, lines + 2]
    assert catalog.run(server_log.parent).texts == []


def test_a_file_that_is_replaced_is_read_from_its_beginning_and_what_may_be_lost_is_said(server_log: Path) -> None:
    catalog = Catalog()
    server_log.write_bytes(log(0, 100))
    catalog.run(server_log)
    server_log.write_bytes(log(500, 700))
    run = catalog.run(server_log)
    assert numbers(run.texts) == list(range(500, 700))
    assert run.plan.items[0].source.generation == 1
    assert run.plan.items[0].gap_bytes is None
    assert any("from its beginning" in remark for remark in run.plan.remarks)


def test_a_replacement_with_the_same_head_is_told_by_its_positions(server_log: Path) -> None:
    catalog = Catalog()
    server_log.write_bytes(log(0, 1000))
    catalog.run(server_log)
    same_head = log(0, 25) + log(5000, 5975)
    server_log.unlink()
    server_log.write_bytes(same_head)
    assert len(catalog.run(server_log).texts) == 1000


@pytest.mark.parametrize("size", [25, 60, 999])
def test_another_log_with_the_same_head_is_a_source_of_its_own(tmp_path: Path, size: int) -> None:
    catalog = Catalog()
    (tmp_path / "a.log").write_bytes(log(0, 1000))
    catalog.run(tmp_path)
    (tmp_path / "b.log").write_bytes(log(0, 24) + log(5000, 5000 + size - 24))
    assert len(catalog.run(tmp_path).texts) == size
    assert catalog.run(tmp_path).texts == []


@pytest.mark.parametrize("size", [3, 25, 60, 999])
def test_an_old_copy_has_nothing_that_is_not_read_already(tmp_path: Path, size: int) -> None:
    catalog = Catalog()
    (tmp_path / "a.log").write_bytes(log(0, 1000))
    catalog.run(tmp_path)
    (tmp_path / "archive.log").write_bytes(log(0, size))
    assert catalog.run(tmp_path).texts == []


@pytest.mark.parametrize("size", [25, 60, 999])
def test_an_old_copy_is_known_also_when_the_log_itself_is_gone(tmp_path: Path, size: int) -> None:
    catalog = Catalog()
    (tmp_path / "a.log").write_bytes(log(0, 1000))
    catalog.run(tmp_path)
    (tmp_path / "a.log").unlink()
    (tmp_path / "archive.log").write_bytes(log(0, size))
    assert catalog.run(tmp_path).texts == []


def test_a_copy_elsewhere_with_more_in_it_is_read_from_where_the_log_was_left(tmp_path: Path) -> None:
    catalog = Catalog()
    (tmp_path / "a.log").write_bytes(log(0, 100))
    catalog.run(tmp_path / "a.log")
    (tmp_path / "copy.log").write_bytes(log(0, 110))
    run = catalog.run(tmp_path / "copy.log")
    assert numbers(run.texts) == list(range(100, 110))
    assert run.plan.items[0].source.path == str(tmp_path / "a.log"), "the log keeps its name while it is there"
    append(tmp_path / "a.log", log(100, 115))
    assert numbers(catalog.run(tmp_path).texts) == list(range(110, 115))


def test_copies_that_go_on_differently_are_two_sources(tmp_path: Path) -> None:
    catalog = Catalog()
    (tmp_path / "a.log").write_bytes(log(0, 100))
    catalog.run(tmp_path)
    shutil.copy(tmp_path / "a.log", tmp_path / "b.log")
    append(tmp_path / "a.log", log(100, 103))
    append(tmp_path / "b.log", log(700, 702))
    run = catalog.run(tmp_path)
    assert sorted(len(lines) for lines in run.lines.values()) == [3, 102]


def test_one_stream_under_many_names_on_one_command_line_is_read_once(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    path = folder / "a.log"
    path.write_bytes(log(0, 100))
    (folder / "a.log.gz").write_bytes(gzip.compress(log(0, 100)))
    (folder / "half.log.gz").write_bytes(gzip.compress(log(0, 50)))
    shutil.copy(path, folder / "b.log")
    (folder / "c.log").symlink_to(path)
    os.link(path, folder / "d.log")
    catalog = Catalog()
    run = catalog.run(path, folder, path, str(folder / "*.log"), "-", stdin=log(0, 100))
    assert numbers(run.texts) == list(range(100))
    assert run.plan.items[0].source.path == str(path)
    assert catalog.run(folder, path, "-", stdin=log(0, 100)).texts == []


def test_standard_input_goes_on_where_the_file_was_left(server_log: Path) -> None:
    catalog = Catalog()
    server_log.write_bytes(log(0, 100))
    catalog.run(server_log)
    assert numbers(catalog.run("-", stdin=log(0, 103)).texts) == [100, 101, 102]
    assert catalog.run("-", stdin=log(0, 103)).texts == []
    assert numbers(catalog.run("-", stdin=gzip.compress(log(0, 104))).texts) == [103]
    assert len(catalog.run("-", stdin=log(0, 30) + log(800, 900)).texts) == 130


def test_inode_and_name_alone_are_no_proof(server_log: Path) -> None:
    catalog = Catalog()
    server_log.write_bytes(log(0, 100))
    catalog.run(server_log)
    with server_log.open("r+b") as file:
        file.write(log(9000, 9200))
    assert numbers(catalog.run(server_log).texts) == list(range(9000, 9200))


def test_a_restored_log_on_another_disk_is_the_same_source(server_log: Path, tmp_path: Path) -> None:
    catalog = Catalog()
    server_log.write_bytes(log(0, 100))
    catalog.run(server_log)
    restored = tmp_path / "elsewhere" / "server.log"
    shutil.copytree(server_log.parent, restored.parent)
    shutil.rmtree(server_log.parent)
    append(restored, log(100, 101))
    run = catalog.run(restored.parent)
    assert numbers(run.texts) == [100]
    assert run.plan.items[0].source.path == str(restored)
    assert run.plan.items[0].source.family == str(server_log)


def test_a_half_line_that_was_lost_with_the_power_does_not_repeat_the_log(server_log: Path) -> None:
    catalog = Catalog()
    server_log.write_bytes(log(0, 3) + b"[GIN] half a l")
    assert catalog.run(server_log).held == {1}
    server_log.write_bytes(log(0, 3) + log(3, 5))
    assert numbers(catalog.run(server_log).texts) == [3, 4]


def test_a_log_that_only_ever_held_half_a_line_stays_one_source(server_log: Path) -> None:
    catalog = Catalog()
    server_log.write_bytes(b"abc")
    catalog.run(server_log)
    server_log.write_bytes(b"xyz\n")
    run = catalog.run(server_log)
    assert run.texts == ["xyz"]
    assert (run.plan.items[0].source.id, run.plan.items[0].source.generation) == (1, 0)


def test_several_rotations_while_nobody_looked_are_read_oldest_first(server_log: Path) -> None:
    catalog = Catalog()
    server_log.write_bytes(log(0, 10))
    catalog.run(server_log.parent)
    append(server_log, log(10, 20))
    server_log.rename(server_log.with_name("server-3.log"))
    server_log.with_name("server-2.log").write_bytes(log(20, 30))
    server_log.with_name("server-1.log").write_bytes(log(30, 40).rstrip(b"\n"))
    server_log.write_bytes(log(40, 50))
    run = catalog.run(server_log.parent)
    assert numbers(run.texts) == list(range(10, 50))
    assert [item.source.generation for item in run.plan.items] == [0, 1, 2, 3]
    assert [item.source.predecessor for item in run.plan.items] == [None, 1, 2, 3]
    assert {item.source.family for item in run.plan.items} == {str(server_log)}


def test_a_rename_within_the_chain_keeps_everything(server_log: Path) -> None:
    catalog = Catalog()
    for generation in range(4):
        for number in (2, 1):
            older = server_log.with_name(f"server-{number}.log")
            if older.exists():
                older.rename(server_log.with_name(f"server-{number + 1}.log"))
        if server_log.exists():
            server_log.rename(server_log.with_name("server-1.log"))
        server_log.write_bytes(log(generation * 100, generation * 100 + 5))
        catalog.run(server_log.parent)
    assert numbers(catalog.texts) == [generation * 100 + line for generation in range(4) for line in range(5)]
    assert [catalog.sources[number].path[-12:] for number in (4, 3)] == ["s/server.log", "server-1.log"]


def test_a_file_with_a_known_beginning_costs_two_small_reads(server_log: Path) -> None:
    """P7: what is committed is not read again."""
    catalog = Catalog()
    server_log.write_bytes(log(0, 20_000))
    catalog.run(server_log, block_bytes=1 << 16)
    run = catalog.run(server_log)
    assert run.plan.items[0].unread_bytes == 0
