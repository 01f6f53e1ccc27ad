"""Where the store is: the option, else the environment or the settings file, else the user's data folder."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest
from click.testing import CliRunner

from ollalog.cli.main import OLLALOG
from ollalog.cli.session import Session
from ollalog.core.errors import UsageError


def test_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLALOG_STORE", "/from/environment")
    assert Session(store_option=Path("/from/option")).store == Path("/from/option")
    assert Session().store == Path("/from/environment")


def test_without_any_choice_it_is_in_the_data_folder_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OLLALOG_STORE", "OLLAMA_PERFORMANCE_STORAGE_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert Session().store.parts[-2:] == ("ollalog", "store")


@pytest.fixture
def _homeless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user as systemd makes one for a service: no HOME, and no entry that says where home is."""

    def unknown(_user: int) -> pwd.struct_passwd:
        raise KeyError

    for name in ("HOME", "OLLALOG_STORE", "OLLAMA_PERFORMANCE_STORAGE_PATH", "OLLAMA_MODELS", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_homeless")
@pytest.mark.parametrize("command", [["ingest", "server.log"], ["tail", "--once-idle", "0"], ["doctor"]])
def test_a_user_without_a_home_is_served_like_any_other(tmp_path: Path, command: list[str]) -> None:
    line = '[GIN] 2026/06/21 - 18:00:00 | 200 |          1.5s |       127.0.0.1 | POST     "/api/chat"\n'
    (tmp_path / "server.log").write_text(line, encoding="utf-8")
    result = CliRunner().invoke(OLLALOG, [*command, "--store", str(tmp_path / "store")], catch_exceptions=False)
    assert result.exit_code == 0, result.output


@pytest.mark.usefixtures("_homeless")
def test_where_there_is_no_home_a_store_has_to_be_named() -> None:
    with pytest.raises(UsageError, match="no home folder"):
        _ = Session().store
