"""What is set for the libraries before they are imported."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ollalog.core import machine

FEW = "from ollalog.core.machine import calm_polars; calm_polars({threads}); import polars; print(polars.thread_pool_size())"


@pytest.mark.parametrize("threads", [1, 2])
def test_polars_has_as_few_threads_as_it_is_given(threads: int) -> None:
    command = [
        sys.executable,
        "-c",
        "import os; os.environ.pop('POLARS_MAX_THREADS', None); os.cpu_count = lambda: 64; " + FEW.format(threads=threads),
    ]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() == str(threads)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has SCHED_BATCH")
def test_what_works_in_batch_is_scheduled_so_where_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    told = "from ollalog.core.machine import work_in_batch; import os; work_in_batch(); print(os.sched_getscheduler(0) == os.SCHED_BATCH)"
    command = [sys.executable, "-c", told]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() == "True"

    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refused)
    machine.work_in_batch()
