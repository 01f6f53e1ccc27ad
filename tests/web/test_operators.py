"""Acknowledgements and silences over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.web.serving import BASE, client_of, ingest

SLOW = '[GIN] 2026/07/15 - 11:{minute:02d}:{second:02d} | 200 | 1m12s | 10.0.0.9 | POST "/api/chat"'


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service over a log that ends while its answers are slow."""
    folder = tmp_path_factory.mktemp("slow")
    lines = [SLOW.format(minute=minute, second=second) for minute in range(60) for second in (0, 20, 40)]
    (folder / "server.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ingest(folder / "store", folder / "server.log")
    with client_of(folder / "store") as client:
        yield client


def firing(client: TestClient) -> dict[str, dict[str, object]]:
    """The alerts that fire, by rule."""
    return {row["rule"]: row for row in client.get(f"{BASE}/alerts").json()["alerts"] if row["state"] == "firing"}


def test_an_alert_is_acknowledged_and_silenced(slow: TestClient) -> None:
    """C7: what the page's buttons do."""
    alert = firing(slow)["slow_response"]
    assert (alert["acknowledged"], alert["silenced"]) == (False, False)
    kept = slow.post(f"{BASE}/alerts/acknowledge", json={"fingerprint": alert["fingerprint"], "comment": "seen"})
    assert kept.json() == {"fingerprint": alert["fingerprint"], "rule": "slow_response"}
    made = slow.post(f"{BASE}/alerts/silence", json={"matchers": ["rule=slow_response"], "minutes": 30}).json()
    marked = firing(slow)["slow_response"]
    assert (marked["acknowledged"], marked["silenced"]) == (True, True)
    assert [one["id"] for one in slow.get(f"{BASE}/alerts/silences").json()["silences"]] == [made["id"]]
    assert slow.post(f"{BASE}/alerts/unsilence", json={"id": made["id"]}).json() == {"silences": []}
    assert firing(slow)["slow_response"]["silenced"] is False


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("acknowledge", {"fingerprint": "nothing"}, 404),
        ("acknowledge", {}, 400),
        ("silence", {"matchers": []}, 400),
        ("silence", {"matchers": ["no matcher"]}, 400),
        ("silence", {"matchers": ["rule=~("]}, 400),
        ("silence", {"matchers": ["rule=a"], "minutes": 0}, 400),
        ("unsilence", {"id": "nothing"}, 400),
    ],
)
def test_orders_that_cannot_be_are_told(slow: TestClient, path: str, body: object, status: int) -> None:
    """R7."""
    answer = slow.post(f"{BASE}/alerts/{path}", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["title"]
