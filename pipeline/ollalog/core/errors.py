"""The exception tree and the four-part message that every failure becomes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LEAST_PART = 3
"""Shorter parts of a name are parts of many."""


class PipelineError(Exception):
    """A failure that a person can act on: what happened, where, what was found, what was wanted, how to mend it."""

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        at: str | None = None,
        found: str | None = None,
        want: str | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.at = at
        self.found = found
        self.want = want
        self.fix = fix

    def __str__(self) -> str:
        """One line for the fault and one line for each part that is known."""
        parts = (("at", self.at), ("found", self.found), ("want", self.want), ("fix", self.fix))
        return "\n".join([self.what, *(f"  {name:<6} {text}" for name, text in parts if text)])


class UsageError(PipelineError):
    """The command, an option or a definition is wrong; always says how to mend it."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting is unknown or has a value that it cannot have."""


class SqlFileError(UsageError):
    """A SQL file's header or statement breaks the rules of `core.sqlfile`."""


class SourceError(PipelineError):
    """A log cannot be read; the others still can."""

    exit_code = 3


class StoreError(PipelineError):
    """The store cannot be used or trusted; nothing more is written."""

    exit_code = 4


class WarehouseError(PipelineError):
    """One view or query failed; ingestion goes on."""

    exit_code = 5


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The known word nearest to a mistyped one, or that it is a part of, as a sentence; None when there is none."""
    words = list(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if not near and len(word) >= LEAST_PART:
        holding = (each for each in words if word.casefold() in each.casefold())
        near = sorted(holding, key=lambda each: (not each.casefold().startswith(word.casefold()), len(each)))
    return f"did you mean {near[0]!r}?" if near else None
