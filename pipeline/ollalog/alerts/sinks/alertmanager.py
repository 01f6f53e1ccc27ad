"""Alertmanager's API v2: firing alerts with the time that they expire at, resolved ones with the time that they ended at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ollalog.alerts.posting import headers_of, post
from ollalog.alerts.sink_kind import Deliver, SinkKind


def _make(settings: Mapping[str, Any]) -> Deliver:
    url = f"{settings['url'].rstrip('/')}/api/v2/alerts"

    def deliver(notice: Mapping[str, Any]) -> None:
        post(url, [_as_posted(alert) for alert in notice["alerts"]], headers_of(settings), settings["timeout"])

    return deliver


def _as_posted(alert: Mapping[str, Any]) -> dict[str, Any]:
    """An alert as Alertmanager takes it; labels that are empty are none."""
    labels = {**{name: text for name, text in alert["labels"].items() if text}, "alertname": alert["rule"], "severity": alert["severity"]}
    told = {"summary": alert["message"], "recommendation": alert["recommendation"], "value": _number(alert["value"])}
    ends_at = alert["ended_at"] or alert["expires_at"]
    annotations = {name: text for name, text in {**told, "threshold": _number(alert["threshold"]), "id": alert["id"]}.items() if text}
    return {"labels": labels, "annotations": annotations, "startsAt": alert["fired_at"], "endsAt": ends_at}


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"


SINK = SinkKind("alertmanager", {"url": str, "headers": dict, "timeout": str}, ("url",), _make, forgets=True)
