"""Samples of a host (C2): with GPUs at the border of NVIDIA's library, with an HTTP server that answers like Ollama, and with neither."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ollalog import runtime, sampling, store
from ollalog.sampler import ApiAddress, Probes, Sampler
from ollalog.sampler.gpu import GpuProbe
from ollalog.sampler.host import HostProbe, HostReading
from ollalog.sampler.ollama import OllamaProbe
from tests.tail.following import Said, ScriptedWaker, follow
from tests.test_runtime import CLOCK, access_lines, ingest, reprocess, rows

READ_GPUS = """
import json, dataclasses
from ollalog.sampler.gpu import GpuProbe
probe = GpuProbe()
print(json.dumps({"problem": probe.problem, "gpus": [dataclasses.asdict(gpu) for gpu in probe.read(5.0)]}))
probe.close()
"""
HELD = {
    "models": [
        {"name": "llama3.1:8b", "size": 6_000_000_000, "size_vram": 6_000_000_000},
        {"name": "nomic-embed-text", "size": 500_000_000},
    ]
}
THERE = {"models": [{"name": str(number)} for number in range(9)]}


def replies(asked: list[str]) -> type[BaseHTTPRequestHandler]:
    class Ollama(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = json.dumps({"/api/ps": HELD, "/api/tags": THERE}[self.path]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the library gives it
            """Says nothing."""

    return Ollama


@contextmanager
def ollama(handler: type[BaseHTTPRequestHandler]) -> Iterator[ApiAddress]:
    """A server on a free port of the loopback."""
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield ApiAddress("127.0.0.1", server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def closed_port() -> ApiAddress:
    with ollama(BaseHTTPRequestHandler) as address:
        return address


def probes(folder: Path, address: ApiAddress) -> Probes:
    return Probes(HostProbe(folder, address.port), GpuProbe(), OllamaProbe(address))


def test_gpus_are_read_at_the_border_of_the_library(tmp_path: Path) -> None:
    """C2: NVIDIA through NVML: use, memory used and total, power, energy; what a card does not tell is null."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs the program cc, on Linux")
    library = tmp_path / "libnvidia-ml.so.1"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, Path(__file__).parent / "nvml.c"], check=True)
    environ = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
    told = json.loads(subprocess.run([sys.executable, "-c", READ_GPUS], env=environ, capture_output=True, check=True, timeout=60).stdout)
    assert told == {
        "problem": None,
        "gpus": [
            {"name": "0: NVIDIA H200", "ratio": 0.75, "memory_bytes": 50_000_000_000, "memory_total_bytes": 150_000_000_000,
             "power_w": 600.0, "energy_j": 3000.0, "temperature_c": 61.0},
            {"name": "1: NVIDIA Old", "ratio": 0.2, "memory_bytes": 1_000_000_000, "memory_total_bytes": 8_000_000_000,
             "power_w": 50.0, "energy_j": 250.0, "temperature_c": None},
        ],
    }  # fmt: skip


