"""Kinds of option values that several commands take: time zones and instants."""

from __future__ import annotations

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
