"""`ollalog sql` on a terminal: a prompt, and values that cannot steer it. A real pseudo-terminal, so POSIX only."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")


PROMPT = "ollalog> "
PATIENCE_S = 60


def on_a_terminal(arguments: list[str], store: Path, typed: Sequence[bytes] = ()) -> tuple[int, str]:
    """Run ollalog with a terminal on all three streams, typing the next text at each prompt; its exit code and all it showed."""
    here, there = pty.openpty()
    environment = {**os.environ, "OLLALOG_STORE": str(store), "TERM": "dumb", "COLUMNS": "100"}
    process = subprocess.Popen([sys.executable, "-m", "ollalog", *arguments], stdin=there, stdout=there, stderr=there, env=environment)
    os.close(there)
    shown, waiting = "", list(typed)
    try:
        while chunk := read(here):
            shown += chunk.decode()
            if shown.endswith(PROMPT) and waiting:
                os.write(here, waiting.pop(0))
        return process.wait(timeout=PATIENCE_S), shown
    finally:
        process.kill()
        process.wait()
        os.close(here)


def read(terminal: int) -> bytes:
    """What comes next; nothing at the end (Linux says so by an error) or when nothing comes for long."""
    try:
        return os.read(terminal, 65_536) if select.select([terminal], [], [], PATIENCE_S)[0] else b""
    except OSError:
        return b""


def test_the_prompt_answers_until_it_is_ended_and_survives_a_mistake(tmp_path: Path) -> None:
    queries = (b"SELECT 6 * 7 AS answer\n", b"SELECT nothing\n", b"\n", b"DROP VIEW requests\n", b"SELECT 2 + 3 AS five\n", b"\x04")
    code, shown = on_a_terminal(["sql"], tmp_path, queries)
    assert code == 0
    for words in ("answer", "42", 'Referenced column "nothing"', "only SELECT is allowed", "five"):
        assert words in shown


@pytest.mark.parametrize("form", ["table", "json", "csv", "ndjson"])
def test_what_steers_a_terminal_is_spelt_out_in_every_format(tmp_path: Path, form: str) -> None:
    """R3."""
    code, shown = on_a_terminal(["sql", "--format", form, "SELECT chr(27) || '[31m' || chr(155) || 'x' AS text"], tmp_path)
    assert code == 0
    assert "\x1b" not in shown
    assert "\x9b" not in shown
    assert "[31m" in shown


def test_parquet_does_not_go_to_a_terminal(tmp_path: Path) -> None:
    code, shown = on_a_terminal(["sql", "--format", "parquet", "SELECT 1"], tmp_path)
    assert code == 2
    assert "--output FILE" in shown
