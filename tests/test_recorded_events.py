"""events.jsonl: read once or followed, whole or in pieces, its rows are the same, and the store can be proven."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from ollalog.cli.main import OLLALOG
from ollalog.cli.session import Session
from ollalog.core.clock import FrozenClock
from ollalog.core.tables import RECORDED_TABLES
from ollalog.parsing import event_models
from tests.tail.following import follow
from tests.test_runtime import assert_equal_stores, ingest, reprocess, rows

CASE = Path(__file__).parent / "cases" / "formats" / "events_jsonl" / "every_event.toml"
LINES = [line.encode() + b"\n" for line in tomllib.loads(CASE.read_text(encoding="utf-8"))["lines"]]


def test_a_followed_log_of_events_gives_the_rows_of_one_read_at_once(tmp_path: Path) -> None:
    """A, B, D from logged events, in batch and tail mode."""
    log = tmp_path / "events.jsonl"
    log.write_bytes(b"".join(LINES))
    ingest(tmp_path / "batch", log)
    log.write_bytes(b"")

    def append(piece: bytes) -> None:
        with log.open("ab") as file:
            file.write(piece)

    halves = [(line[:40], line[40:]) for line in LINES[:3]]
    steps = [piece for half in halves for piece in half] + [b"".join(LINES[3:])]
    follow(tmp_path / "tail", [log], *(lambda piece=piece: append(piece) for piece in steps))
    for table in RECORDED_TABLES:
        assert rows(tmp_path / "tail", table.name).height
    assert_equal_stores(tmp_path / "batch", tmp_path / "tail")


def test_every_event_is_a_row_and_reprocessing_changes_nothing(tmp_path: Path) -> None:
    log, root = tmp_path / "events.jsonl", tmp_path / "store"
    log.write_bytes(b"".join(LINES))
    assert ingest(root, log).rows == {"executions": 14, "signals": 14, "resource_samples": 2}
    changes = reprocess(root, log).changes
    assert {name: change["added"] + change["removed"] + change["changed"] for name, change in changes.items()} == dict.fromkeys(changes, 0)


def test_the_schema_names_every_event_and_the_cases_show_each() -> None:
    shown = CliRunner().invoke(OLLALOG, ["schema", "events"], obj=Session(clock=FrozenClock(datetime(2026, 6, 23, tzinfo=UTC))))
    schema = json.loads(shown.output)
    assert set(schema["discriminator"]["mapping"]) == {json.loads(line)["event"] for line in LINES}
    for definition in schema["$defs"].values():
        assert definition["description"]
        assert "timestamp" in definition["required"]


@pytest.mark.parametrize("name", ["seconds", "model", "event", "timestamp"])
def test_an_event_without_what_it_needs_is_none(name: str) -> None:
    event = json.loads(LINES[4])
    del event[name]
    with pytest.raises(ValidationError):
        event_models.EVENT.validate_python(event)
