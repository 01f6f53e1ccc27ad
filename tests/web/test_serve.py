"""`ollalog serve` as a process: it follows, serves, and ends."""

from __future__ import annotations

import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ollalog.core.clock import SystemClock
from ollalog.store import open_store
from ollalog.web.following import Following
from tests.web.serving import BASE, ROOT, hostile_log

BOUND_S = 60.0


@dataclass
class Served:
    """A running service."""

    process: subprocess.Popen[str]
    url: str

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and answer."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=BOUND_S)
        headers = {"content-type": "application/json"} if body is not None else {}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        found = answer.read()
        connection.close()
        return answer.status, json.loads(found)

    @contextmanager
    def events(self) -> Iterator[Iterator[tuple[str, dict[str, Any]]]]:
        """Live events as they come."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=BOUND_S)
        connection.request("GET", "/events")
        answer = connection.getresponse()

        def told() -> Iterator[tuple[str, dict[str, Any]]]:
            kind = ""
            while line := answer.readline().decode().rstrip("\n"):
                yield from ()
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield kind, json.loads(line.removeprefix("data: "))
                    answer.readline()

        try:
            yield told()
        finally:
            connection.close()

    def end(self) -> tuple[int, float]:
        """Exit code, and how long the end took; seconds."""
        began_s = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(BOUND_S), time.monotonic() - began_s


@contextmanager
def serving(store: Path, *words: str) -> Iterator[Served]:
    """Run the service on a free port while the block lasts."""
    command = [sys.executable, "-m", "ollalog", "serve", "--store", str(store), "--port", "0", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        ready, _, _ = select.select([process.stdout], [], [], BOUND_S)
        assert ready
        yield Served(process, process.stdout.readline().strip())
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def refused(store: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a service that cannot begin."""
    command = [sys.executable, "-m", "ollalog", "serve", "--store", str(store), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=BOUND_S)


def test_a_line_that_is_written_is_served(tmp_path: Path) -> None:
    """C6, C7: follows the logs, tells of the commit, ends within two seconds."""
    _, records = hostile_log(tmp_path)
    with serving(tmp_path / "store", "--no-sample", str(tmp_path / "*.jsonl")) as service:
        with service.events() as events:
            assert next(events)[0] == "hello"
            later = tmp_path / "later.jsonl"
            later.write_text(records.read_text(encoding="utf-8").replace("T11:", "T10:"), encoding="utf-8")
            requests = 0
            while requests < 16:
                if requests or next(events)[0] == "commit":
                    status, answer = service.ask("POST", "/api/sql", {"query": "SELECT count(*) AS requests FROM model_requests"})
                    assert status == 200
                    requests = answer["rows"][0]["requests"]
        _, told = service.ask("GET", f"{BASE}/status")
        assert told["monitoring"]["following"] is True
        assert told["monitoring"]["sampling"] is False
        assert "tail" in told["monitoring"]["writer"]
        code, took_s = service.end()
        assert service.process.stderr is not None
        assert (code, service.process.stderr.read()) == (0, ""), "who follows the logs was asked once, and ended in its own time"
        assert took_s < 2.5


def test_sampling_is_begun_and_ended_by_request(tmp_path: Path) -> None:
    """C2, C6."""
    with serving(tmp_path / "store", "--no-sample", str(tmp_path / "none.jsonl")) as service, service.events() as events:
        assert next(events)[0] == "hello"
        status, told = service.ask("POST", f"{BASE}/monitoring/start", {"interval": 0.5})
        assert status == 200
        told = {}
        while "memory_ratio" not in told:
            _, told = next(events)
        assert 0 < told["memory_ratio"] <= 1
        samples = service.ask("GET", f"{BASE}/system?hours=1")[1]["samples"]
        assert samples[-1]["memory_bytes"] > 0
        assert service.ask("GET", "/api/ai/ollama/health")[1]["sampled_at"]
        _, told = service.ask("GET", f"{BASE}/status")
        assert (told["monitoring"]["sampling"], told["monitoring"]["interval_s"]) == (True, 0.5)
        status, told = service.ask("POST", f"{BASE}/monitoring/stop")
        assert (status, told["sampling"]) == (200, False)


def test_the_logs_are_not_followed_longer_than_the_service_lives(tmp_path: Path) -> None:
    """R1: killed, it leaves no process behind that writes."""
    with serving(tmp_path / "store", "--no-sample", str(tmp_path / "*.jsonl")) as service:
        hostile_log(tmp_path)
        with service.events() as events:
            while next(events)[0] != "commit":
                pass
        _, told = service.ask("GET", f"{BASE}/status")
        writer = int(told["monitoring"]["writer"].split()[1])
        handle = os.pidfd_open(writer)
        service.process.kill()
        ended, _, _ = select.select([handle], [], [], BOUND_S)
        os.close(handle)
        assert ended


