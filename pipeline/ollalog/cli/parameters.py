"""Kinds of option values that several commands take: time zones and instants."""

from __future__ import annotations

import click


class TimeZone(click.ParamType[str]):
    """The name of a zone of the time zone database."""

    name = "zone"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name itself when there is such a zone."""
        from ollalog.core.config import timezone_fault

        fault = timezone_fault(value)
        if fault:
            self.fail(fault, param, ctx)
        return value
