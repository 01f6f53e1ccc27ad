"""One POST of JSON with a limit of time: what the webhook and Alertmanager share."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ollalog.alerts.sink_kind import DeliveryError

RETRIED = (408, 425, 429)


def post(url: str, body: object, headers: Mapping[str, str], timeout_s: float) -> None:
    """Send JSON.

    Raises:
        DeliveryError: nobody took it; final where the receiver says that it never will (4xx).
    """
    place = urlsplit(url)
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = kind(place.hostname or "", place.port, timeout=timeout_s)
    target = (place.path or "/") + (f"?{place.query}" if place.query else "")
    try:
        connection.request("POST", target, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        told = answer.read(500).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as fault:
        found = str(fault) or type(fault).__name__
        raise DeliveryError("alerts could not be delivered, and are tried again", at=url, found=found, fix="see that it answers") from fault
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        is_final = 400 <= answer.status < 500 and answer.status not in RETRIED
        what = "alerts were refused" if is_final else "alerts could not be delivered, and are tried again"
        found = f"{answer.status} {answer.reason} {told}".strip()
        raise DeliveryError(what, at=url, found=found, fix="correct the sink's settings, or the receiver", is_final=is_final)


def headers_of(settings: Mapping[str, Any]) -> dict[str, str]:
    """The headers that the settings ask for."""
    return {str(name): str(value) for name, value in settings.get("headers", {}).items()}
