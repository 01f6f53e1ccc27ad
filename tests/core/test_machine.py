"""What is set for the libraries before they are imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

FEW = "from ollalog.core.machine import calm_polars; calm_polars({threads}); import polars; print(polars.thread_pool_size())"


@pytest.mark.parametrize("threads", [1, 2])
def test_polars_has_as_few_threads_as_it_is_given(threads: int) -> None:
    command = [sys.executable, "-c", "import os; os.cpu_count = lambda: 64; " + FEW.format(threads=threads)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() == str(threads)
