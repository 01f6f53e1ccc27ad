"""Who may ask: names, origins, the token, the headers of every answer."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ollalog.web.guard import COOKIE, KEPT_IN, guard_of, is_loopback, kept_token
from tests.web.serving import client_of

TOKEN = "a-token-of-some-length"  # noqa: S105 - of a test


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guard") / "store"


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "127.0.0.1:9", "[::1]:8000", "LOCALHOST"])
def test_own_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil.example", "[::1", "10.0.0.1:8000"])
def test_other_names_are_refused(client: TestClient, host: str) -> None:
    """R5: a name that another site points here (DNS rebinding) is none of ours."""
    for path in ("/", "/healthz", "/api/views", "/events"):
        assert client.get(path, headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8000.evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"},
    ],
)
def test_pages_of_other_sites_may_not_ask(client: TestClient, headers: dict[str, str]) -> None:
    """R5."""
    assert client.get("/api/views", headers=headers).status_code == 403
    assert client.post("/api/sql", json={"query": "SELECT 1"}, headers=headers).status_code == 403


def test_our_own_page_and_a_link_from_elsewhere_are_let_in(client: TestClient) -> None:
    own = {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}
    assert client.post("/api/sql", json={"query": "SELECT 1"}, headers=own).status_code == 200
    assert client.get("/", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}).status_code == 200


def test_every_answer_carries_the_policy(client: TestClient) -> None:
    """R5: no inline script, nothing from elsewhere."""
    for path in ("/", "/docs", "/static/app.js", "/api/views", "/nothing", "/openapi.json"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_the_page_has_no_inline_script_or_style(client: TestClient) -> None:
    page = client.get("/").text
    assert page.count("<script") == page.count('<script src="/static/')
    assert "style=" not in page
    assert "<style" not in page
    assert "://" not in page


def test_beyond_this_machine_a_token_is_asked_for(empty: Path) -> None:
    """R5."""
    with client_of(empty, token=TOKEN, host="0.0.0.0") as client:  # noqa: S104 - as an option would say
        assert client.get("/healthz").status_code == 200
        assert client.get("/api/views").status_code == 401
        assert client.get("/").status_code == 401
        assert client.get("/api/views?token=wrong").status_code == 401
        assert client.get("/api/views", headers={"authorization": "Bearer wrong"}).status_code == 401
        assert client.get("/api/views", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
        assert client.get("/api/views", headers={"host": "192.168.1.5:8000", "authorization": f"Bearer {TOKEN}"}).status_code == 200
        assert client.post(f"/api/sql?token={TOKEN}", json={"query": "SELECT 1"}).status_code == 401


def test_a_person_without_a_token_is_told_in_words_a_program_in_json(empty: Path) -> None:
    """R7."""
    with client_of(empty, token=TOKEN, host="0.0.0.0") as client:  # noqa: S104 - as above
        page = client.get("/", headers={"accept": "text/html,*/*"})
        assert (page.status_code, page.headers["content-type"]) == (401, "text/html; charset=utf-8")
        assert "serve-token" in page.text
        assert "Bearer TOKEN" in page.text
        assert TOKEN not in page.text
        assert client.get("/api/views").headers["content-type"] == "application/problem+json"


def test_the_token_in_the_address_becomes_a_cookie_and_leaves_the_address(empty: Path) -> None:
    with client_of(empty, token=TOKEN, host="0.0.0.0") as client:  # noqa: S104 - as above
        answer = client.get(f"/?token={TOKEN}&model=a")
        assert (answer.status_code, answer.headers["location"]) == (303, "/?model=a")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert f"{COOKIE}={TOKEN}" in cookie
        assert client.get("/", headers={"cookie": f"{COOKIE}={TOKEN}"}).status_code == 200
        away = client.get(f"//evil.example/?token={TOKEN}")
        assert not away.headers.get("location", "/").startswith("//")


def test_a_token_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    """R5: mode 600, the same one after a restart."""
    token, is_new = kept_token(tmp_path / "store")
    file = tmp_path / "store" / KEPT_IN
    assert is_new
    assert len(token) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    assert kept_token(tmp_path / "store") == (token, False)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("127.8.8.8", True),
        ("10.0.0.1", False),
        ("192.168.1.4", False),
        ("gpu1", False),
    ],
)
def test_loopback_is_told_from_the_rest(host: str, known: bool) -> None:  # noqa: FBT001 - a column of cases
    assert is_loopback(host) is known


def test_names_behind_a_proxy_are_let_in_when_named() -> None:
    guard = guard_of("127.0.0.1", ["Dash.Example.org"], None)
    assert guard.knows_host("dash.example.org")
    assert not guard.knows_host("other.example.org")
