"""What a file of sinks exports, and how it says that it could not deliver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ollalog.core.errors import PipelineError

Deliver = Callable[[Mapping[str, Any]], None]


class DeliveryError(PipelineError):
    """A notification could not be delivered; `is_final`: the receiver will never take it."""

    def __init__(self, what: str, *, at: str, found: str, fix: str, is_final: bool = False) -> None:
        super().__init__(what, at=at, found=found, fix=fix)
        self.is_final = is_final


@dataclass(frozen=True)
class SinkKind:
    """A kind of sink: its name, the settings that it has and must have beyond those of all, and how it delivers.

    `make` turns settings into a function that takes one notification (see `telling`) and raises DeliveryError.
    """

    name: str
    settings: Mapping[str, type]
    required: tuple[str, ...]
    make: Callable[[Mapping[str, Any]], Deliver]
    forgets: bool = False
