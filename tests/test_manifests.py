"""Models that a log tells only by their file get the name that this machine's Ollama has for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ollalog import runtime
from ollalog.core.clock import SystemClock
from ollalog.core.events import NullEvents
from ollalog.core.manifests import blob_names, models_folders
from ollalog.runtime import IngestOptions

BLOB = "667b0c1932bc6ffc593ed1d03f895bf2dc8dc6df21db3042284a6f4416b06a29"
FILE = f"/usr/share/ollama/.ollama/models/blobs/sha256-{BLOB}"
CLOCK = SystemClock()
START = 'time=2026-06-21T18:00:00.000Z level=INFO source=routes.go:1 msg="Listening on [::]:11434 (version {version})"'
OLD = f"""\
{START.format(version="0.9.6")}
time=2026-06-21T18:00:01.000Z level=INFO source=server.go:438 msg="starting llama server" cmd="ollama runner --model {FILE} --port 1"
time=2026-06-21T18:00:03.000Z level=INFO source=server.go:637 msg="llama runner started in 2.00 seconds"
time=2026-06-21T18:00:03.000Z level=INFO source=sched.go:448 msg="loaded runners" count=1
[GIN] 2026/06/21 - 18:00:09 | 200 |  5.000000000s |       127.0.0.1 | POST     "/api/chat"
"""
NEW = f"""\
{START.format(version="0.30.0")}
time=2026-06-21T18:00:01.000Z level=INFO source=l.go:4 msg="starting llama-server" cmd="llama-server --model {FILE} -np 1"
srv    load_model: initializing, n_slots = 1, n_ctx_slot = 4096, kv_unified = 'true'
time=2026-06-21T18:00:03.000Z level=INFO source=llama_server.go:1362 msg="llama-server started in 2.00 seconds"
time=2026-06-21T18:00:03.000Z level=INFO source=sched.go:728 msg="loaded runners" count=1
slot launch_slot_: id  0 | task 0 | processing task, is_child = 0
slot   operator(): id  0 | task 0 | new prompt, n_ctx_slot = 4096, n_keep = 4, task.n_tokens = 29
slot print_timing: id  0 | task 0 | prompt eval time =       7.19 ms /    29 tokens (    0.25 ms per token,  4031.70 tokens per second)
slot print_timing: id  0 | task 0 |        eval time =      12.20 ms /    16 tokens (    0.81 ms per token,  1229.41 tokens per second)
slot print_timing: id  0 | task 0 |       total time =      19.39 ms /    45 tokens
slot      release: id  0 | task 0 | stop processing: n_tokens = 44, truncated = 0
[GIN] 2026/06/21 - 18:00:09 | 200 |   25.000000ms |       127.0.0.1 | POST     "/api/chat"
"""


def manifest(models: Path, name: str, blob: str = BLOB) -> None:
    path = models / "manifests" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    layers = [
        {"mediaType": "application/vnd.ollama.image.license", "digest": f"sha256:{'0' * 64}"},
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{blob}"},
    ]
    path.write_text(json.dumps({"schemaVersion": 2, "layers": layers}), encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("registry.ollama.ai/library/llama3.1/8b", "llama3.1:8b"),
        ("registry.ollama.ai/someone/tuned/latest", "someone/tuned:latest"),
        ("hf.co/bartowski/Llama-3.2-GGUF/Q4_K_M", "hf.co/bartowski/Llama-3.2-GGUF:Q4_K_M"),
    ],
)
def test_names_are_those_that_ollama_shows(tmp_path: Path, path: str, name: str) -> None:
    manifest(tmp_path, path)
    assert blob_names([tmp_path]) == {BLOB[:12]: name}


def test_what_is_no_manifest_is_passed_over(tmp_path: Path) -> None:
    manifest(tmp_path, "registry.ollama.ai/library/good/latest")
    for name, content in (("torn", b'{"layers": ['), ("list", b"[]"), ("empty", b""), ("text", b'{"layers": "x"}'), ("nul", b"\0\xff")):
        path = tmp_path / "manifests" / "registry.ollama.ai" / "library" / name / "latest"
        path.parent.mkdir()
        path.write_bytes(content)
    (tmp_path / "manifests" / "stray").write_bytes(b"{}")
    assert blob_names([tmp_path, tmp_path / "missing"]) == {BLOB[:12]: "good:latest"}


def test_the_folder_set_for_ollama_is_the_only_one(tmp_path: Path) -> None:
    assert models_folders({"OLLAMA_MODELS": str(tmp_path)}, None) == [tmp_path]
    assert tmp_path / ".ollama" / "models" in models_folders({}, home=tmp_path)


@pytest.mark.parametrize(("log", "basis"), [(OLD, "resident"), (NEW, "run")])
def test_a_request_gets_the_name_of_its_models_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: str, basis: str) -> None:
    """The log has the digest only."""
    manifest(tmp_path / "models", "registry.ollama.ai/library/gemma3/4b")
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "models"))
    path = tmp_path / "server.log"
    path.write_text(log, encoding="utf-8")
    summary = runtime.ingest(tmp_path / "store", [str(path)], IngestOptions(timezone="UTC"), clock=CLOCK, events=NullEvents())
    assert summary.fates["rejected"] == 0
    with runtime.warehouse(tmp_path / "store", now=CLOCK.now_utc()) as warehouse:
        found = warehouse.view("request_runs").select("model", "model_blob", "model_basis").row(0)
        loads = warehouse.view("model_loads")["model"].to_list()
    assert found == ("gemma3:4b", BLOB[:12], basis)
    assert loads == ["gemma3:4b"]
