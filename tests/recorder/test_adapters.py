"""Producers that use the `ollama` package or `logging`: what they do is recorded without a word of theirs."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ollama
import pytest

import ollalog
from ollalog import MetricsCollector, RecorderHandler, wrap_client
from tests.recorder.ollama_server import WORDS, ollama_server

SAID = "".join(WORDS)
ASKED = [{"role": "user", "content": "Why is the sky blue?"}]


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Path]:
    """The folder that this process records to."""
    ollalog.configure(directory=tmp_path)
    yield tmp_path
    ollalog.configure()


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    """Where a server answers like Ollama."""
    with ollama_server() as url:
        yield url


@pytest.fixture
def plain(host: str) -> Iterator[ollama.Client]:
    """A client as it comes."""
    client = ollama.Client(host)
    yield client
    client.close()  # type: ignore[no-untyped-call]


def records(logs: Path) -> list[dict[str, Any]]:
    """What is in performance.jsonl."""
    return [json.loads(line) for line in (logs / "performance.jsonl").read_text(encoding="utf-8").splitlines()]


def test_requests_of_a_client_are_recorded_and_answered_as_ever(plain: ollama.Client, logs: Path) -> None:
    client: Any = wrap_client(plain)
    options = {"temperature": 0.7, "num_ctx": 8192}
    assert client.chat("llama3.1:8b", messages=ASKED, options=options).message.content == SAID
    assert client.generate(model="llama3.1:8b", prompt="Why?", options=ollama.Options(top_p=0.9)).response == SAID
    assert client.embed(model="nomic-embed-text", input="sky")["embeddings"] == [[0.1, 0.2]]
    assert list(client.embeddings("nomic-embed-text", "sky")["embedding"]) == [0.1, 0.2]
    chat, generate, embed, embeddings = records(logs)
    assert [record["operation"] for record in (chat, generate, embed, embeddings)] == ["chat", "generate", "embed", "embed"]
    assert {name: chat[name] for name in chat if name not in {"timestamp", "total_latency_ms"}} == {
        "model": "llama3.1:8b", "operation": "chat", "success": True, "error": None, "load_duration_ms": 900.0,
        "prompt_eval_duration_ms": 130.0, "eval_duration_ms": 4000.0, "prompt_tokens": 26, "generated_tokens": 200,
        "done_reason": "stop", "tokens_per_second": 50.0, "prompt_tokens_per_second": 200.0, "temperature": 0.7, "context_length": 8192,
    }  # fmt: skip
    assert (generate["top_p"], "temperature" in generate) == (0.9, False)
    assert (embed["prompt_tokens"], embed["load_duration_ms"]) == (8, 1.0)
    assert embeddings["success"]


def test_a_streamed_reply_is_recorded_at_its_end(plain: ollama.Client, logs: Path) -> None:
    client: Any = wrap_client(plain)
    parts = client.chat(model="llama3.1:8b", messages=ASKED, stream=True)
    assert not (logs / "performance.jsonl").exists()
    assert "".join(part.message.content for part in parts) == SAID
    (record,) = records(logs)
    assert (record["success"], record["generated_tokens"], record["done_reason"]) == (True, 200, "stop")


def test_a_streamed_reply_that_is_not_read_to_its_end_has_failed(plain: ollama.Client, logs: Path) -> None:
    client: Any = wrap_client(plain)
    parts = client.generate(model="llama3.1:8b", prompt="Why?", stream=True)
    next(parts)
    parts.close()
    (record,) = records(logs)
    assert (record["success"], record["error"], record["error_type"]) == (False, "the reply was not read to its end", "other")


@pytest.mark.parametrize(
    ("model", "is_streamed", "kind"),
    [("missing", False, "invalid_model"), ("missing", True, "invalid_model"), ("busy", False, "resource_exhausted"),
     ("breaks", True, "resource_exhausted")],
)  # fmt: skip
def test_failures_are_recorded_and_raised_as_ever(plain: ollama.Client, logs: Path, model: str, is_streamed: bool, kind: str) -> None:  # noqa: FBT001
    client: Any = wrap_client(plain)
    with pytest.raises(ollama.ResponseError):
        list(client.chat(model=model, messages=ASKED, stream=is_streamed))
    (record,) = records(logs)
    assert (record["success"], record["error_type"]) == (False, kind)


def test_a_server_that_is_not_there_is_a_failed_connection(logs: Path) -> None:
    with ollama_server() as url:
        plain = ollama.Client(url)
    with pytest.raises(ConnectionError):
        wrap_client(plain).generate(model="llama3.1:8b", prompt="Why?")
    plain.close()  # type: ignore[no-untyped-call]
    assert records(logs)[0]["error_type"] == "connection_failed"


def test_an_asynchronous_client_is_recorded_too(host: str, logs: Path) -> None:
    async def ask() -> None:
        client: Any = wrap_client(ollama.AsyncClient(host))
        reply = await client.chat(model="llama3.1:8b", messages=ASKED)
        assert reply.message.content == SAID
        parts = await client.generate(model="qwen2.5:7b", prompt="Why?", stream=True)
        assert "".join([part.response async for part in parts]) == SAID
        with pytest.raises(ollama.ResponseError):
            await client.embed(model="missing", input="sky")
        async for _part in (unread := await client.chat(model="llama3.1:8b", messages=ASKED, stream=True)):
            break
        await unread.aclose()
        await client.close()

    asyncio.run(ask())
    assert [(record["model"], record["operation"], record["success"], record.get("generated_tokens")) for record in records(logs)] == [
        ("llama3.1:8b", "chat", True, 200), ("qwen2.5:7b", "generate", True, 200), ("missing", "embed", False, None),
        ("llama3.1:8b", "chat", False, None),
    ]  # fmt: skip


def test_a_collector_counts_the_requests_of_a_client(plain: ollama.Client, logs: Path) -> None:
    collector = MetricsCollector(logs)
    client: Any = wrap_client(plain, collector)
    client.chat(model="llama3.1:8b", messages=ASKED)
    client.embed(model="llama3.1:8b", input="sky")
    with pytest.raises(ollama.ResponseError):
        client.generate(model="missing", prompt="Why?")
    numbers = collector.get_model_metrics("llama3.1:8b")
    assert numbers
    assert (numbers["total"], numbers["tokens"]) == (2, 234)
    text = collector.export_prometheus()
    assert 'tinyllm_requests_total{model="llama3.1:8b",graph="default",request_type="chat"} 1\n' in text
    assert 'tinyllm_model_load_duration_seconds_count{model="llama3.1:8b"} 1\n' in text
    assert 'tinyllm_errors_total{error_type="invalid_model"} 1\n' in text
    assert 'tinyllm_active_requests{model="missing",graph="default"} 0\n' in text
    assert len(records(logs)) == 3


def test_the_client_that_was_given_stays_as_it_is_and_is_wrapped_once(plain: ollama.Client, logs: Path) -> None:
    wrapped = wrap_client(plain)
    assert isinstance(wrapped, ollama.Client)
    assert wrap_client(wrapped) is wrapped
    plain.embed(model="nomic-embed-text", input="sky")
    assert not (logs / "performance.jsonl").exists()


@pytest.fixture
def logger(logs: Path) -> Iterator[logging.Logger]:
    """A producer's logger, with the handler."""
    logger = logging.getLogger("a producer")
    logger.setLevel(logging.INFO)
    handler = RecorderHandler(collector=MetricsCollector(logs))
    logger.addHandler(handler)
    yield logger
    logger.removeHandler(handler)


def test_log_entries_that_name_a_model_and_a_latency_are_requests(logger: logging.Logger, logs: Path) -> None:
    extra = {"model": "llama3.1:8b", "operation": "chat", "total_latency_ms": 1200.0}
    logger.info("answered", extra={**extra, "generated_tokens": 20, "eval_duration_ms": 1000.0})
    logger.error("no answer: %s", "connection refused", extra=extra)
    logger.info("nothing about a model")
    answered, failed = records(logs)
    assert (answered["success"], answered["generated_tokens"], answered["tokens_per_second"]) == (True, 20, 20.0)
    assert (failed["success"], failed["error"], failed["error_type"]) == (False, "no answer: connection refused", "connection_failed")


def test_log_entries_of_errors_without_a_latency_are_events(logger: logging.Logger, logs: Path) -> None:
    try:
        raise TimeoutError("30 s are over")  # noqa: TRY301 - what a producer's call raises
    except TimeoutError:
        logger.exception("failed", extra={"model": "llama3.1:8b"})
    event = json.loads((logs / "events.jsonl").read_text(encoding="utf-8"))
    assert (event["event"], event["error"], event["error_type"]) == ("error", "30 s are over", "timeout")
