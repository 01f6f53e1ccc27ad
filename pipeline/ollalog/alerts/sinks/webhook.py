"""One POST per notification: its id (also as header Idempotency-Key), group, status, and all alerts of the group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ollalog.alerts.posting import headers_of, post
from ollalog.alerts.sink_kind import Deliver, SinkKind


def _make(settings: Mapping[str, Any]) -> Deliver:
    def deliver(notice: Mapping[str, Any]) -> None:
        headers = {"Idempotency-Key": notice["id"], **headers_of(settings)}
        post(settings["url"], notice, headers, settings["timeout"])

    return deliver


SINK = SinkKind("webhook", {"url": str, "headers": dict, "timeout": str}, ("url",), _make)
