"""What a producer has written, read back."""

from __future__ import annotations

import json
from pathlib import Path

Events = list[dict[str, object]]


def events(folder: Path) -> Events:
    """What is in events.jsonl."""
    return [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]


def told(folder: Path) -> Events:
    """The same without what differs from run to run."""
    return [{name: value for name, value in event.items() if name not in {"timestamp", "pid"}} for event in events(folder)]
