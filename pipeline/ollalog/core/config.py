"""Settings: one documented field per option, from defaults, then a TOML file, then the environment."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ollalog.core.errors import ConfigError, did_you_mean
from ollalog.core.zones import zone_fault

FILE_NAME = "ollalog.toml"
PREFIX = "OLLALOG_"
# Names that other programs of the Ollama world use for the same thing.
ALIASES = {"OLLAMA_PERFORMANCE_STORAGE_PATH": "store", "OLLAMA_MONITORING_INTERVAL": "sample_interval_s"}


def _setting(meaning: str, *, default: Any = None, default_factory: Any = None, **bounds: float) -> Any:  # noqa: ANN401 - as field
    metadata = {"meaning": meaning, "bounds": bounds}
    return field(default_factory=default_factory, metadata=metadata) if default_factory else field(default=default, metadata=metadata)


# A plain dataclass: pydantic, which validates it, is imported only when there is something to validate.
@dataclass(frozen=True)
class Settings:
    """Everything that can be set; the unit is in the name."""

    store: Path | None = _setting("store folder; default: in the folder for data of the user")
    timezone: str | None = _setting("zone of log times that carry none, and of hours and days in reports; like Europe/Berlin or +05:30")
    host: str | None = _setting("name of the machine that the logs are of; default: this machine")
    hash_clients: bool = _setting("store a hash instead of each client's address", default=False)
    rules: Path | None = _setting("folder with alert rules of your own (*.sql), beside those that ship with ollalog")
    no_alerts: bool = _setting("do not search what is ingested for alerts", default=False)
    alerts: dict[str, dict[str, Any]] = _setting(
        "changes of rules, each in a table `[alerts.NAME]`: threshold, recovery, severity, for, keep_firing_for, no_data",
        default_factory=dict,
    )
    retention: dict[str, Any] = _setting(
        "what is kept: keep_days, max_rows, max_bytes; and the same for single tables, each in a table `[retention.NAME]`",
        default_factory=dict,
    )
    sample_interval_s: float = _setting("time from one sample of this host to the next; seconds", default=5.0, ge=0.1)
    sinks: list[dict[str, Any]] = _setting(
        "where alerts are told, each in a table `[[sinks]]`: kind (stdout, jsonl, webhook, alertmanager), url or path, and when",
        default_factory=list,
    )
    inhibit: list[dict[str, Any]] = _setting(
        "alerts that make others needless to tell, each in a table `[[inhibit]]`: when, mute, equal", default_factory=list
    )
    namespaces: str = _setting("namespaces of exported metrics, with commas: ollama, tinyllm, crew, prefixes of yours", default="ollama")
    max_series: int = _setting("most series of an exported metric; those that came later count together", default=1000, ge=1)
    sql_timeout_s: float = _setting("longest time that one query of yours may take; seconds", default=30.0, gt=0)
    sql_max_rows: int | None = _setting("most rows of a query of yours, 0 for all; default: 10,000 in a table, else a million", ge=0)

    def over(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The options of a command, with the setting of the same name in place of each one that was not given."""
        return {name: value or getattr(self, name, value) for name, value in given.items()}


def find_settings_file(chosen: Path | None) -> Path | None:
    """The file named with --config, else ollalog.toml here, else in the user's config folder; None when there is none.

    Raises:
        ConfigError: the file named with --config is not there.
    """
    if chosen is not None:
        if not chosen.is_file():
            raise ConfigError(
                "the settings file is not there", at="--config", found=str(chosen), fix="correct the path, or leave --config out"
            )
        return chosen
    from platformdirs import user_config_path

    places = [Path(FILE_NAME)]
    with suppress(RuntimeError):  # a user without a home, such as one that systemd makes for a service
        places.append(user_config_path("ollalog", appauthor=False) / FILE_NAME)
    return next((place for place in places if place.is_file()), None)


def load_settings(file: Path | None, environment: Mapping[str, str]) -> Settings:
    """Read all settings; the environment wins over the file.

    Raises:
        ConfigError: names every unknown key and every value that does not fit, at once.
    """
    given = {**_from_file(file), **_from_environment(environment)}
    return _validated(given) if given else Settings()


def _from_file(file: Path | None) -> dict[str, tuple[str, object]]:
    """Setting -> (place, value) of a TOML file."""
    if file is None:
        return {}
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(
            "the settings file cannot be read", at=str(file), found=str(error), fix="write TOML: sql_max_rows = 1000"
        ) from error
    return {key: (str(file), value) for key, value in content.items()}


def _from_environment(environment: Mapping[str, str]) -> dict[str, tuple[str, object]]:
    """Setting -> (variable, value) of all variables that are ours."""
    ours: dict[str, tuple[str, object]] = {ALIASES[name]: (name, value) for name, value in environment.items() if name in ALIASES and value}
    return ours | {
        name.removeprefix(PREFIX).lower(): (name, value) for name, value in environment.items() if name.startswith(PREFIX) and value
    }


def _validated(given: Mapping[str, tuple[str, object]]) -> Settings:
    """Check keys and values; all faults are collected, then raised once."""
    known = [setting.name for setting in fields(Settings)]
    faults = [
        (place, f"unknown setting {key!r}", did_you_mean(key, known) or "the settings are: " + ", ".join(known))
        for key, (place, _) in given.items()
        if key not in known
    ]
    values, bad_values = _typed({key: value for key, (_, value) in given.items() if key in known})
    faults += [(given[key][0], f"{key}: {fault}", "correct the value") for key, fault in bad_values]
    if faults:
        raise ConfigError(
            "; ".join(what for _, what, _ in faults),
            at=", ".join(dict.fromkeys(place for place, _, _ in faults)),
            fix="; ".join(dict.fromkeys(fix for _, _, fix in faults)),
        )
    return Settings(**values)


def _typed(values: Mapping[str, object]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The values in the types of their fields, and (setting, fault) for those that do not fit."""
    from typing import get_type_hints

    from pydantic import Field, ValidationError, create_model

    hints = get_type_hints(Settings)
    definitions = {setting.name: (hints[setting.name], Field(None, **setting.metadata["bounds"])) for setting in fields(Settings)}
    model = create_model("SettingsFile", **definitions)  # type: ignore[call-overload]
    try:
        checked = model.model_validate(dict(values))
    except ValidationError as error:
        return {}, [(str(fault["loc"][0]), fault["msg"][:1].lower() + fault["msg"][1:]) for fault in error.errors()]
    typed = {name: getattr(checked, name) for name in values}
    fault = zone_fault(typed["timezone"]) if typed.get("timezone") else None
    return typed, [("timezone", fault)] if fault else []
