"""What can go wrong between a question and its answer."""

from __future__ import annotations

from ollalog.core.errors import WarehouseError


class PartGoneError(WarehouseError):
    """A part of the snapshot is not there any more: take a new snapshot and ask again."""


class QueryRefusedError(WarehouseError):
    """The query would do more than read."""


class QueryTimeoutError(WarehouseError):
    """The query was interrupted at its time limit."""
