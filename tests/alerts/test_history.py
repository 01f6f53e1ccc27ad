"""From a log to the history of its alerts, whatever the batches, and what it costs to go on (C4, F9, R1)."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ollalog import store
from ollalog.alerts import history
from ollalog.cli.main import run
from ollalog.cli.session import Session
from ollalog.core.clock import FrozenClock
from tests.alerts.test_rules import GOOD

NOW = datetime(2026, 6, 23, 12, tzinfo=UTC)
START = datetime(2026, 6, 21, 18, tzinfo=UTC)
Say = Callable[[str], str]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Run a command line; what it prints. It has to end well."""
    monkeypatch.chdir(tmp_path)

    def said(command: str) -> str:
        capsys.readouterr()
        code = run(shlex.split(command), Session(clock=FrozenClock(NOW)))
        told = capsys.readouterr()
        assert code == 0, told.err
        return told.out

    return said


def records(count: int, every_s: float, latency_ms: int, *, start: datetime = START, success: bool = True) -> list[str]:
    """Lines of performance.jsonl."""
    return [
        json.dumps({
            "model": "llama3.1:8b", "operation": "chat", "timestamp": (start + timedelta(seconds=number * every_s)).isoformat(),
            "total_latency_ms": latency_ms, "success": success,
        }) + "\n"
        for number in range(count)
    ]  # fmt: skip


def slow_log() -> list[str]:
    """20 minutes of 45 s responses between an hour and half an hour of quick ones."""
    hour = timedelta(hours=1)
    before = records(120, 30, 2000, start=START - hour)
    return [*before, *records(27, 45, 45_000), *records(60, 30, 2000, start=START + timedelta(minutes=20, seconds=30))]


def changes(told: str) -> list[tuple[str, str, str]]:
    return [(change["happened_at"], change["rule"], change["state"]) for change in json.loads(told)]


EXPECTED = [
    ("2026-06-21T18:01:00Z", "slow_response", "pending"),
    ("2026-06-21T18:06:00Z", "slow_response", "firing"),
    ("2026-06-21T18:30:00Z", "slow_response", "resolved"),
]


def test_twenty_minutes_of_slow_responses_are_pending_firing_and_resolved_once(say: Say, tmp_path: Path) -> None:
    (tmp_path / "performance.jsonl").write_text("".join(slow_log()))
    say("ingest performance.jsonl --store s --host box")
    told = json.loads(say("alerts history --store s --format json"))
    assert changes(json.dumps(told)) == EXPECTED
    firing = told[1]
    assert (firing["model"], firing["severity"], firing["threshold"], firing["replayed"]) == ("llama3.1:8b", "high", 30000.0, True)
    assert firing["labels"] == {"model": "llama3.1:8b"}
    assert firing["recommendation"]
    assert firing["message"] == "llama3.1:8b answers slowly: p95 of the latency is 45 s, more than 30 s"
    say("verify --store s")
    assert say("ingest performance.jsonl --store s --host box").startswith("nothing new")
    assert json.loads(say("alerts history --store s --format json")) == told


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 205), min_size=1, max_size=4, unique=True))
def test_it_is_the_same_whatever_the_batches(say: Say, tmp_path: Path, cuts: list[int]) -> None:
    lines = slow_log()
    root = Path(f"s{'-'.join(map(str, cuts))}")
    log = tmp_path / f"{root}.jsonl"
    log.write_text("")
    for first, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(lines)], strict=True):
        with log.open("a") as file:
            file.writelines(lines[first:end])
        say(f"ingest {log} --store {root} --host box")
    assert changes(say(f"alerts history --store {root} --format json")) == EXPECTED
    say(f"verify --store {root}")


def test_a_late_log_changes_what_was_found_before(say: Say, tmp_path: Path) -> None:
    """Lines of long ago that are read later are evaluated as if they had always been there."""
    lines = slow_log()
    (tmp_path / "late.jsonl").write_text("".join(lines[:140]))
    (tmp_path / "early.jsonl").write_text("".join([*lines[140:], *records(3, 3600, 1000, start=START + timedelta(days=2))]))
    say("ingest early.jsonl --store s")
    say("ingest late.jsonl --store s")
    found = changes(say("alerts history --store s --rule slow_response --format json"))
    assert found == EXPECTED
    say("verify --store s")


