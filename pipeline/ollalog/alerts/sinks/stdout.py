"""Each alert as a line on stdout."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from ollalog.alerts.sink_kind import Deliver, SinkKind
from ollalog.core.printable import printable


def _make(_settings: Mapping[str, Any]) -> Deliver:
    def deliver(notice: Mapping[str, Any]) -> None:
        for alert in notice["alerts"]:
            when = alert["ended_at"] or alert["fired_at"]
            line = f"{when}  {alert['status']:<8}  {alert['severity']:<8}  {alert['rule']}  {alert['message']}"
            sys.stdout.write(printable(line) + "\n")
        sys.stdout.flush()

    return deliver


SINK = SinkKind("stdout", {}, (), _make)
