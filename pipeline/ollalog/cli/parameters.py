"""Kinds of option values that several commands take: time zones, namespaces of metrics."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click


class TimeZone(click.ParamType[str]):
    """The name of a zone of the time zone database, or an offset from UTC."""

    name = "zone"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text itself when it names a zone."""
        from ollalog.core.zones import zone_fault

        fault = zone_fault(value)
        if fault:
            self.fail(fault, param, ctx)
        return value


class Namespace(click.ParamType[str]):
    """What the names of metrics begin with; several with commas."""

    name = "namespace"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text itself when a metric's name can begin with each name of it."""
        if not all(map(_is_namespace, _named(value))):
            self.fail(f"{value!r} is none: letters, digits and underscores, no digit first, as in tinyllm", param, ctx)
        return value


def namespaces_of(given: Sequence[str], setting: str) -> list[str]:
    """The namespaces that were asked for, else those of the setting.

    Raises:
        ConfigError: the setting names what is none.
    """
    named = [name for text in given or (setting,) for name in _named(text)]
    odd = [name for name in named if not _is_namespace(name)]
    if odd:
        from ollalog.core.errors import ConfigError

        raise ConfigError(
            "namespaces: not one of a metric", found=", ".join(odd), want="letters, digits and underscores", fix="correct the value"
        )
    return named


def _named(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _is_namespace(name: str) -> bool:
    return re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]{0,60}", name, re.ASCII) is not None
