"""From what the user names to what is read (E1, F2, U)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ollalog.sources.discover import discover, is_log_name
from ollalog.sources.places import Machine, discover_usual, usual_logs
from tests.sources.catalog import Catalog

LOGS = [
    "server.log",
    "server-1.log",
    "app.log",
    "ollama.log.1",
    "ollama.log.2.gz",
    "ollama.log-20240501.gz",
    "nohup.out",
    "slurm-77.out",
    "performance.jsonl",
    "performance.jsonl.1",
    "events.jsonl",
    "0a1b-json.log",
    "0a1b-json.log.2",
    "journal.json",
    "ollama-export.json",
    "ollama.json.gz",
    "ollama.txt",
    "error.log.old",
    "archive.gz",
    "Server.LOG",
    "x.ndjson",
]
OTHERS = [
    "README.md",
    "package.json",
    "notes.txt",
    "server.log.swp",
    ".server.log",
    "server.log~",
    "catalog.sqlite",
    "part.parquet",
    "models.tar.gz",
    "data.csv.gz",
    "log.py",
    "server.log.zst",
    "config.toml",
    "server.log.lock",
    "image.png",
]


@pytest.mark.parametrize("name", LOGS)
def test_a_name_that_logs_have_counts_in_a_folder(name: str) -> None:
    assert is_log_name(name)


@pytest.mark.parametrize("name", OTHERS)
def test_a_name_that_other_files_have_does_not(name: str) -> None:
    assert not is_log_name(name)


def test_a_file_that_is_named_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("a line\n")
    assert Catalog().run(tmp_path / "notes.md").texts == ["a line"]


def test_a_missing_file_is_a_problem_with_the_nearest_name_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "server.log").write_text("a line\n")
    run = Catalog().run(tmp_path / "sevrer.log", tmp_path / "server.log", tmp_path / "nowhere" / "x.log")
    assert run.texts == ["a line"]
    assert "did you mean 'server.log'?" in run.messages[0]
    assert [problem.exit_code for problem in run.plan.problems] == [3, 3]
    assert all(problem.at and problem.found and problem.want and problem.fix for problem in run.plan.problems)


def test_a_folder_without_logs_is_a_remark(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("none here\n")
    run = Catalog().run(tmp_path)
    assert run.messages == []
    assert "no logs in this folder" in run.plan.remarks[0]


def test_an_empty_file_is_a_remark_only_when_it_was_named(tmp_path: Path) -> None:
    (tmp_path / "app.log").touch()
    assert Catalog().run(tmp_path).plan.remarks == []
    run = Catalog().run(tmp_path / "app.log")
    assert (run.messages, run.plan.remarks) == ([], [f"{tmp_path / 'app.log'}: empty"])


def test_a_folder_means_the_logs_in_the_folders_below_it_too(tmp_path: Path) -> None:
    for name in ("a/server.log", "a/server-1.log", "b/server.log", ".hidden/server.log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name + "\n")
    assert Catalog().run(tmp_path).texts == ["a/server-1.log", "a/server.log", "b/server.log"]


def test_patterns_are_expanded_and_one_that_matches_nothing_is_a_problem(tmp_path: Path) -> None:
    for name in ("a.log", "b.log", "c.txt"):
        (tmp_path / name).write_text(name + "\n")
    run = Catalog().run(tmp_path / "*.log", tmp_path / "*.gz")
    assert run.texts == ["a.log", "b.log"]
    assert "no file matches" in run.messages[0]


def test_a_name_with_a_bracket_is_no_pattern_when_it_exists(tmp_path: Path) -> None:
    (tmp_path / "a[1].log").write_text("a line\n")
    assert Catalog().run(tmp_path / "a[1].log").texts == ["a line"]


def test_a_link_that_leads_nowhere_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "server.log").symlink_to(tmp_path / "gone.log")
    assert "there is no such file" in Catalog().run(tmp_path / "server.log").messages[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_files_and_folders_without_permission_are_problems(tmp_path: Path) -> None:
    (tmp_path / "closed.log").write_text("a line\n")
    (tmp_path / "closed.log").chmod(0)
    (tmp_path / "closed").mkdir(mode=0)
    (tmp_path / "open.log").write_text("open\n")
    run = Catalog().run(tmp_path)
    assert run.texts == ["open"]
    assert len(run.messages) == 2
    assert all("permission denied" in message for message in run.messages)


def test_logs_packed_otherwise_are_left_out_with_a_remark(tmp_path: Path) -> None:
    (tmp_path / "server.log.zst").touch()
    (tmp_path / "server.log").write_text("a line\n")
    assert any("server.log.zst: left out" in remark for remark in discover([str(tmp_path)]).remarks)


def test_without_paths_the_usual_places_are_searched(tmp_path: Path) -> None:
    """F2: zero configuration."""
    home, root, here = tmp_path / "home", tmp_path / "root", tmp_path / "here"
    container = root / "var/lib/docker/containers"
    logs = [
        home / ".ollama/logs/server-1.log",
        home / ".ollama/logs/server.log",
        tmp_path / "local/Ollama/server.log",
        root / "opt/homebrew/var/log/ollama.log",
        root / "var/log/ollama.log",
        here / "performance.jsonl",
        here / "logs/performance.jsonl",
        container / "0a/0a-json.log",
    ]
    for path in [*logs, container / "0b/0b-json.log", root / "var/log/kern.log", home / ".ollama/id_ed25519"]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (container / "0a/config.v2.json").write_text('{"Config": {"Image": "ollama/ollama:0.12.6"}}')
    (container / "0b/config.v2.json").write_text('{"Config": {"Image": "nginx"}}')
    machine = Machine(home, {"LOCALAPPDATA": str(tmp_path / "local")}, root, here)
    assert sorted(usual_logs(machine)) == sorted(logs)


def test_a_machine_without_logs_gets_advice(tmp_path: Path) -> None:
    found = discover_usual(Machine(tmp_path, {}, tmp_path, tmp_path))
    assert found.paths == []
    assert "journalctl" in found.remarks[0]