def test_alerts_at_midnight_go_on_the_next_day_and_only_that_day_is_evaluated_again(say: Say, tmp_path: Path) -> None:
    begin = datetime(2026, 6, 20, 23, 30, tzinfo=UTC)
    lines = records(100, 30, 45_000, start=begin)
    rest = records(60, 30, 1000, start=begin + timedelta(minutes=50))
    log = tmp_path / "performance.jsonl"
    log.write_text("".join([*records(5, 60, 1000, start=begin - timedelta(days=3)), *lines[:80]]))
    say("ingest performance.jsonl --store s")
    with store.open_store(tmp_path / "s", command="test", clock=FrozenClock(NOW)) as opened:
        known = opened.alert_log()
    assert [day.isoformat() for day in known.checkpoints] == ["2026-06-18", "2026-06-19", "2026-06-20", "2026-06-21"]
    assert "firing" in known.checkpoints[begin.date() + timedelta(days=1)]
    with log.open("a") as file:
        file.writelines([*lines[80:], *rest])
    say("ingest performance.jsonl --store s")
    found = changes(say("alerts history --store s --rule slow_response --format json"))
    assert [(at, state) for at, _, state in found] == [
        ("2026-06-20T23:31:00Z", "pending"), ("2026-06-20T23:36:00Z", "firing"), ("2026-06-21T00:30:00Z", "resolved"),
    ]  # fmt: skip


def test_what_happens_in_the_last_minute_of_a_log_is_found(say: Say, tmp_path: Path) -> None:
    access = '[GIN] 2026/06/21 - 18:00:{:02} | 503 |     512.5µs | 127.0.0.1 | POST     "/api/chat"\n'
    (tmp_path / "server.log").write_text("".join(access.format(second) for second in range(10, 20)))
    say("ingest server.log --store s --host box --timezone UTC")
    assert changes(say("alerts --store s --rule queue_full --format json")) == [("2026-06-21T18:01:00Z", "queue_full", "firing")]


def test_alerts_shows_what_stands_at_the_end_of_the_logs(say: Say, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "performance.jsonl").write_text("".join(records(27, 45, 45_000)))
    say("ingest performance.jsonl --store s")
    now = json.loads(say("alerts --store s --format json"))
    assert [(alert["rule"], alert["state"]) for alert in now] == [("slow_response", "firing")]
    assert "llama3.1:8b answers slowly" in say("alerts --store s")
    assert json.loads(say("alerts --store s --format json --severity critical")) == []
    assert json.loads(say("alerts --store s --format json --model other")) == []
    assert run(["alerts", "--store", "s", "--exit-code"], Session(clock=FrozenClock(NOW))) == 1
    assert run(["alerts", "--store", "s", "--exit-code", "--severity", "critical"], Session(clock=FrozenClock(NOW))) == 0
    capsys.readouterr()


def test_a_broken_rule_is_named_on_stderr_and_the_others_go_on(say: Say, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "performance.jsonl").write_text("".join(slow_log()))
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "odd_select.sql").write_text(GOOD.replace("recent_requests", "recent_inferences").replace("count(*)", "sum(nothing)"))
    (folder / "odd_header.sql").write_text(GOOD.replace('"low"', '"loud"'))
    assert run(["ingest", "performance.jsonl", "--store", "s", "--rules", "mine"], Session(clock=FrozenClock(NOW))) == 0
    told = capsys.readouterr().err
    assert "odd_select failed, the others were evaluated" in told
    assert '"nothing" not found' in told
    assert "odd_header: 'severity' is not one of" in told
    assert changes(say("alerts history --store s --format json")) == EXPECTED


def test_no_alerts_are_searched_for_when_nobody_wants_them_and_all_are_when_somebody_does(say: Say, tmp_path: Path) -> None:
    log = tmp_path / "performance.jsonl"
    log.write_text("".join(slow_log()[:150]))
    say("ingest performance.jsonl --store s --no-alerts")
    assert json.loads(say("alerts history --store s --format json")) == []
    with log.open("a") as file:
        file.writelines(slow_log()[150:])
    say("ingest performance.jsonl --store s")
    assert changes(say("alerts history --store s --format json")) == EXPECTED


def test_settings_change_thresholds(say: Say, tmp_path: Path) -> None:
    (tmp_path / "performance.jsonl").write_text("".join(slow_log()))
    (tmp_path / "ollalog.toml").write_text("[alerts.slow_response]\nthreshold = 50000\n")
    say("ingest performance.jsonl --store s")
    assert json.loads(say("alerts history --store s --format json")) == []


def test_changed_settings_count_for_what_was_stored_before_too(say: Say, tmp_path: Path) -> None:
    (tmp_path / "performance.jsonl").write_text("".join(slow_log()))
    say("ingest performance.jsonl --store s")
    assert changes(say("alerts history --store s --format json")) == EXPECTED
    (tmp_path / "ollalog.toml").write_text("[alerts.slow_response]\nthreshold = 50000\n")
    say("ingest performance.jsonl --store s")
    assert json.loads(say("alerts history --store s --format json")) == []
    (tmp_path / "ollalog.toml").unlink()
    say("ingest performance.jsonl --store s")
    assert changes(say("alerts history --store s --format json")) == EXPECTED
    say("verify --store s")


