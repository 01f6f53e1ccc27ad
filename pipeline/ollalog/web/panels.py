"""What the dashboard shows: one line of JSON a view, in the order of the page, so that it can be drawn as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ollalog import asking
from ollalog.core.errors import WarehouseError
from ollalog.warehouse import PartGoneError
from ollalog.web.rows import described, encoded, kept_to_model, of_model

if TYPE_CHECKING:
    from ollalog.asking import Scope
    from ollalog.core.batch import Snapshot
    from ollalog.warehouse import Warehouse

VIEWS = (
    "time_slices", "activity", "latency_heatmap", "overview", "alert_states", "model_summary", "model_score", "recommendations",
    "concurrency_by_slice", "model_residency", "server_events_by_slice", "versions", "latency_breakdown", "model_load", "errors_by_type",
    "usage_by_client", "resources_by_slice", "endpoint_latency", "hour_of_week", "daily_trend", "prompt_length_effect", "data_quality",
)  # fmt: skip
# Views that others from there on rest on: computed once, as late as can be, so that the first charts come early.
SHARED = {"recommendations": ("concurrency_by_minute",)}
MOST_ROWS = 4_000
RECENT = timedelta(days=1)


def dashboard_lines(
    house: Warehouse, scope: Scope, meta: Mapping[str, Any], marks: Callable[[], Mapping[str, Mapping[str, bool]]] = dict
) -> Iterator[bytes]:
    """The page's data: a line about the answer, one a view, one that ends it.

    Args:
        house: Cut to the range and the machine of the scope.
        scope: What is asked for; its model is kept to here.
        meta: What the first line says beside the names that can be chosen.
        marks: Asks what operators say of the alerts that fire.
    """
    began_s = time.monotonic()
    house.keep_small_tables()
    models = sorted(set(asking.known_models(house).values()))
    hosts = [row["host"] for row in house.query("SELECT DISTINCT host FROM sources WHERE host IS NOT NULL ORDER BY host").to_dicts()]
    names = {"models": models, "hosts": hosts, "model": scope.model, "host": scope.host}
    yield encoded({"meta": {**meta, **names, "marks": marks()}}) + b"\n"
    model = kept_to_model(house, scope.model)
    if model is None:
        house.keep_requests()
    for name in VIEWS:
        for shared in SHARED.get(name, ()):
            house.keep(shared)
        yield _line(house, name, model)
    yield encoded({"end": {"seconds": round(time.monotonic() - began_s, 3)}}) + b"\n"


def _line(house: Warehouse, name: str, model: str | None) -> bytes:
    """Rows of one view, or why there are none: the others are shown all the same."""
    purpose, _, columns = described(name)
    head = {"view": name, "purpose": purpose, "columns": columns}
    try:
        rows = of_model(house.view(name), model)
    except PartGoneError:
        raise
    except WarehouseError as failure:
        return encoded({**head, "rows": [], "truncated": False, "error": str(failure)}) + b"\n"
    cut = rows.height > MOST_ROWS
    return encoded({**head, "rows": rows.tail(MOST_ROWS).to_dicts(), "truncated": cut, "error": None}) + b"\n"


def reach(snapshot: Snapshot) -> tuple[datetime | None, datetime | None]:
    """From when to when the store has requests or runs, as its list of parts tells."""
    parts = [part for part in snapshot.parts if part.table in ("requests", "inferences")]
    first: Sequence[datetime] = [part.min_time for part in parts if part.min_time is not None]
    last: Sequence[datetime] = [part.max_time for part in parts if part.max_time is not None]
    return min(first, default=None), max(last, default=None)


def automatic_since(snapshot: Snapshot, now: datetime) -> datetime | None:
    """The start of the last day where something happened in it; None: show all."""
    last = reach(snapshot)[1]
    step = timedelta(minutes=6)
    start = now - RECENT
    return start - timedelta(seconds=start.timestamp() % step.total_seconds()) if last is not None and last >= now - RECENT else None
