"""Options and fixtures that every kind of test shares."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

settings.register_profile("ollalog", deadline=None)  # what is slow on a busy machine is no fault
settings.load_profile("ollalog")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite expected outputs of cases; read the difference afterwards")


def pytest_configure(config: pytest.Config) -> None:
    os.environ["OLLAMA_MODELS"] = os.devnull  # rows must not depend on which models the machine has
    if config.getoption("--update-golden") and os.environ.get("CI"):
        raise pytest.UsageError("expected outputs are never rewritten in continuous integration")
