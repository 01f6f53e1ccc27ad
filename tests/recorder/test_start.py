"""What `import ollalog` costs a producer: a list of modules, not a time."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ollalog

# Each takes some milliseconds, or much more, and nothing of it is needed to append a record.
HEAVY = {
    "asyncio",
    "click",
    "dataclasses",
    "duckdb",
    "email",
    "http",
    "inspect",
    "logging",
    "ollama",
    "polars",
    "pydantic",
    "socketserver",
    "ssl",
}


@pytest.mark.parametrize("used", ["pass", "ollalog.record_performance", "ollalog.OllamaError"])
def test_import_loads_only_little_modules_of_the_standard_library(used: str) -> None:
    """P6: importing the recorder takes less than 50 ms because it loads nothing that takes long."""
    code = f"import sys; before = set(sys.modules); import ollalog; {used}; print(*sorted(set(sys.modules) - before), sep='\\n')"
    loaded = subprocess.run([sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"], capture_output=True, text=True, check=True)  # fmt: skip  # noqa: E501
    names = set(loaded.stdout.split())
    assert "ollalog" in names
    assert not {name for name in names if name.partition(".")[0] in HEAVY}
    assert all(name.partition(".")[0] in {*sys.stdlib_module_names, "ollalog"} for name in names)
    if used == "pass":
        assert {name for name in names if name.startswith("ollalog")} == {"ollalog"}


def test_everything_that_is_exported_is_there() -> None:
    for name in ollalog.__all__:
        assert getattr(ollalog, name).__module__.startswith("ollalog.recorder.")
        assert name in dir(ollalog)
    with pytest.raises(AttributeError, match="no attribute 'record'"):
        ollalog.record  # noqa: B018 - what it raises is looked at
