"""Each notification as a line of JSON at the end of a file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from ollalog.alerts.sink_kind import Deliver, DeliveryError, SinkKind


def _make(settings: Mapping[str, Any]) -> Deliver:
    path = str(settings["path"])

    def deliver(notice: Mapping[str, Any]) -> None:
        line = json.dumps(notice, ensure_ascii=False) + "\n"
        try:
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                os.write(file, line.encode(errors="replace"))
            finally:
                os.close(file)
        except OSError as fault:
            found = fault.strerror or str(fault)
            raise DeliveryError("alerts could not be written, and are tried again", at=path, found=found, fix="make it writable") from fault

    return deliver


SINK = SinkKind("jsonl", {"path": str}, ("path",), _make)
