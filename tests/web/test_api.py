"""Every endpoint, with good and bad input; answers fit the OpenAPI document."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from ollalog.core.rows import plain
from ollalog.export.answer import rendered
from ollalog.web.app import ENDPOINTS
from ollalog.web.endpoints import Endpoint
from ollalog.web.openapi import document
from ollalog.web.problems import on_fault
from tests.web.serving import BASE, client_of, service_of

DOCUMENT = document(ENDPOINTS)
GOOD = [
    ("GET", "/healthz", None),
    ("GET", "/api/views", None),
    ("GET", "/api/views/model_summary", None),
    ("GET", "/api/views/activity?limit=5&since=2026-07-14&until=2026-07-15&timezone=Europe/Berlin", None),
    ("GET", "/api/views/activity?model=llama3.1:8b&host=desk", None),
    ("GET", "/api/views/requests?limit=3", None),
    ("POST", "/api/sql", {"query": "SELECT model, requests FROM model_summary"}),
    ("GET", f"{BASE}/summary", None),
    ("GET", f"{BASE}/summary?model=qwen2.5:7b", None),
    ("GET", f"{BASE}/metrics/llama3.1:8b", None),
    ("GET", f"{BASE}/system?hours=2.5", None),
    ("GET", "/api/ai/ollama/health", None),
    ("GET", f"{BASE}/alerts?severity=high&limit=3", None),
    ("GET", f"{BASE}/status", None),
    ("POST", f"{BASE}/monitoring/stop", None),
    ("POST", f"{BASE}/export", {"format": "csv", "filepath": "day/summary.csv"}),
    ("POST", f"{BASE}/cleanup", {"days_to_keep": 30_000}),
]
BAD = [
    ("GET", "/nothing", None, 404),
    ("DELETE", "/healthz", None, 405),
    ("GET", "/api/views/modle_summary", None, 404),
    ("GET", "/api/views/model_summary?limit=0", None, 400),
    ("GET", "/api/views/model_summary?limti=1", None, 400),
    ("GET", "/api/views/model_summary?since=never", None, 400),
    ("GET", "/api/views/model_summary?since=2026-07-15&until=2026-07-14", None, 400),
    ("GET", "/api/views/model_summary?timezone=Mars/Phobos", None, 400),
    ("GET", "/api/views/model_summary?model=nobody", None, 400),
    ("GET", "/api/views/model_summary?format=xml", None, 400),
    ("GET", "/metrics?format=xml", None, 400),
    ("GET", f"{BASE}/metrics/a/b:c", None, 404),
    ("GET", f"{BASE}/system?hours=0", None, 400),
    ("GET", f"{BASE}/alerts?severity=worst", None, 400),
    ("POST", f"{BASE}/monitoring/start", {"interval": 5.0}, 409),
    ("POST", f"{BASE}/monitoring/start", {"interval": 0}, 400),
    ("POST", f"{BASE}/export", {"format": "xml"}, 400),
    ("POST", f"{BASE}/export", {"view": "nothing"}, 404),
    ("POST", f"{BASE}/export", {"filepath": "../../outside.json"}, 400),
    ("POST", f"{BASE}/export", {"filepath": "/outside.json"}, 400),
    ("POST", f"{BASE}/cleanup", {"days_to_keep": 0}, 400),
    ("POST", "/api/sql", {}, 400),
    ("POST", "/api/sql", {"query": "DELETE FROM requests"}, 400),
    ("POST", "/api/sql", {"query": "COPY (SELECT 1) TO 'x.csv'"}, 400),
    ("POST", "/api/sql", {"query": "SELECT * FROM read_text('/etc/passwd')"}, 400),
    ("POST", "/api/sql", {"query": "SELECT nothing FROM model_summary"}, 400),
]


def resolved(name: str) -> dict[str, Any]:
    """A schema of the document with what it refers to."""
    return {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}


def operation_of(method: str, path: str) -> dict[str, Any]:
    """The documented operation that a request is of."""
    for template, operations in DOCUMENT["paths"].items():
        pattern = re.sub(r"\\\{model_name\\\}", ".+", re.escape(template))
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", pattern), path.partition("?")[0]) and method.lower() in operations:
            found: dict[str, Any] = operations[method.lower()]
            return found
    raise AssertionError(f"{method} {path} is not in the document")


@pytest.mark.parametrize(("method", "path", "body"), GOOD, ids=lambda value: value if isinstance(value, str) else "")
def test_good_requests_are_answered_as_the_document_says(client: TestClient, method: str, path: str, body: object) -> None:
    """C6, B5: the OpenAPI document describes what is really answered."""
    answer = client.request(method, path, json=body)
    assert answer.status_code == 200, answer.text
    schema = operation_of(method, path)["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    Draft202012Validator(resolved(schema)).validate(answer.json())


@pytest.mark.parametrize(("method", "path", "body", "status"), BAD, ids=lambda value: value if isinstance(value, str) else "")
def test_bad_requests_are_told_why(client: TestClient, method: str, path: str, body: object, status: int) -> None:
    """R7: problem details, with what to do."""
    answer = client.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    Draft202012Validator(resolved("Problem")).validate(answer.json())


def test_a_mistyped_parameter_and_view_are_told_the_right_one(client: TestClient) -> None:
    """U4."""
    assert "limit" in client.get("/api/views/activity?limti=1").json()["fix"]
    assert "model_summary" in client.get("/api/views/modle_summary").json()["fix"]


def test_documents_are_there(client: TestClient) -> None:
    assert client.get("/openapi.json").json() == json.loads(json.dumps(DOCUMENT))
    page = client.get("/docs")
    assert all(endpoint.summary in page.text for endpoint in ENDPOINTS)


def test_summary_says_what_the_views_say(client: TestClient) -> None:
    """C6: no number of its own."""
    summary = client.get(f"{BASE}/summary").json()
    views = {name: client.get(f"/api/views/{name}").json()["rows"] for name in ("overview", "model_summary", "recommendations")}
    assert summary["overview"] == views["overview"][0]
    assert [{key: row[key] for key in row if key != "score"} for row in summary["models"]] == views["model_summary"]
    assert summary["recommendations"] == views["recommendations"]
    assert summary["gpu"]["available"] is True


def test_metrics_of_a_model_are_its_rows(client: TestClient) -> None:
    """C6: names hold colons and slashes; a name without a tag means the latest."""
    metrics = client.get(f"{BASE}/metrics/nomic-embed-text").json()
    assert metrics["model"] == "nomic-embed-text:latest"
    assert metrics["total_requests"] == metrics["summary"]["requests"] == 167
    assert metrics["performance_score"] == metrics["score"]["score"]


def test_metrics_are_those_of_the_catalogue(client: TestClient, sample_store: Path) -> None:
    """B5, D: the same text as `ollalog export`; an unknown format names the two."""
    text = client.get("/metrics")
    assert text.headers["content-type"].startswith("text/plain")
    assert "ollama_requests_total" in text.text
    assert text.content == rendered(service_of(sample_store).metrics, "prometheus")
    assert client.get("/metrics?format=json").json()
    told = client.get("/metrics?format=xml").json()["found"]
    assert "prometheus" in told
    assert "json" in told


def test_rows_are_cut_at_the_limit_and_say_so(client: TestClient) -> None:
    cut = client.get("/api/views/requests?limit=3").json()
    assert (len(cut["rows"]), cut["truncated"]) == (3, True)
    answer = client.post("/api/sql", json={"query": "FROM range(10)", "max_rows": 4}).json()
    assert (len(answer["rows"]), answer["truncated"]) == (4, True)


def test_a_model_a_machine_and_a_range_cut_what_is_shown(client: TestClient) -> None:
    models = {row["model"] for row in client.get("/api/views/activity?model=qwen2.5:7b").json()["rows"]}
    assert models == {"(all)", "qwen2.5:7b"}
    assert client.get("/api/views/model_summary?host=elsewhere").json()["rows"] == []
    days = client.get("/api/views/daily_trend?since=2026-07-14").json()["rows"]
    assert {row["day_local"][:10] for row in days} == {"2026-07-14"}


def test_csv_spells_out_what_a_terminal_would_obey(client: TestClient) -> None:
    answer = client.get("/api/views/model_summary?format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.splitlines()[0].startswith("model,requests,successes")


def test_a_runaway_query_ends_at_its_limit(client: TestClient) -> None:
    """F14."""
    query = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"
    answer = client.post("/api/sql", json={"query": query, "timeout_s": 0.2})
    assert answer.status_code == 400
    assert "longer than 0.2 s" in answer.json()["title"]


def test_a_query_keeps_to_the_range_and_the_model_that_it_is_asked_with(client: TestClient) -> None:
    """F15: the query of a recommendation gives its numbers also where a range or a model is chosen."""
    scope = {"since": "2026-07-14", "until": "2026-07-15", "model": "llama3.1:8b", "timezone": "UTC"}
    seen = client.get("/api/views/model_summary", params=scope).json()["rows"]
    asked = client.post("/api/sql", json={"query": "SELECT * FROM model_summary", **scope}).json()["rows"]
    assert asked == seen
    assert len(asked) == 1
    whole = client.post("/api/sql", json={"query": "SELECT * FROM model_summary"}).json()["rows"]
    assert sum(row["requests"] for row in whole) > asked[0]["requests"]
    assert client.post("/api/sql", json={"query": "SELECT 1", "since": "never"}).status_code == 400
    assert client.post("/api/sql", json={"query": "SELECT 1", "model": "nobody"}).status_code == 400


def test_bodies_are_json_and_bounded(client: TestClient) -> None:
    """R3, R5: a form of another site cannot post, a long body is not read."""
    assert client.post("/api/sql", content=b'{"query": "FROM requests"}', headers={"content-type": "text/plain"}).status_code == 415
    assert client.post("/api/sql", content=b"[" * 70_000, headers={"content-type": "application/json"}).status_code == 413
    assert client.post("/api/sql", content=b"[" * 60_000, headers={"content-type": "application/json"}).status_code == 400


@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if one.body is not None], ids=lambda one: one.path)
def test_a_body_that_is_no_json_is_told_what_this_endpoint_wants(client: TestClient, endpoint: Endpoint) -> None:
    """R7."""
    answer = client.request(endpoint.method, endpoint.path, content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert endpoint.body is not None
    assert set(json.loads(answer.json()["fix"].removeprefix("write: "))) <= set(endpoint.body.model_fields)


def test_exports_stay_below_their_folder(client: TestClient, sample_store: Path) -> None:
    """R5."""
    written = client.post(f"{BASE}/export", json={"format": "json", "filepath": "a/b.json"}).json()
    file = sample_store / "exports" / written["filepath"]
    assert json.loads(file.read_text(encoding="utf-8")) == client.get("/api/views/model_summary").json()["rows"]
    assert written["bytes"] == file.stat().st_size
    (sample_store / "exports" / "out").symlink_to(sample_store.parent)
    assert client.post(f"{BASE}/export", json={"filepath": "out/escaped.json"}).status_code == 400
    assert not (sample_store.parent / "escaped.json").exists()


def test_the_dashboard_data_has_a_line_a_view(client: TestClient) -> None:
    """C7: the numbers are those of the views."""
    lines = [json.loads(line) for line in client.get("/api/dashboard").text.splitlines()]
    assert set(lines[0]["meta"]["models"]) >= {"llama3.1:8b", "qwen2.5:7b"}
    assert "end" in lines[-1]
    for line in lines[1:-1]:
        assert line["error"] is None
        if line["view"] != "model_residency":
            assert line["rows"] == plain(client.get(f"/api/views/{line['view']}").json()["rows"])


def test_a_fault_of_ours_is_told_without_its_insides() -> None:
    """R7: an answer for the browser, a line for the terminal, no traceback."""
    said: list[str] = []
    telling = on_fault(said.append)
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/views",
        "headers": [],
        "query_string": b"",
        "server": ("a", 1),
        "scheme": "http",
    }

    async def fail() -> Response:
        return await telling(Request(scope), ZeroDivisionError("insides"))

    answer = asyncio.run(fail())
    assert answer.status_code == 500
    assert b"insides" not in answer.body
    assert "ZeroDivisionError" in said[-1]
    assert "\n" not in said[-1]


def test_an_empty_store_is_answered_too(tmp_path: Path) -> None:
    """U4."""
    with client_of(tmp_path / "store") as client:
        assert client.get(f"{BASE}/summary").json()["overview"] is None
        assert client.get(f"{BASE}/status").json()["batch"] == 0
        lines = [json.loads(line) for line in client.get("/api/dashboard?range=auto").text.splitlines()]
        assert all(line["rows"] == [] and line["error"] is None for line in lines[1:-1])
