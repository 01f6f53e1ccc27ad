"""`[[sinks]]` and `[[inhibit]]` of the settings -> sinks with their routes, and inhibitions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ollalog.alerts import sinks
from ollalog.alerts.matchers import matcher
from ollalog.alerts.rules import duration
from ollalog.alerts.sink_kind import Deliver, SinkKind
from ollalog.alerts.telling import Inhibition, Route
from ollalog.core.errors import ConfigError, UsageError, did_you_mean
from ollalog.core.registry import constants
from ollalog.core.sqlfile import DURATION, SEVERITIES

DURATIONS = ("group_wait", "group_interval", "repeat_interval", "timeout")
OF_ALL = ("kind", "name", "severity", "match", "group_by", "group_wait", "group_interval", "repeat_interval")
OF_INHIBITIONS = ("when", "mute", "equal")
TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Sink:
    """Where alerts are told: what it is told and when, and how."""

    route: Route
    deliver: Deliver


def sink_kinds() -> dict[str, SinkKind]:
    """Every kind of sink, by name."""
    return constants(sinks, "SINK")


def load_sinks(tables: Sequence[Mapping[str, Any]]) -> list[Sink]:
    """Make the sinks that the settings describe.

    Raises:
        ConfigError: with every fault of all of them.
    """
    known = sink_kinds()
    faults = [(f"sink {number}", *fault) for number, table in enumerate(tables, 1) for fault in _faults(table, known)]
    names = [str(table.get("name", table.get("kind"))) for table in tables]
    faults += [("[[sinks]]", f"two sinks have the name {name!r}", "give each a `name`") for name in sorted(_twice(names))]
    if faults:
        raise _wrong("[[sinks]]", faults)
    return [_sink(table, known[table["kind"]]) for table in tables]


def load_inhibitions(tables: Sequence[Mapping[str, Any]]) -> list[Inhibition]:
    """Read the inhibitions of the settings.

    Raises:
        ConfigError: with every fault of all of them.
    """
    faults = [(f"inhibition {number}", *fault) for number, table in enumerate(tables, 1) for fault in _inhibition_faults(table)]
    if faults:
        raise _wrong("[[inhibit]]", faults)
    return [
        Inhibition(tuple(map(matcher, table["when"])), tuple(map(matcher, table["mute"])), tuple(table.get("equal", ())))
        for table in tables
    ]


def _sink(table: Mapping[str, Any], kind: SinkKind) -> Sink:
    durations = {key: duration(table[key]) for key in DURATIONS if key in table and key != "timeout"}
    route = Route(
        sink=str(table.get("name", kind.name)),
        severity=table.get("severity", "low"),
        matchers=tuple(map(matcher, table.get("match", ()))),
        group_by=() if kind.forgets else tuple(table.get("group_by", Route.group_by)),
        forgets=kind.forgets,
        **durations,
    )
    timeout_s = duration(table["timeout"]).total_seconds() if "timeout" in table else TIMEOUT_S
    return Sink(route, kind.make({**table, "timeout": timeout_s}))


def _faults(table: Mapping[str, Any], known: Mapping[str, SinkKind]) -> Iterator[tuple[str, str]]:
    """What is wrong with one sink, and how to mend it."""
    kind = known.get(str(table.get("kind")))
    if kind is None:
        near = did_you_mean(str(table.get("kind")), known)
        yield f"unknown kind {table.get('kind')!r}" if "kind" in table else "no kind", near or f'write: kind = "{min(known)}"'
        return
    wanted = [*OF_ALL, *kind.settings]
    for key in table:
        if key not in wanted:
            yield f"{kind.name}: unknown key {key!r}", did_you_mean(key, wanted) or f"the keys are: {', '.join(wanted)}"
    for key in kind.required:
        if key not in table:
            yield f"{kind.name}: no {key}", f"add {key}"
    for key, value in table.items():
        fault = _value_fault(key, value, kind)
        if fault:
            yield f"{kind.name}: {key} = {value!r} is not {fault[0]}", fault[1]


def _value_fault(key: str, value: object, kind: SinkKind) -> tuple[str, str] | None:  # noqa: PLR0911 - one per kind of value
    """What a value has to be, and how to write it; None: it is."""
    if key in DURATIONS:
        return None if isinstance(value, str) and re.fullmatch(DURATION, value) else ("a duration", f'write: {key} = "5m"')
    if key == "severity":
        return None if value in SEVERITIES else (f"one of {', '.join(SEVERITIES)}", 'write: severity = "high"')
    if key == "match":
        return _matchers_fault(value)
    if key == "group_by":
        return None if _is_texts(value) else ("a list of labels", 'write: group_by = ["rule", "host"]')
    if key == "url":
        place = urlsplit(value) if isinstance(value, str) else None
        is_url = place is not None and place.scheme in {"http", "https"} and bool(place.hostname)
        return None if is_url else ("an address", 'write: url = "http://127.0.0.1:9093"')
    if isinstance(value, kind.settings.get(key, str)):
        return None
    return ("a table", 'write: headers = { Authorization = "Bearer ..." }') if key == "headers" else ("text", f'write: {key} = "..."')


def _matchers_fault(value: object) -> tuple[str, str] | None:
    if not _is_texts(value) or not isinstance(value, list):
        return "a list of matchers", 'write: match = ["rule=slow_response"]'
    try:
        for text in value:
            matcher(text)
    except UsageError as fault:
        return f"a list of matchers: {fault.found}", fault.fix or ""
    return None


def _inhibition_faults(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in table:
        if key not in OF_INHIBITIONS:
            yield f"unknown key {key!r}", did_you_mean(key, OF_INHIBITIONS) or f"the keys are: {', '.join(OF_INHIBITIONS)}"
    for key in ("when", "mute"):
        fault = _matchers_fault(table.get(key))
        if fault:
            yield f"{key} = {table.get(key)!r} is not {fault[0]}", f'write: {key} = ["rule=server_crashed"]'
    if not _is_texts(table.get("equal", [])):
        yield f"equal = {table['equal']!r} is not a list of labels", 'write: equal = ["host"]'


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _twice(names: Sequence[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}


def _wrong(place: str, faults: Sequence[tuple[str, str, str]]) -> ConfigError:
    return ConfigError(
        "; ".join(f"{where}: {what}" for where, what, _ in faults),
        at=f"{place} of the settings",
        fix="; ".join(dict.fromkeys(fix for *_, fix in faults)),
    )
