"""E13: what producers record of their requests, in performance.jsonl and in memory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import ollama
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ollalog
from ollalog.cli.main import run
from ollalog.recorder.performance import MOST_TALLIES, PerformanceRecorder

REPLY = {
    "model": "llama3.1:8b",
    "total_duration": 5_300_000_000,
    "load_duration": 300_000_000,
    "prompt_eval_count": 100,
    "prompt_eval_duration": 50_000_000,
    "eval_count": 200,
    "eval_duration": 4_000_000_000,
    "done_reason": "stop",
    "message": {"role": "assistant", "content": "this is kept out of the record"},
}


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Path]:
    """The folder that this process records to."""
    ollalog.configure(directory=tmp_path / "logs")
    yield tmp_path / "logs"
    ollalog.configure()


def records(logs: Path) -> list[dict[str, object]]:
    """What is in performance.jsonl."""
    return [json.loads(line) for line in (logs / "performance.jsonl").read_text(encoding="utf-8").splitlines()]


def sql(store: Path, query: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """What ollalog answers."""
    assert run(["sql", "--store", str(store), "--format", "json", query]) == 0
    rows: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return rows


def test_a_record_has_the_names_of_performance_jsonl(logs: Path) -> None:
    """E2, C1."""
    ended = datetime(2026, 11, 20, 10, tzinfo=UTC)
    ollalog.record_performance("llama3.1:8b", "chat", 5400.5, True, response=REPLY, timestamp=ended, temperature=0.7, top_p=None)
    assert records(logs) == [
        {
            "model": "llama3.1:8b", "operation": "chat", "timestamp": "2026-11-20T10:00:00.000000Z", "total_latency_ms": 5400.5,
            "success": True, "error": None, "load_duration_ms": 300.0, "prompt_eval_duration_ms": 50.0, "eval_duration_ms": 4000.0,
            "prompt_tokens": 100, "generated_tokens": 200, "done_reason": "stop", "tokens_per_second": 50.0,
            "prompt_tokens_per_second": 2000.0, "temperature": 0.7,
        }
    ]  # fmt: skip


def test_what_is_recorded_is_what_the_report_says(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """E13 to E12: from the producer's call to the number that a user sees."""
    for latency_ms in (1000.0, 2000.0, 3000.0):
        ollalog.record_performance("llama3.1:8b", "chat", latency_ms, True, response=REPLY)
    ollalog.record_performance("qwen2.5:7b", "generate", 30_000.0, False, error=TimeoutError("client gave up"), context_length=4096)
    store = tmp_path / "store"
    assert run(["ingest", "--json", "--store", str(store), str(logs)]) == 0
    assert json.loads(capsys.readouterr().out)["fates"] == {"row": 4, "folded": 0, "noise": 0, "rejected": 0, "held": 0}
    rows = sql(store, "SELECT * EXCLUDE (happened_at) FROM inferences ORDER BY byte_offset", capsys)
    assert {name: rows[0][name] for name in ("load_ns", "prompt_eval_ns", "eval_ns", "prompt_tokens", "generated_tokens")} == {
        "load_ns": 300_000_000, "prompt_eval_ns": 50_000_000, "eval_ns": 4_000_000_000, "prompt_tokens": 100, "generated_tokens": 200,
    }  # fmt: skip
    assert (rows[0]["tokens_per_second"], rows[0]["prompt_tokens_per_second"], rows[0]["done_reason"]) == (50.0, 2000.0, "stop")
    assert (rows[3]["success"], rows[3]["error"], rows[3]["error_type"], rows[3]["context_length"]) == (
        False, "client gave up", "timeout", 4096,
    )  # fmt: skip
    latency = sql(store, "SELECT * FROM model_latency WHERE model = 'llama3.1:8b'", capsys)[0]
    ours = ollalog.get_performance_stats("llama3.1:8b")
    for percentile in ("p50", "p90", "p95", "p99"):
        assert latency[f"{percentile}_ns"] == pytest.approx(ours[f"{percentile}_latency_ms"] * 1e6)  # type: ignore[operator]


@pytest.mark.usefixtures("logs")
def test_statistics_are_those_of_the_records() -> None:
    for latency_ms in (100, 200, 300, 400):
        ollalog.record_performance("a", "chat", latency_ms, True, response=REPLY)
    ollalog.record_performance("a", "generate", 50, False, error="model 'a' not found")
    ollalog.record_performance("b", "embed", 10, True, response={"prompt_eval_count": 3})
    stats = ollalog.get_performance_stats()
    by_model, by_operation = stats["by_model"], stats["by_operation"]
    assert isinstance(by_model, dict)
    assert isinstance(by_operation, dict)
    assert (stats["total_requests"], stats["successful_requests"], stats["failed_requests"]) == (6, 5, 1)
    assert stats["success_rate"] == pytest.approx(5 / 6)
    assert stats["errors_by_type"] == {"invalid_model": 1}
    assert stats["avg_tokens_per_second"] == 50
    assert stats["avg_load_time_ms"] == 300
    assert stats["avg_prompt_eval_time_ms"] == 50
    assert stats["avg_generation_time_ms"] == 4000
    assert stats["total_prompt_tokens"] == 403
    assert (stats["min_latency_ms"], stats["max_latency_ms"], stats["avg_latency_ms"]) == (10, 400, 202)
    assert by_model["a"]["p50_latency_ms"] == 250
    assert by_model["a"]["p95_latency_ms"] == pytest.approx(385)
    assert set(by_operation) == {"chat", "generate", "embed"}
    assert by_operation["generate"]["avg_latency_ms"] is None
    assert ollalog.get_performance_stats("b")["total_requests"] == 1
    assert ollalog.get_performance_stats("none")["success_rate"] is None


