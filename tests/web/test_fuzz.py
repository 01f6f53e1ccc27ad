"""Whatever is asked, the answer is no fault of the server: parameters drawn at random over the OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import InvalidURL, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from ollalog.web.app import ENDPOINTS
from ollalog.web.endpoints import Endpoint
from tests.web.serving import client_of, hostile_log, ingest

# A stream has no end, and what writes is asked in tests of its own.
ASKED = [endpoint for endpoint in ENDPOINTS if endpoint.path not in ("/events", "/api/dashboard") and not endpoint.path.endswith("/export")]
WORDS = st.sampled_from([
    "", "0", "1", "-1", "1e309", "NaN", "24h", "99999999999w", "0001-01-01", "9999-12-31T23:59:59Z", "2026-07-15", "yesterday", "UTC",
    "Europe/Berlin", "+14:59", "../../etc", "%00", "model_summary", "requests", "requests_without_loads", "llama3.1", "(unknown)",
    "'; DROP TABLE x; --", '"',
    "\x00", "<script>", "😀", "json", "csv", "high", "a" * 5_000,
])  # fmt: skip
TEXTS = WORDS | st.text(max_size=30)
NAMES = st.sampled_from(["since", "until", "model", "host", "timezone", "limit", "format", "severity", "hours", "range", "other"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
BODIES = st.dictionaries(
    st.sampled_from(
        ["query", "since", "model", "timeout_s", "max_rows", "interval", "format", "filepath", "view", "days_to_keep", "other"]
    ),
    VALUES | st.sampled_from(["FROM model_summary", "SELECT 1/0", "SELECT * FROM requests", 0.01, 1]),
    max_size=3,
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a service over a store of a few lines."""
    folder = tmp_path_factory.mktemp("fuzz")
    ingest(folder / "store", *hostile_log(folder))
    with client_of(folder / "store") as client:
        yield client


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=st.data())
def test_no_request_is_a_fault(small: TestClient, drawn: st.DataObject) -> None:
    """R3: good answers and problem details; never a 500."""
    endpoint: Endpoint = drawn.draw(st.sampled_from(ASKED))
    path = endpoint.path.replace("{model_name:path}", drawn.draw(TEXTS)).replace("{name}", drawn.draw(TEXTS))
    query = drawn.draw(st.dictionaries(NAMES, TEXTS, max_size=3))
    body = drawn.draw(BODIES) if endpoint.body is not None else None
    answer = ask(small, endpoint, path, query, body)
    assert answer is None or answer.status_code < 500, (path, query, body, answer.text)


def ask(client: TestClient, endpoint: Endpoint, path: str, query: dict[str, str], body: Any) -> Response | None:  # noqa: ANN401 - JSON
    """An answer; None where the client itself cannot send such a thing."""
    try:
        content = None if body is None else json.dumps(body)
        return client.request(endpoint.method, path, params=query, content=content, headers={"content-type": "application/json"})
    except (InvalidURL, UnicodeEncodeError, ValueError):
        return None
