"""`status` and `verify` as a person or a script calls them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ollalog.cli.main import run
from ollalog.core.batch import Turn
from tests.store.building import opened, turn


def at_log(log: Path, made: Turn) -> Turn:
    return replace(made, sources=(replace(made.sources[0], path=str(log)),))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store of one log that has grown by 500 bytes since, and of one that is gone."""
    log = tmp_path / "server.log"
    log.write_bytes(b"x" * 1500)
    with opened(tmp_path / "store") as store:
        store.commit(turn(0, 5, source=2, family="gone"))
        store.commit(at_log(log, turn(0, 10)))
    return tmp_path / "store"


def test_status_is_one_json_object(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--store", str(root), "status", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["last_batch"], found["last_batch_at"], found["last_error"], found["writer"]) == (2, "2026-03-09T00:00:00Z", None, None)
    assert found["size_bytes"] > 10_000
    assert found["totals"] == {
        "sources": 2,
        "lines": 15,
        "lag_bytes": 500,
        "fates": {"row": 15, "folded": 0, "noise": 0, "rejected": 0, "held": 0},
        "noise": {},
        "rows": {"requests": 15},
    }
    present, gone = found["sources"]
    assert (present["offset"], present["size_bytes"], present["lag_bytes"]) == (1000, 1500, 500)
    assert (gone["path"], gone["family"], gone["offset"], gone["size_bytes"], gone["lag_bytes"]) == (
        "/logs/gone.2.log",
        "gone",
        500,
        None,
        None,
    )


def test_status_shows_a_table_and_what_to_do(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(root):
        assert run(["--store", str(root), "status"]) == 0
    shown = capsys.readouterr().out
    for text in (
        "/logs/gone.2.log",
        "15 lines of 2 logs; 15 requests",
        "500 bytes; `ollalog ingest` reads them",
        "(test, since 2026-03-09T00:00:00Z)",
    ):
        assert text in shown


def test_status_of_no_store_says_what_to_do_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """U4."""
    assert run(["--store", str(tmp_path / "none"), "status"]) == 0
    assert "the store is empty: read logs first with `ollalog ingest PATH...`" in capsys.readouterr().out
    assert run(["--store", str(tmp_path / "none"), "status", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["last_batch"] is None


def test_terminal_escapes_in_a_path_are_shown_not_obeyed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R3."""
    with opened(tmp_path) as store:
        store.commit(at_log(Path("/logs/\x1b[31mred.log"), turn(0, 1)))
        store.note_error("no such file: \x1b[2J")
    run(["--store", str(tmp_path), "status"])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\\x1b[31mred.log" in shown


def test_verify_ends_with_0_when_all_agrees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(tmp_path) as store:
        store.commit(turn(0, 5))
    assert run(["--store", str(tmp_path), "verify"]) == 0
    assert capsys.readouterr().out.startswith("ok: 1 batch, 5 requests")
    assert run(["--store", str(tmp_path), "verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"]["requests"] == 5


def test_verify_ends_with_1_and_names_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(tmp_path) as store:
        store.commit(turn(0, 5))
    (tmp_path / "data/stray.parquet").write_bytes(b"")
    assert run(["--store", str(tmp_path), "verify"]) == 1
    shown = capsys.readouterr().out
    assert "1 problem in 1 batch" in shown
    assert "data/stray.parquet: nobody committed this file" in shown
    assert run(["--store", str(tmp_path), "verify", "--json"]) == 1


def test_verify_of_no_store_says_what_to_do_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--store", str(tmp_path / "none"), "verify"]) == 0
    assert "ollalog ingest" in capsys.readouterr().out