def test_a_sample_of_two_gpus_has_a_row_for_both_together_and_one_for_each(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs the program cc, on Linux")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", tmp_path / "libnvidia-ml.so.1", Path(__file__).parent / "nvml.c"], check=True)
    root = tmp_path / "store"
    environ = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path), "OLLAMA_HOST": closed_port().url}
    command = [sys.executable, "-m", "ollalog", "--store", str(root), "sample", "--interval", "0.1", "--count", "2", "--host", "box"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "2 samples\n"
    assert done.stderr.count("Ollama does not answer") == 1
    assert "GPU" not in done.stderr
    taken = rows(root, "resource_samples")
    assert taken["scope"].to_list() == ["host", "gpu", "gpu"] * 2
    host = taken.row(0, named=True)
    assert (host["gpu_ratio"], host["gpu_memory_bytes"], host["gpu_memory_total_bytes"]) == (0.75, 51_000_000_000, 158_000_000_000)
    assert (host["gpu_power_w"], host["gpu_temperature_c"]) == (650.0, 61.0)
    assert 3000 < host["gpu_energy_j"] < 3000 + 50 * 60
    assert taken["name"].to_list()[1:3] == ["0: NVIDIA H200", "1: NVIDIA Old"]
    assert store.verify(root, runtime.reread).problems == ()


def test_a_host_tells_everything_that_is_asked_for(tmp_path: Path) -> None:
    """C2: CPU, memory, disk, network, connections, models loaded and total, availability."""
    asked: list[str] = []
    with ollama(replies(asked)) as address:
        sampler = Sampler(probes(tmp_path, address), 10.0)
        first = sampler.sample(CLOCK.now_utc(), 15.0).row(0, named=True)
        second = sampler.sample(CLOCK.now_utc(), 20.0).row(0, named=True)
        sampler.close()
    assert asked == ["/api/ps", "/api/tags", "/api/ps"], "the list of all models is asked for once a minute"
    for row in (first, second):
        assert (row["models_loaded"], row["models_total"], row["model_memory_bytes"], row["is_available"]) == (2, 9, 6_500_000_000, True)
        assert row["interval_ns"] == 5_000_000_000
        assert 0 <= row["cpu_ratio"] <= 1
        assert 0 < row["memory_ratio"] < 1
        assert row["memory_bytes"] > 0
        assert row["memory_available_bytes"] > 0
        assert 0 < row["disk_ratio"] <= 1
        assert row["network_bytes"] is None or row["network_bytes"] >= 0
        assert row["scope"] == "host"


def test_no_gpu_and_no_ollama_are_normal_and_said_once(tmp_path: Path) -> None:
    root, said = tmp_path / "store", Said([])
    address = closed_port()
    taken = sampling.sample(
        root,
        interval_s=5.0,
        count=3,
        host="box",
        clock=CLOCK,
        events=said,
        waker=ScriptedWaker([]),
        probes=lambda folder: probes(folder, address),
    )
    assert taken == 3
    assert [remark.partition(" (")[0] for remark in said.remarks] == [
        "no NVIDIA GPU is sampled",
        f"Ollama does not answer at {address.url}",
    ]
    found = rows(root, "resource_samples")
    assert found["is_available"].to_list() == [False] * 3
    assert found["gpu_ratio"].null_count() == 3
    assert found["byte_offset"].to_list() == [0, 1, 2]
    assert store.verify(root, runtime.reread).problems == ()


class Silent(HostProbe):
    """A machine that tells nothing twice."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder, port)
        self.asked = 0

    def read(self) -> HostReading:
        self.asked += 1
        if self.asked < 3:
            raise PermissionError("not today")
        return super().read()


def test_a_sample_that_fails_is_given_up_and_said_once(tmp_path: Path) -> None:
    """R7: whatever the machine does, the next sample is taken."""
    root, said, address = tmp_path / "store", Said([]), closed_port()
    told = Probes(Silent(tmp_path, address.port), GpuProbe(), OllamaProbe(address))
    taken = sampling.sample(
        root, interval_s=5.0, count=2, host="box", clock=CLOCK, events=said, waker=ScriptedWaker([]), probes=lambda _folder: told
    )
    assert taken == 2
    assert said.remarks.count("this host could not be sampled: PermissionError: not today") == 1
    assert rows(root, "resource_samples").height == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"not json", 200), (b'{"models": 5}', 200), (b"[1]", 200), (b"{}", 404), (b"[" * 100_000, 200), (b"", 200)],
)
def test_what_is_no_ollama_is_not_available(body: bytes, status: int) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the library gives it
            """Says nothing."""

    with ollama(Other) as address:
        assert not OllamaProbe(address).read(0.0).is_available


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),  # noqa: S104 - asked, not bound to
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        (":8080", "http://127.0.0.1:8080"),
        ("gpu-box:99", "http://gpu-box:99"),
        ("https://ollama.example", "https://ollama.example:443"),
        ("http://box:1/", "http://box:1"),
        ("box:many", "http://box:11434"),
    ],
)
def test_the_address_is_that_of_ollama_host(text: str, url: str) -> None:
    assert ApiAddress.from_environment({"OLLAMA_HOST": text}).url == url


def test_samples_beside_a_tail_and_logs_have_their_own_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN §1: samples go through the same commit as rows of logs, and survive reprocessing."""
    monkeypatch.setenv("OLLAMA_HOST", closed_port().url)
    root, log = tmp_path / "store", tmp_path / "server.log"
    log.write_bytes(access_lines(0, 5))
    follow(root, [log], sample_s=5.0)
    sampled = rows(root, "resource_samples").height
    assert sampled, "time passes by script, so how many there are is up to the machine"
    assert rows(root, "requests").height == 5
    follow(root, [log], sample_s=5.0)
    again = rows(root, "resource_samples")
    assert again.height > sampled
    assert again["byte_offset"].to_list() == list(range(again.height))
    ingest(root, log)
    reprocess(root, log)
    assert rows(root, "resource_samples").height == again.height
