"""Where the store is: the option, else the environment or the settings file, else the user's data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollalog.cli.session import Session


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
