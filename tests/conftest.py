"""Options and fixtures that every kind of test shares."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

# What is slow on a busy machine is no fault. The same examples each time: what fails here failed where it was written. New ones are
# looked for by `make check`.
settings.register_profile("ollalog", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("ollalog")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite expected outputs of cases; read the difference afterwards")


def pytest_configure(config: pytest.Config) -> None:
    os.environ["OLLAMA_MODELS"] = os.devnull  # rows must not depend on which models the machine has
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell that starts a job in the background lets it ignore Ctrl-C, and the programs that tests start would, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("--update-golden") and os.environ.get("CI"):
        raise pytest.UsageError("expected outputs are never rewritten in continuous integration")
