"""`ollalog doctor` says what it found, what it could not read, and what to do (F2)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ollalog.cli.main import run
from tests.test_runtime import access_lines

SERVER = b'time=2026-06-21T00:00:00.000+02:00 level=INFO source=routes.go:1 msg="Listening on 127.0.0.1:11434 (version 0.12.6)"\n'


def examined(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = run(["doctor", "--json", *words])
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return code, found


def test_doctor_says_how_far_each_log_was_read_and_what_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, root = tmp_path / "logs" / "server.log", str(tmp_path / "store")
    log.parent.mkdir()
    log.write_bytes(SERVER + access_lines(0, 5))
    run(["ingest", "--store", root, str(log)])
    with log.open("ab") as file:
        file.write(access_lines(5, 7))
    capsys.readouterr()
    code, found = examined(capsys, "--store", root, str(log.parent))
    assert code == 0
    (told,) = found["logs"]
    assert told["is_readable"]
    assert told["unread_bytes"] == len(access_lines(5, 7))
    assert found["versions"] == ["0.12.6"]
    assert found["zone"]["times"] == {"slog": 5}
    assert str(found["last_event_at"]).startswith("2026-06-2")
    assert any("something new" in suggestion for suggestion in found["suggestions"])
    assert run(["doctor", "--store", root, str(log.parent)]) == 0
    assert "not read yet" in capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_doctor_names_what_cannot_be_read_and_how_to_mend_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "server.log"
    log.write_bytes(access_lines(0, 1))
    log.chmod(0)
    code, found = examined(capsys, "--store", str(tmp_path / "store"), str(log))
    assert code == 1
    assert "permission denied" in str(found["suggestions"])


def test_doctor_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = examined(capsys, "--store", str(tmp_path / "store"), str(tmp_path / "missing.log"))
    assert (code, found["logs"], (tmp_path / "store").exists()) == (0, [], False)
    assert "no such file" in str(found["problems"])
