"""/metrics over HTTP (B5, D): both formats and no other, gzip, connections that stay open, an end in order, a real Prometheus."""

from __future__ import annotations

import gzip
import http.client
import json
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ollalog.cli.main import run
from ollalog.exporting import MetricsServer, asked_of
from tests.test_runtime import CLOCK, access_lines, ingest

PATIENCE_S = 60.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    log = tmp_path / "server.log"
    log.write_bytes(access_lines(0, 5))
    ingest(tmp_path / "store", log)
    return tmp_path / "store"


@pytest.fixture
def server(root: Path) -> Iterator[MetricsServer]:
    with closing(MetricsServer(asked_of(root, CLOCK, ["ollama"], 1000), "127.0.0.1", 0)) as server:
        yield server


def connection(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_S)


def get(url: str, target: str = "/metrics", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    with closing(connection(url)) as asking:
        asking.request("GET", target, headers=headers)
        reply = asking.getresponse()
        return reply, reply.read()


def test_both_formats_are_served_and_others_are_told_them(server: MetricsServer) -> None:
    """B5: an unknown format is a 400 that names the two."""
    reply, body = get(server.url)
    assert (reply.status, reply.version, reply.headers["Content-Type"]) == (200, 11, "text/plain; version=0.0.4; charset=utf-8")
    assert b'http_requests_total{host="box",method="POST",path="/api/chat",status="200"} 5\n' in body
    assert get(server.url, "/metrics?format=prometheus")[1] == body
    reply, body = get(server.url, "/metrics?format=json")
    assert reply.headers["Content-Type"] == "application/json"
    assert set(json.loads(body)) == {"start_time", "models", "tasks", "resources", "system_metrics", "agent_metrics"}
    reply, body = get(server.url, "/metrics?format=xml")
    assert (reply.status, body) == (400, b'format is json or prometheus, not "xml"\n')
    assert get(server.url, "/metrics?format=")[0].status == 400
    assert get(server.url, "/")[0].status == 404


@pytest.mark.parametrize(
    ("host", "status"), [("localhost:9464", 200), ("127.0.0.1", 200), ("[::1]:1", 200), ("evil.example", 403), ("", 403)]
)
def test_on_the_loopback_only_its_own_names_are_answered(server: MetricsServer, host: str, status: int) -> None:
    """R5: a page of the web that gives this address a name of its own reads nothing."""
    reply, body = get(server.url, Host=host)
    assert reply.status == status
    assert (b"http_requests_total" in body) == (status == 200)


def test_a_connection_stays_open_and_what_is_asked_for_in_gzip_comes_so(server: MetricsServer) -> None:
    with closing(connection(server.url)) as asking:
        bodies = []
        for coding in ("", "gzip", "br, gzip;q=0.5"):
            asking.request("GET", "/metrics", headers={"Accept-Encoding": coding})
            reply = asking.getresponse()
            body = reply.read()
            assert reply.headers.get("Content-Encoding", "") == ("gzip" if coding else "")
            bodies.append(gzip.decompress(body) if coding else body)
        asking.request("HEAD", "/metrics")
        reply = asking.getresponse()
        assert (reply.read(), int(reply.headers["Content-Length"])) == (b"", len(bodies[0]))
    assert len(set(bodies)) == 1


def test_a_store_that_cannot_be_read_is_said_and_the_server_goes_on(server: MetricsServer, root: Path) -> None:
    catalog = root / "catalog.sqlite"
    content = catalog.read_bytes()
    catalog.write_bytes(b"no catalogue at all" * 500)
    reply, body = get(server.url)
    assert reply.status == 503
    assert b"the catalogue cannot be used" in body
    catalog.write_bytes(content)
    assert get(server.url)[0].status == 200


def test_numbers_grow_while_a_writer_works(server: MetricsServer, root: Path, tmp_path: Path) -> None:
    seen = [counted(server.url)]
    for first in (5, 20, 21):
        with (tmp_path / "server.log").open("ab") as log:
            log.write(access_lines(first, first + 3))
        ingest(root, tmp_path / "server.log")
        seen.append(counted(server.url))
    assert seen == [5, 8, 11, 14]


def counted(url: str) -> float:
    read = {family.name: family for family in text_string_to_metric_families(get(url)[1].decode())}
    return sum(sample.value for sample in read["http_requests"].samples)


def test_a_file_is_there_whole_or_not_at_all(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A4: export to a file, which others may read."""
    output = tmp_path / "metrics.prom"
    assert run(["--store", str(root), "export", "--output", str(output)]) == 0
    assert stat.S_IMODE(output.stat().st_mode) == 0o644
    assert "http_requests_total" in output.read_text(encoding="utf-8")
    assert run(["--store", str(root), "export", "--output", str(tmp_path / "none" / "metrics.prom")]) == 2
    assert "the metrics cannot be written" in capsys.readouterr().err
    assert not list(tmp_path.glob(".metrics*"))


def test_a_port_in_use_is_a_clear_error(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """D: a port in use is a clear error."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        assert run(["--store", str(root), "metrics", "--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert f"--host 127.0.0.1 --port {port}" in said
    assert "choose another --port" in said


@contextmanager
def running(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command that says where it serves; it is ended by SIGTERM and must end in order."""
    command = [sys.executable, "-m", "ollalog", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("serving http://127.0.0.1:"), line
            yield process, line.removeprefix("serving ").strip()
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()


def test_the_command_serves_until_sigterm(root: Path) -> None:
    """D: shutdown is graceful."""
    with running("--store", str(root), "metrics", "--port", "0") as (_, url):
        assert counted(url) == 5


def test_a_tail_serves_what_it_reads(root: Path, tmp_path: Path) -> None:
    with running("--store", str(root), "tail", str(tmp_path / "server.log"), "--metrics-port", "0", "--no-events") as (_, url):
        with (tmp_path / "server.log").open("ab") as log:
            log.write(access_lines(5, 12))
        assert until(lambda: counted(url) == 12)


def until(is_so: object) -> bool:
    """Whether something comes to be before patience ends."""
    assert callable(is_so)
    end_s, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while time.monotonic() < end_s:
        if is_so():
            return True
        pause.wait(0.05)
    return False


def test_a_real_prometheus_scrapes_and_answers_a_query(root: Path, tmp_path: Path) -> None:
    """F10."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("needs the program prometheus")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        place = f"127.0.0.1:{free.getsockname()[1]}"
    with closing(MetricsServer(asked_of(root, CLOCK, ["ollama", "tinyllm", "crew"], 1000), "127.0.0.1", 0)) as server:
        settings = {
            "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms"},
            "scrape_configs": [{"job_name": "ollalog", "static_configs": [{"targets": [urlsplit(server.url).netloc]}]}],
        }
        (tmp_path / "prometheus.yml").write_text(json.dumps(settings), encoding="utf-8")
        command = [program, f"--config.file={tmp_path / 'prometheus.yml'}", f"--web.listen-address={place}"]
        command += [f"--storage.tsdb.path={tmp_path / 'data'}", "--log.level=error"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                assert until(lambda: asked(place, "sum(http_requests_total)") == ["5"])
                assert asked(place, 'histogram_quantile(0.5, sum by (le) (http_request_duration_seconds_bucket{operation="chat"}))')
            finally:
                process.terminate()


def asked(place: str, query: str) -> list[str]:
    """The values that Prometheus answers a query with; none while it does not answer."""
    try:
        reply, body = get(f"http://{place}", f"/api/v1/query?query={quote(query)}")
    except OSError:
        return []
    return [result["value"][1] for result in json.loads(body)["data"]["result"]] if reply.status == 200 else []
