"""Settings: defaults, then the file, then the environment; every fault is named, with the nearest valid name."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from ollalog.core.config import Settings, find_settings_file, load_settings
from ollalog.core.errors import ConfigError


def written(folder: Path, text: str) -> Path:
    file = folder / "ollalog.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_file_and_environment_there_are_defaults() -> None:
    assert load_settings(None, {"PATH": "/bin"}) == Settings()


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, 'host = "a"\nsql_max_rows = 5\n')
    settings = load_settings(file, {"OLLALOG_HOST": "b", "OLLALOG_HASH_CLIENTS": "true"})
    assert (settings.host, settings.sql_max_rows, settings.hash_clients) == ("b", 5, True)


def test_name_of_the_performance_monitor_is_honoured() -> None:
    assert load_settings(None, {"OLLAMA_PERFORMANCE_STORAGE_PATH": "/data"}).store == Path("/data")
    assert load_settings(None, {"OLLAMA_PERFORMANCE_STORAGE_PATH": "/data", "OLLALOG_STORE": "/own"}).store == Path("/own")


def test_empty_variable_counts_as_not_set() -> None:
    assert load_settings(None, {"OLLALOG_STORE": ""}) == Settings()


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    file = written(tmp_path, "sql_max_row = 5\nsql_timeout_s = -1\n")
    with pytest.raises(ConfigError) as raised:
        load_settings(file, {"OLLALOG_TIMEZONE": "Europe/Berln"})
    message = str(raised.value)
    assert "unknown setting 'sql_max_row'" in message
    assert "did you mean 'sql_max_rows'?" in message
    assert "sql_timeout_s: input should be greater than 0" in message
    assert str(file) in message


def test_zone_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'Europe/Berlin'"):
        load_settings(None, {"OLLALOG_TIMEZONE": "Europe/Berln"})


def test_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(written(tmp_path, "host = = 1"), {})


def test_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not there"):
        find_settings_file(tmp_path / "none.toml")


def test_file_in_the_working_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert find_settings_file(None) is None
    written(tmp_path, "")
    assert find_settings_file(None) == Path("ollalog.toml")


def test_every_setting_is_documented() -> None:
    """U5: a setting's meaning stands in its definition."""
    assert all(setting.metadata["meaning"] for setting in fields(Settings))


def test_option_of_a_command_wins_over_the_setting_of_its_name() -> None:
    assert Settings(host="a", timezone="UTC").over({"host": "b", "timezone": None, "final": False}) == {
        "host": "b",
        "timezone": "UTC",
        "final": False,
    }