def test_a_tracked_request_is_timed_and_an_exception_goes_on_its_way(logs: Path) -> None:
    with ollalog.track_performance("a", "chat", temperature=0.5) as run:
        run.response = REPLY
    with pytest.raises(ConnectionRefusedError), ollalog.track_performance("a", "chat"):
        raise ConnectionRefusedError("nobody listens")
    with ollalog.track_performance("a", "chat") as run:
        run.error = "server busy"
    good, refused, busy = records(logs)
    assert (good["success"], good["error"], good["generated_tokens"], good["temperature"]) == (True, None, 200, 0.5)
    assert 0 < float(str(good["total_latency_ms"])) < 60_000
    assert (refused["success"], refused["error"], refused["error_type"]) == (False, "nobody listens", "connection_failed")
    assert (busy["success"], busy["error_type"]) == (False, "resource_exhausted")


def test_a_reply_of_the_ollama_package_is_read_like_a_mapping(logs: Path) -> None:
    chat, generate = ollama.ChatResponse.model_validate(REPLY), ollama.GenerateResponse.model_validate({**REPLY, "response": "kept out"})
    for reply in (chat, generate, REPLY):
        ollalog.record_performance("llama3.1:8b", "chat", None, True, response=reply, timestamp=datetime(2026, 1, 1, tzinfo=UTC))
    first, *others = records(logs)
    assert first["total_latency_ms"] == 5300
    assert others == [first, first]


def test_nothing_that_a_caller_hands_over_raises(logs: Path) -> None:
    class Hostile:
        def __getattr__(self, name: str) -> object:
            raise RuntimeError(name)

        def __str__(self) -> str:
            raise RuntimeError("no text")

    ollalog.record_performance(Hostile(), "chat", 1, True)  # type: ignore[arg-type]
    ollalog.record_performance("a", "chat", 1, True, response=Hostile())
    ollalog.record_performance("a", "chat", 1, False, error=Hostile())
    assert ollalog.get_performance_stats()["dropped"] == 3
    ollalog.record_performance(None, None, float("nan"), None, response=[1], extra={"a": [1]}, whole=1 << 80)  # type: ignore[arg-type]
    assert [record.keys() >= {"model", "success", "error"} for record in records(logs)] == [True]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_costs_records_and_nothing_else(logs: Path) -> None:
    logs.mkdir(mode=0o555)
    ollalog.record_performance("a", "chat", 1, True)
    assert ollalog.get_performance_stats()["dropped"] == 1


def test_a_folder_that_is_a_file_costs_records_and_is_said_once(logs: Path, caplog: pytest.LogCaptureFixture) -> None:
    logs.write_text("not a folder", encoding="utf-8")
    for _ in range(3):
        ollalog.record_performance("a", "chat", 1, True)
    stats = ollalog.get_performance_stats()
    assert (stats["dropped"], stats["total_requests"]) == (3, 3)
    assert len(caplog.records) == 1
    assert "  fix    " in caplog.text


def test_models_without_end_are_counted_in_bounded_memory(tmp_path: Path) -> None:
    recorder = PerformanceRecorder(tmp_path)
    for number in range(5000):
        recorder.record(f"model-{number}", "chat", 1.0, True)
    by_model = recorder.stats()["by_model"]
    assert isinstance(by_model, dict)
    assert len(by_model) == MOST_TALLIES + 1
    assert by_model["other"]["total_requests"] == 5000 - MOST_TALLIES


TEXTS = st.one_of(
    st.sampled_from(["a\nb", 'quo"te', "back\\slash", "x" * 10_000, "\udcff\ud800", "\x00\x1b[31m", "[GIN] 2026/06/21 - 18:00:05 | 200 |"]),
    st.text(st.characters(), max_size=50),
)


@given(model=TEXTS, operation=TEXTS, error=TEXTS)
def test_hostile_names_make_one_line_that_is_valid_and_bounded(
    tmp_path_factory: pytest.TempPathFactory, model: str, operation: str, error: str
) -> None:
    """R3."""
    logs = tmp_path_factory.mktemp("hostile")
    recorder = PerformanceRecorder(logs)
    recorder.record(model, operation, 1.0, False, error=error)
    recorder.file.close()
    data = (logs / "performance.jsonl").read_bytes()
    assert data.count(b"\n") == 1
    assert len(data) < 16_000
    record = json.loads(data)
    assert isinstance(record["model"].encode(), bytes)
    assert record["model"] == model or len(model) > 256 or any("\ud800" <= character <= "\udfff" for character in model)


def test_hostile_names_are_rows_in_the_store(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R3, from the producer to the row."""
    hostile = ["a\nb", 'quo"te', "back\\slash", "x" * 10_000, "\udcff\ud800", "\x1b[31m", "[GIN] 2026/06/21 - 18:00:05 | 200 |", "😀"]
    for name in hostile:
        ollalog.record_performance(name, "chat", 1.0, False, error=name)
    store = tmp_path / "store"
    assert run(["ingest", "--json", "--store", str(store), str(logs)]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == {"inferences": len(hostile)}
