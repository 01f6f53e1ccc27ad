"""The README is true: its commands run, its tables are those of the code, its report is what the program prints."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path

import click
import pytest

from ollalog.alerts import load_rules
from ollalog.alerts.records import measured
from ollalog.cli.exit import EXIT_CODES
from ollalog.cli.main import OLLALOG
from ollalog.core.config import Settings
from ollalog.export.families import SERVER_FAMILIES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"(?:<!-- needs: (?P<needs>\w+) -->\n)?```(?P<language>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


def environment(store: Path) -> dict[str, str]:
    """What the README's commands see: this Python's programs first, a store of their own, a terminal of 100 columns."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ours = {"PATH": path, "OLLALOG_STORE": str(store), "OLLALOG_HOST": "my-machine", "COLUMNS": "100", "LC_ALL": "C.UTF-8"}
    return {**os.environ, **ours}


def run(command: list[str], store: Path) -> str:
    """Run a program in the checkout; what it prints."""
    done = subprocess.run(command, cwd=ROOT, env=environment(store), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the sample logs."""
    folder = tmp_path_factory.mktemp("readme") / "store"
    run(["ollalog", "ingest", "sample_logs"], folder)
    return folder


def blocks(language: str) -> Iterator[tuple[str, str | None]]:
    """Code of each block of a language, and the program that it needs."""
    for block in BLOCK.finditer(README.read_text(encoding="utf-8")):
        if block["language"] == language:
            yield block["code"], block["needs"]


@pytest.mark.parametrize(("code", "needs"), list(blocks("sh")))
def test_shell_block_runs(code: str, needs: str | None, store: Path) -> None:
    if needs and not shutil.which(needs, path=environment(store)["PATH"]):
        pytest.skip(f"needs the program {needs}")
    run(["sh", "-eu", "-c", code], store)


@pytest.mark.parametrize("code", [code for code, _ in blocks("python")])
def test_python_block_runs(code: str, store: Path) -> None:
    assert run([sys.executable, "-W", "error", "-c", code], store)


def command_rows() -> Iterator[str]:
    """The table of commands, from their own definitions."""
    with click.Context(OLLALOG, info_name="ollalog") as context:
        for name in OLLALOG.list_commands(context):  # type: ignore[attr-defined]
            command = OLLALOG.get_command(context, name)  # type: ignore[attr-defined]
            words = [name, *(word for word in command.collect_usage_pieces(click.Context(command)) if word != "[OPTIONS]")]
            yield f"| `{' '.join(words)}` | {command.get_short_help_str(200)} |"


def code_rows() -> Iterator[str]:
    """The table of exit codes."""
    yield from (f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())


def setting_rows() -> Iterator[str]:
    """The table of settings."""
    for setting in fields(Settings):
        default = "" if setting.default in {None, MISSING} else str(setting.default).lower()
        yield f"| `{setting.name}` | {setting.metadata['meaning']} | {default} |"


def metric_rows() -> Iterator[str]:
    """The table of metrics of the server, of runs and of hosts."""
    known = {family.name: family for family in SERVER_FAMILIES}
    for family in known.values():
        labels = ", ".join(f"`{label}`" for label in dict.fromkeys(label for label, _ in (*family.labels, *family.constants)))
        yield f"| `{family.name}` | {family.kind} | {labels} | {family.help} |"


def rule_rows() -> Iterator[str]:
    """The table of alert rules."""
    for rule in load_rules(None, {}).rules.values():
        threshold = "" if rule.threshold is None else measured(rule.threshold, rule.unit)
        yield f"| `{rule.name}` | {rule.severity} | {threshold} | {rule.file.columns['value']} |"


@pytest.mark.parametrize(
    ("head", "rows"),
    [
        ("| command | does |", command_rows),
        ("| exit code | means |", code_rows),
        ("| setting | means | default |", setting_rows),
        ("| metric | type | labels | means |", metric_rows),
        ("| rule | severity | threshold | is about |", rule_rows),
    ],
)
def test_table_is_that_of_the_code(head: str, rows: Callable[[], Iterator[str]], request: pytest.FixtureRequest) -> None:
    """U5: commands, settings and exit codes are documented from their own definitions."""
    text = README.read_text(encoding="utf-8")
    found = re.search(re.escape(head) + r"\n\|[-|]+\|\n((?:\|.*\n)*)", text)
    assert found, f"the README has a table {head}"
    expected = "".join(f"{row}\n" for row in rows())
    if request.config.getoption("--update-golden"):
        README.write_text(text[: found.start(1)] + expected + text[found.end(1) :], encoding="utf-8")
    else:
        assert found[1] == expected


def test_report_is_what_the_program_prints(store: Path, request: pytest.FixtureRequest) -> None:
    """U1: the README leads with a real report of the sample logs."""
    text = README.read_text(encoding="utf-8")
    found = re.search(r"<!-- report: begin .*?-->\n```text\n(.*?)```\n<!-- report: end -->", text, re.DOTALL)
    assert found
    # The README shows the first sections and names the others.
    printed = run(["ollalog", "report"], store).partition("\nLength of prompts")[0]
    if request.config.getoption("--update-golden"):
        README.write_text(text[: found.start(1)] + printed + text[found.end(1) :], encoding="utf-8")
    else:
        assert found[1] == printed