def test_the_end_does_not_wait_for_a_question_and_prints_no_traceback(tmp_path: Path) -> None:
    """R7: asked to end while queries run for long, it says so to those who wait and ends within two seconds, quietly."""
    with serving(tmp_path / "store", "--no-tail") as service:
        waiting = [http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=BOUND_S) for _ in range(3)]
        for number, connection in enumerate(waiting):
            query = f"SELECT {number}, sum(a.range * b.range) FROM range(100000000) a, range(100000000) b"  # noqa: S608 - a number
            body = json.dumps({"query": query, "timeout_s": 30})
            connection.request("POST", "/api/sql", body, {"content-type": "application/json"})
        assert service.ask("GET", "/healthz")[0] == 200
        code, took_s = service.end()
        assert service.process.stderr is not None
        assert (code, service.process.stderr.read()) == (0, "")
        assert took_s < 2.5
        for connection in waiting:
            answer = connection.getresponse()
            assert (answer.status, json.loads(answer.read())["title"]) == (503, "the service ends")
            connection.close()


def test_the_end_does_not_wait_for_what_heeds_no_interruption() -> None:
    """R7: native code that goes on, in a thread that Python would wait for, ends with the process, without a word."""
    endless = "SELECT sum(a.range * b.range) FROM range(1000000000) a, range(1000000000) b"
    program = (
        "import threading, duckdb; from ollalog.web.server import leave; began = threading.Event();"
        f"threading.Thread(target=lambda: (began.set(), duckdb.sql('{endless}').fetchall())).start(); began.wait(); leave(); print('on')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=BOUND_S)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    idle = subprocess.run(
        [sys.executable, "-c", "from ollalog.web.server import leave; leave(); print('on')"],
        capture_output=True, text=True, check=False, timeout=BOUND_S,
    )  # fmt: skip
    assert idle.stdout == "on\n"


def test_a_port_in_use_is_one_message(tmp_path: Path) -> None:
    """R7."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = refused(tmp_path / "store", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "is in use" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_of_another_machine_is_one_message(tmp_path: Path) -> None:
    """R7."""
    done = refused(tmp_path / "store", "--host", "192.0.2.1", "--port", "0")
    assert done.returncode == 2
    assert "cannot be listened on" in done.stderr


def test_a_store_that_another_writes_is_served_and_not_followed(tmp_path: Path) -> None:
    """R4: with PATH it is an error, without it what the other writes is shown."""
    with open_store(tmp_path / "store", command="elsewhere", clock=SystemClock()):
        done = refused(tmp_path / "store", "--port", "0", str(tmp_path))
        assert done.returncode == 4
        assert "elsewhere" in done.stderr
        with serving(tmp_path / "store") as service:
            status, told = service.ask("GET", f"{BASE}/status")
            assert status == 200
            assert told["monitoring"]["following"] is False
            assert "elsewhere" in told["monitoring"]["writer"]
            assert service.ask("POST", f"{BASE}/cleanup", {"days_to_keep": 30})[0] == 409


def test_beyond_this_machine_the_token_is_printed_once(tmp_path: Path) -> None:
    """R5."""
    with serving(tmp_path / "store", "--no-tail", "--host", "0.0.0.0") as service:  # noqa: S104 - what is tried
        token = service.url.partition("?token=")[2]
        assert token == (tmp_path / "store" / "serve-token").read_text(encoding="ascii").strip()
        printed = urlsplit(service.url)
        connection = http.client.HTTPConnection("127.0.0.1", printed.port, timeout=BOUND_S)
        connection.request("GET", f"/?{printed.query}", headers={"Host": printed.netloc})
        assert connection.getresponse().status == 303, "the address that was printed is let in"
        connection.close()
    with serving(tmp_path / "store", "--no-tail", "--host", "0.0.0.0") as again:  # noqa: S104 - as above
        assert "token" not in again.url
        here = Served(again.process, f"http://127.0.0.1:{urlsplit(again.url).port}/")
        assert here.ask("GET", "/api/views")[0] == 401
        assert here.ask("GET", "/healthz")[0] == 200


def test_following_that_ends_by_itself_is_told_and_ends_when_asked(tmp_path: Path) -> None:
    """A tail that cannot begin is begun again later; to stop does not wait for that."""
    said: list[str] = []
    following = Following(tmp_path, lambda _every: [sys.executable, "-c", "raise SystemExit(3)"], said.append, None)
    following.start()
    while not said:
        select.select([], [], [], 0.01)
    began_s = time.monotonic()
    following.close()
    assert time.monotonic() - began_s < 2
    assert "exit code 3" in said[0]
    assert not following.is_running


@pytest.mark.parametrize("words", [["--interval", "0"], ["--port", "70000"], ["--no-sampel"]])
def test_options_that_cannot_be_are_told(tmp_path: Path, words: list[str]) -> None:
    """U4."""
    assert refused(tmp_path / "store", *words).returncode == 2
