"""The options that every command takes, before its name or after it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ollalog.cli.session import Session


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:  # noqa: ANN401 - click's own type
    """Put a given option into the session; one that is not given leaves what stood before the command's name."""
    if value not in (None, False) and parameter.name is not None:
        context.obj = replace(context.obj or Session(), **{parameter.name: value})


def common_options() -> list[click.Option]:
    """New option objects, so that no two commands share one."""
    folder = click.Path(path_type=Path, file_okay=False)
    file = click.Path(path_type=Path, dir_okay=False)
    return [
        click.Option(["--store", "store_option"], type=folder, metavar="DIR", help="Store folder [OLLALOG_STORE; else your data folder]."),
        click.Option(["--config", "config_option"], type=file, metavar="FILE", help="Settings [./ollalog.toml; else your config folder]."),
        click.Option(["-q", "--quiet", "quiet"], is_flag=True, help="No progress, no remarks."),
        click.Option(["-v", "--verbose", "verbose"], is_flag=True, help="Say each step; keep the traceback of a fault of this program."),
    ]


def with_common_options(command: click.Command) -> click.Command:
    """Let a command take the common options: a shallow copy of it with more parameters."""
    import copy

    options = common_options()
    for option in options:
        option.expose_value = False
        option.callback = _remember
    extended = copy.copy(command)
    extended.params = [*command.params, *options]
    return extended
