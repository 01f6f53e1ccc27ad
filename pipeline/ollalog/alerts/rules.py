"""`sql/alerts` and folders of the user -> rules, with what the settings change of them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from ollalog.core.errors import ConfigError, PipelineError, SqlFileError, UsageError, did_you_mean
from ollalog.core.layout import sql_folder
from ollalog.core.sqlfile import DURATION, KINDS, NO_DATA, SEVERITIES, SqlFile, read_sql_file

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
WINDOW = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
# Rows are expanded into the ticks whose window holds them, so longer windows have wider ticks.
STEPS = ((timedelta(hours=1), MINUTE), (timedelta(days=1), timedelta(minutes=15)), (timedelta.max, timedelta(hours=1)))
# What a settings file may change of a rule: the header's own words.
CHANGEABLE = ("threshold", "recovery", "severity", "for", "keep_firing_for", "no_data")


@dataclass(frozen=True)
class Rule:
    """One alert rule: which things are bad at which tick (the SELECT), and when that is worth an alert (the rest).

    `window` is how far back one tick looks through `recent_…` relations, `lookback` how far back the other relations
    reach; `step` is the distance of ticks in history.
    """

    file: SqlFile
    severity: str
    threshold: float | None
    recovery: float | None
    wait: timedelta
    keep: timedelta
    window: timedelta
    lookback: timedelta
    no_data: str

    @property
    def name(self) -> str:
        """The file's name."""
        return self.file.name

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns that tell one alert of this rule from another."""
        return tuple(self.file.settings.get("labels", ()))

    @property
    def recommendation(self) -> str:
        """What to do about it."""
        return str(self.file.settings.get("recommendation", ""))

    @property
    def beyond(self) -> str | None:
        """How the SELECT compares `value` with `threshold()`, where that is all that it does with it; None: not told."""
        told = self.file.settings.get("beyond")
        return None if told is None else str(told)

    @property
    def unit(self) -> str:
        """Unit of values and threshold; "" for plain numbers."""
        return str(self.file.settings.get("unit", ""))

    @property
    def evidence(self) -> str:
        """A query for `ollalog sql` that shows what the rule is about; "" when there is none."""
        return str(self.file.settings.get("evidence", ""))

    @property
    def step(self) -> timedelta:
        """Distance of ticks in history."""
        return next(step for longest, step in STEPS if self.window <= longest)

    @property
    def recent(self) -> tuple[str, ...]:
        """The relations whose recent rows it reads, without `recent_`."""
        return tuple(need.removeprefix("recent_") for need in self.file.needs if need.startswith("recent_"))


@dataclass(frozen=True)
class RuleSet:
    """Rules by name, in alphabetical order, and what is wrong with files of the user that are no rules."""

    rules: Mapping[str, Rule]
    faults: tuple[PipelineError, ...] = ()


def load_rules(folder: Path | None, changes: Mapping[str, Mapping[str, Any]]) -> RuleSet:
    """Read the rules that ship with the program and those of a folder; of two with one name the folder's counts.

    Args:
        folder: Rules of the user, `*.sql`; None: no more than the default ones.
        changes: Rule -> key of CHANGEABLE -> value, as in `[alerts.NAME]` of the settings.

    Returns:
        The rules; a file of the folder that is wrong is among the faults, and the others are there.

    Raises:
        UsageError: the folder is not there.
        ConfigError: a change is of an unknown rule or key, or its value does not fit; all of them at once.
        SqlFileError: a rule that ships with the program is wrong.
    """
    files = {path.stem: read_sql_file(path, "alert") for path in sorted(sql_folder("alerts").glob("*.sql"))}
    faults: list[PipelineError] = []
    for path in _user_files(folder):
        try:
            files[path.stem] = read_sql_file(path, "alert")
            _check_labels(files[path.stem])
        except SqlFileError as fault:
            files.pop(path.stem, None)
            faults.append(fault)
    wrong = list(_change_faults(files, changes, {Path(fault.at or "").stem for fault in faults}))
    if wrong:
        what, fix = ("; ".join(dict.fromkeys(parts)) for parts in zip(*wrong, strict=True))
        raise ConfigError(what, at="[alerts] of the settings", want=", ".join(CHANGEABLE), fix=fix)
    return RuleSet({name: rule_of(files[name], changes.get(name, {})) for name in sorted(files)}, tuple(faults))


def rule_of(file: SqlFile, changes: Mapping[str, Any]) -> Rule:
    """The rule of a file, with what the settings change of it."""
    told = {**file.settings, **changes}
    window = duration(told.get("window", "")) or WINDOW
    return Rule(
        file=file,
        severity=str(told["severity"]),
        threshold=told.get("threshold"),
        recovery=told.get("recovery"),
        wait=duration(told.get("for", "")),
        keep=duration(told.get("keep_firing_for", "")),
        window=window,
        lookback=max(window, duration(told.get("lookback", ""))),
        no_data=str(told.get("no_data", "ok")),
    )


def duration(text: str) -> timedelta:
    """A duration of a header: "30s", "5m", "1h", "7d"; none is no time."""
    return timedelta(**{UNITS[text[-1]]: int(text[:-1])}) if text else timedelta()


def digest(rules: Iterable[Rule]) -> str:
    """Names some rules with all that they say and their settings: 16 hex digits."""
    told = [
        (
            rule.name,
            rule.file.select,
            dict(rule.file.settings),
            rule.severity,
            rule.threshold,
            rule.recovery,
            rule.wait,
            rule.keep,
            rule.no_data,
        )
        for rule in rules
    ]
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:16]


def unknown_rule(name: str, known: Sequence[str]) -> UsageError:
    """The error for a name that no rule has."""
    return UsageError(f"no rule {name!r}", fix=did_you_mean(name, known) or "list them with: ollalog rules list")


def _user_files(folder: Path | None) -> list[Path]:
    """The files of the user's folder."""
    if folder is None:
        return []
    if not folder.is_dir():
        raise UsageError(
            "the folder of rules is not there", at="--rules", found=str(folder), want="a folder with *.sql", fix="correct the path"
        )
    return sorted(folder.glob("*.sql"))


def _check_labels(file: SqlFile) -> None:
    """The columns of a rule are tick, its labels and value.

    Raises:
        SqlFileError: they are not.
    """
    want = ["tick", *file.settings.get("labels", ()), "value"]
    if sorted(file.columns) != sorted(want):
        raise SqlFileError(
            f"{file.name}: [columns] are not tick, the labels and value",
            at=file.path,
            found=", ".join(file.columns),
            want=", ".join(want),
            fix="name in `labels` each column but tick and value, and describe all of them in [columns]",
        )


def _change_faults(files: Mapping[str, SqlFile], changes: Mapping[str, Mapping[str, Any]], broken: set[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with the settings, and how to mend it."""
    for name, values in changes.items():
        if name in broken:
            continue
        if name not in files:
            yield f"unknown rule {name!r}", did_you_mean(name, files) or "list the rules with: ollalog rules list"
            continue
        for key, value in values.items():
            if key not in CHANGEABLE:
                yield f"{name}: unknown key {key!r}", did_you_mean(key, CHANGEABLE) or "use one of the keys named above"
            elif not _fits(key, value):
                yield f"{name}: {key} = {value!r} is not {KINDS['alert'][key].wanted}", f"write: {KINDS['alert'][key].example}"


def _fits(key: str, value: object) -> bool:
    """Whether a value of the settings can stand in a header."""
    match key:
        case "threshold" | "recovery":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "severity":
            return value in SEVERITIES
        case "no_data":
            return value in NO_DATA
    return isinstance(value, str) and re.fullmatch(DURATION, value) is not None
