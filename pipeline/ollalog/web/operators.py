"""What operators say of alerts: that they know, and that they want to hear no more for a while."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from ollalog import alerting, store
from ollalog.asking import Scope, ask_store
from ollalog.core.rows import plain
from ollalog.web.answers import Acknowledged, Silenced, SilenceList
from ollalog.web.endpoints import Asked, Endpoint, json_response
from ollalog.web.parameters import AckBody, SilenceBody, UnsilenceBody
from ollalog.web.problems import RequestError

if TYPE_CHECKING:
    from datetime import datetime

    from ollalog.alerts.telling import Alert
    from ollalog.warehouse import Warehouse

BASE = "/api/ai/ollama/performance/alerts"
AUTHOR = "dashboard"
ALERTS = "SELECT * FROM alerts ORDER BY happened_at, fingerprint"


def marks(root: Path, house: Warehouse, now: datetime) -> dict[str, dict[str, bool]]:
    """Fingerprint of each alert that fires -> whether it is silenced, whether somebody knows of it."""
    orders = alerting.orders_of(root)
    return {
        alert.fingerprint: {"silenced": orders.silence_of(alert, now) is not None, "acknowledged": orders.ack_of(alert) is not None}
        for alert in _firing(house)
    }


def marked(rows: list[dict[str, Any]], said: dict[str, dict[str, bool]]) -> list[dict[str, Any]]:
    """Rows of view alert_states with what operators say of them."""
    nothing = {"silenced": False, "acknowledged": False}
    return [row | (said.get(row["fingerprint"], nothing) if row["state"] == "firing" else nothing) for row in rows]


def _firing(house: Warehouse) -> list[Alert]:
    return alerting.firing_alerts(house.query(ALERTS))


async def acknowledge(asked: Asked) -> Response:
    """Somebody knows of an alert that fires."""
    service, body = asked.service, asked.body
    now = service.clock.now_utc()

    def keep() -> Acknowledged:
        firing = ask_store(service.root, Scope(), now, _firing)
        chosen = [alert for alert in firing if alert.fingerprint == body.fingerprint]
        if not chosen:
            raise RequestError(404, "no alert of this fingerprint fires", found=body.fingerprint, fix=f"see what fires: GET {BASE}")
        alerting.acknowledge(service.root, chosen, now, author=AUTHOR, comment=body.comment)
        return Acknowledged(fingerprint=body.fingerprint, rule=chosen[0].rule)

    return json_response(await asyncio.to_thread(keep))


async def silence(asked: Asked) -> Response:
    """Nobody is told of some alerts for a while."""
    service, body = asked.service, asked.body
    lasts = timedelta(minutes=body.minutes)

    def keep() -> Silenced:
        made = alerting.silence(service.root, body.matchers, service.clock.now_utc(), lasts, author=AUTHOR, comment=body.comment)
        return Silenced(id=made.id, matchers=list(map(str, made.matchers)), ends_at=plain(made.ends_at), comment=made.comment)

    return json_response(await asyncio.to_thread(keep))


async def silences(asked: Asked) -> Response:
    """The silences that hold."""
    service = asked.service
    said = await asyncio.to_thread(store.read_control, service.root)
    now = service.clock.now_utc()
    shown = [
        Silenced(id=one.id, matchers=list(one.matchers), ends_at=plain(one.ends_at), comment=one.comment)
        for one in said.silences
        if one.ends_at > now
    ]
    return json_response(SilenceList(silences=shown))


async def unsilence(asked: Asked) -> Response:
    """A silence ends now."""
    service, number = asked.service, asked.body.id
    await asyncio.to_thread(alerting.end_silence, service.root, number, service.clock.now_utc())
    return await silences(asked)


ENDPOINTS = (
    Endpoint("POST", f"{BASE}/acknowledge", "Say that you know of an alert that fires", acknowledge, Acknowledged, body=AckBody),
    Endpoint("POST", f"{BASE}/silence", "Let nobody be told of some alerts for a while", silence, Silenced, body=SilenceBody),
    Endpoint("GET", f"{BASE}/silences", "The silences that hold", silences, SilenceList),
    Endpoint("POST", f"{BASE}/unsilence", "End a silence now", unsilence, SilenceList, body=UnsilenceBody),
)
