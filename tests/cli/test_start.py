"""The program as a process: how it starts, lists its commands and ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"polars", "duckdb", "pydantic", "rich"}


def ollalog(*words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program as a process of its own."""
    # The completion of click goes by the name of the program, so it is called as it is installed.
    command = [str(Path(sys.executable).with_name("ollalog")), *words]
    return subprocess.run(command, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("code", ["import ollalog", "from ollalog.cli.main import run; run(['--help'])"])
def test_help_loads_no_heavy_library(code: str) -> None:
    """P6: listing the commands stays quick because nothing heavy is imported."""
    listing = "import sys; print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{listing}"], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & HEAVY


def test_help_lists_every_command_with_a_sentence() -> None:
    """U5: each command says in the list what it does."""
    listed = ollalog("--help").stdout.partition("Commands:")[2].strip().splitlines()
    assert {line.split()[0] for line in listed} >= {"ingest", "reprocess", "report"}
    assert all(line.rstrip().endswith(".") for line in listed)


def test_no_command_at_all_shows_the_help() -> None:
    """U4: the name alone says what there is."""
    done = ollalog()
    assert done.returncode == 2
    assert done.stderr == ollalog("--help").stdout


def test_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    assert ollalog("--version").stdout == f"ollalog {version('ollalog')}\n"


def test_reader_that_goes_away_ends_the_program_quietly(tmp_path: Path) -> None:
    """`ollalog ... | head` prints no error."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "ollalog", "--help"], stdout=gone, stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path
        )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk_behind_stdout_is_one_message(tmp_path: Path) -> None:
    """R7: what the operating system refuses is a sentence, not a traceback."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ollalog", "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path
        )
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("no space left on device")
    assert done.returncode == 4


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_are_given_a_completion_script(shell: str) -> None:
    """U3: click's own completion works for this program."""
    if shell == "bash" and not shutil.which("bash"):
        pytest.skip("needs bash")
    assert "ollalog" in ollalog(environment={"_OLLALOG_COMPLETE": f"{shell}_source"}).stdout


@pytest.mark.parametrize(
    ("typed", "offered"), [("ollalog ing", "ingest"), ("ollalog report --mod", "--model"), ("ollalog ingest --sto", "--store")]
)
def test_commands_and_options_are_completed(typed: str, offered: str) -> None:
    """U3: names of lazily found commands and the common options are offered."""
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1), "_OLLALOG_COMPLETE": "bash_complete"}
    assert f"plain,{offered}" in ollalog(environment=words).stdout.splitlines()
