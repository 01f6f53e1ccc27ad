"""What every command is handed: where the store is, how much to say, what time it is."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ollalog.core.clock import Clock, SystemClock
from ollalog.core.errors import UsageError
from ollalog.core.printable import printable

if TYPE_CHECKING:
    from ollalog.core.config import Settings


@dataclass(frozen=True)
class Session:
    """The common options of one call of the program, and what follows from them."""

    store_option: Path | None = None
    config_option: Path | None = None
    quiet: bool = False
    verbose: bool = False
    clock: Clock = field(default_factory=SystemClock)

    @cached_property
    def settings(self) -> Settings:
        """Defaults, then the settings file, then the environment; read when first asked for.

        Raises:
            ConfigError: a setting is unknown or has a value that it cannot have.
        """
        from ollalog.core.config import find_settings_file, load_settings

        return load_settings(find_settings_file(self.config_option), os.environ)

    @property
    def store(self) -> Path:
        """The store folder: --store, else the environment or the settings file, else the user's data folder."""
        chosen = self.store_option or self.settings.store
        return chosen or default_store()

    def remark(self, text: str) -> None:
        """Say something about the run on stderr, unless --quiet."""
        if not self.quiet:
            click.echo("\n".join(printable(line) for line in text.splitlines()), err=True)


def default_store() -> Path:
    """The store that is used when nobody names one: in the folder for data of the user.

    Raises:
        UsageError: the user has no home for it.
    """
    from platformdirs import user_data_path

    try:
        return user_data_path("ollalog", appauthor=False) / "store"
    except RuntimeError as fault:
        raise UsageError("no store was named, and this user has no home folder for one", fix="name one: --store PATH") from fault
