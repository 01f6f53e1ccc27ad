"""Stores that several tests ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.web.serving import SAMPLES, client_of, ingest


@pytest.fixture(scope="session")
def sample_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample logs, read."""
    store = tmp_path_factory.mktemp("web") / "store"
    ingest(store, SAMPLES)
    return store


@pytest.fixture(scope="module")
def client(sample_store: Path) -> Iterator[TestClient]:
    """A client of a service over the sample logs."""
    with client_of(sample_store) as opened:
        yield opened
