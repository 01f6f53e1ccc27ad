"""Ask the store as of its last commit: about a range, a machine, a model. What commands and the web share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ollalog.core.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from ollalog.warehouse import Warehouse

Answer = TypeVar("Answer")
UNKNOWN = "(unknown)"
# Where model_requests takes names from, without its join; each with the name that it is shown by.
MODELS = """
    WITH told AS (
        SELECT model FROM inferences WHERE model IS NOT NULL UNION SELECT model FROM server_events WHERE model IS NOT NULL
        UNION SELECT model_blob FROM model_loads ANTI JOIN model_names USING (model_blob) WHERE model_blob IS NOT NULL
    )
    SELECT told.model AS name, coalesce(model_aliases.model, told.model) AS shown
    FROM told LEFT JOIN model_aliases ON model_aliases.name = told.model ORDER BY name
"""


@dataclass(frozen=True)
class Scope:
    """What a question is about: a range, one machine, one model, and the zone of local hours; None: all, or UTC."""

    since: datetime | None = None
    until: datetime | None = None
    host: str | None = None
    model: str | None = None
    timezone: str | None = None


def ask_store(root: Path, scope: Scope, now: datetime, ask: Callable[[Warehouse], Answer]) -> Answer:
    """Open the store, ask, close it; once more when a part was merged away meanwhile.

    Args:
        root: The store's folder.
        scope: What the question is about, but for its model: `ask` says which views keep to that.
        now: What `now_utc()` says in views; aware.
        ask: Reads from the warehouse; it may be called twice.

    Raises:
        PipelineError: the store cannot be read, or what `ask` raises.
    """
    from ollalog.warehouse import PartGoneError

    def once() -> Answer:
        with opened(root, scope, now) as warehouse:
            return ask(warehouse)

    try:
        return once()
    except PartGoneError:
        return once()


def opened(root: Path, scope: Scope, now: datetime) -> Warehouse:
    """A warehouse over the last commit, cut to a range and a machine; whoever asks closes it. Raises as `ask_store` does."""
    from ollalog import runtime

    return runtime.warehouse(root, now=now, since=scope.since, until=scope.until, timezone=scope.timezone, host=scope.host)


def known_models(house: Warehouse) -> dict[str, str]:
    """Every name of a model in the store -> the name that it is shown by."""
    return {row["name"]: str(row["shown"]) for row in house.query(MODELS).to_dicts()}


def known_model(house: Warehouse, name: str) -> str:
    """The model that a name means: llama3.1 is llama3.1:latest.

    Raises:
        UsageError: no request of it was read.
    """
    shown = known_models(house) | {UNKNOWN: UNKNOWN}
    for candidate in (name, f"{name}:latest"):
        if candidate in shown:
            return shown[candidate]
    models = [model for model in shown if model != UNKNOWN]
    fix = did_you_mean(name, models) or "name one of those"
    raise UsageError(f"no request of model {name!r}", want=f"one of: {', '.join(models)}", fix=fix)