def test_reprocessing_finds_the_same_alerts_again(say: Say, tmp_path: Path) -> None:
    (tmp_path / "performance.jsonl").write_text("".join(slow_log()))
    say("ingest performance.jsonl --store s")
    before: list[Any] = json.loads(say("alerts history --store s --format json"))
    say("reprocess --store s")
    assert json.loads(say("alerts history --store s --format json")) == before
    say("verify --store s")


def test_backtest_tells_how_often_and_when_a_rule_would_have_fired(say: Say, tmp_path: Path) -> None:
    """F9."""
    (tmp_path / "performance.jsonl").write_text("".join(slow_log()))
    say("ingest performance.jsonl --store s --no-alerts")
    episodes = json.loads(say("rules backtest slow_response --store s --format json"))
    assert [(one["began_at"], one["fired_at"], one["resolved_at"]) for one in episodes] == [tuple(at for at, _, _ in EXPECTED)]
    assert json.loads(say("rules backtest slow_response --store s --threshold 50000 --format json")) == []
    assert json.loads(say("rules backtest --store s --format json --since 2026-06-22")) == []
    assert len(json.loads(say("rules backtest --store s --format json --since 2026-06-21T18:05Z"))) == 1
    assert "slow_response          1 time\n" in say("rules backtest --store s")
    assert json.loads(say("alerts history --store s --format json")) == []


def test_a_silence_of_months_is_the_same_whether_or_not_its_beginning_was_read_later(say: Say, tmp_path: Path) -> None:
    """What a tick says depends on the days before it only as far as a rule looks back."""
    days = ("2026-06-21", "2024-05-07", "2026-01-01", "2026-06-20")
    lines = [f'[GIN] {day.replace("-", "/")} - 18:00:00 | 200 | 1.5s | 127.0.0.1 | POST "/api/chat"\n' for day in days]
    log = tmp_path / "server.log"
    for count in range(1, 5):
        log.write_text("".join(lines[:count]))
        say("ingest server.log --store s --timezone UTC --host box")
    log.rename(tmp_path / "server.log.1")
    say("ingest server.log.1 --store whole --timezone UTC --host box")
    found = [changes(say(f"alerts history --store {root} --format json")) for root in ("s", "whole")]
    assert found[0] == found[1]
    assert ("2024-05-08T06:15:00Z", "log_silent", "firing") in found[0]
    assert ("2024-06-06T18:00:00Z", "log_silent", "resolved") in found[0]


def strange_log(days: tuple[str, ...], strange: str) -> list[str]:
    """Half an hour of requests, one a minute, on each of some days in this order; on one of them a line follows each that nobody knows."""
    lines = []
    for day in days:
        for minute in range(30):
            lines.append(f'[GIN] {day.replace("-", "/")} - 18:{minute:02d}:00 | 200 | 1.5s | 127.0.0.1 | POST "/api/chat"\n')
            lines += ["[GIN] changed\n"] if day == strange else []
    return lines


@pytest.mark.parametrize("days", [("2026-06-01", "2026-06-20", "2026-06-22"), ("2026-06-22", "2026-06-01", "2026-06-20", "2026-05-20")])
def test_lines_that_nobody_knows_count_at_their_place_in_the_log_whatever_its_order(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: tuple[str, ...]
) -> None:
    """Their time is that of the line before them, whichever days are looked at together, and whenever they were read."""
    expected = [
        ("2026-06-20T18:19:00Z", "rejects_rising", "firing"),
        ("2026-06-20T19:10:00Z", "rejects_rising", "resolved"),
    ]
    lines = strange_log(days, "2026-06-20")
    (tmp_path / "server.log").write_text("".join(lines))
    found = {}
    for rows in (1, 1_000_000):
        monkeypatch.setattr(history, "SLICE_ROWS", rows)
        say(f"ingest server.log --store s{rows} --timezone UTC --host box")
        found[rows] = changes(say(f"alerts history --store s{rows} --rule rejects_rising --format json"))
    log = tmp_path / "grown.log"
    for count in (25, 45, 95, len(lines)):
        log.write_text("".join(lines[:count]))
        say("ingest grown.log --store grown --timezone UTC --host box")
    found[0] = changes(say("alerts history --store grown --rule rejects_rising --format json"))
    assert found == dict.fromkeys(found, expected)
