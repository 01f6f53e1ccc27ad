"""Every case below tests/cases/cli: a command line, the files it finds, and all that it says.

A case is a TOML file: `why`; `command` (words as in a shell); `before` (command lines that run first, unseen); `columns`
(width of the terminal, 80); `environment`; `stdout`, `stderr`, `exit`; `[files]` (name -> text, or {base64 = "..."}).
In stdout and stderr `<any>` stands for how long it took, `<here>` for the folder of the files.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollalog.cli.main import run
from ollalog.cli.session import Session
from ollalog.core.clock import FrozenClock

CASES = Path(__file__).parent.parent / "cases" / "cli"
NOW = datetime(2026, 6, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize("path", sorted(CASES.glob("*/*.toml")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_command_says_what_its_case_says(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    assert case["why"], "a case says what it shows"
    here = tmp_path / "logs"
    lay_out(case.get("files", {}), here)
    monkeypatch.chdir(here)
    surroundings = {
        "COLUMNS": str(case.get("columns", 80)),
        "OLLALOG_STORE": str(tmp_path / "store"),
        "OLLALOG_HOST": "box",
        "LC_ALL": "C.UTF-8",
    }
    for name, value in {**surroundings, **case.get("environment", {})}.items():
        monkeypatch.setenv(name, value)
    for command in case.get("before", []):
        call(command)
    capsys.readouterr()

    code = call(case["command"])

    stdout, stderr = (text.replace(str(here), "<here>") for text in capsys.readouterr())
    if request.config.getoption("--update-golden"):
        rewrite(path, stdout=steady(stdout), stderr=steady(stderr))
        return
    assert (steady(stdout), steady(stderr)) == (case["stdout"], case["stderr"])
    assert code == case.get("exit", 0)


def call(command: str) -> int:
    """Run a command line in this process, at a time that stands still."""
    return run(shlex.split(command), Session(clock=FrozenClock(NOW)))


def lay_out(files: dict[str, Any], folder: Path) -> None:
    """Write the files of a case."""
    folder.mkdir()
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else base64.b64decode(content["base64"]))


def steady(text: str) -> str:
    """What was said, with `<any>` for how long it took."""
    return re.sub(r'(?<= in )[\d.]+(?= s$)|(?<="seconds": )[\d.]+', "<any>", text, flags=re.MULTILINE)


def rewrite(path: Path, **texts: str) -> None:
    """Put what was said into the case; a human reads the difference."""
    content = path.read_text(encoding="utf-8")
    for name, text in texts.items():
        content = re.sub(
            rf"^{name} = (?:'''.*?'''|\"\"\".*?\"\"\"|\"\")",
            # A backslash in what was said must not be read as one in a replacement.
            literal(name, text).replace("\\", r"\\"),
            content,
            flags=re.MULTILINE | re.DOTALL,
        )
    path.write_text(content, encoding="utf-8")


def literal(name: str, text: str) -> str:
    """A key with a text as TOML: as it is where that can be read back, else with escapes."""
    plain = f"{name} = '''\n{text}'''" if text else f'{name} = ""'
    try:
        return plain if tomllib.loads(plain)[name] == text else escaped(name, text)
    except tomllib.TOMLDecodeError:
        return escaped(name, text)


def escaped(name: str, text: str) -> str:
    """A key with a text whose control characters and quotes are spelt out."""
    lines = "\n".join(json.dumps(line, ensure_ascii=False)[1:-1] for line in text.split("\n"))
    return f'{name} = """\n{lines}"""'


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\x7f")))
def test_any_output_can_stand_in_a_case(text: str) -> None:
    assert tomllib.loads(literal("stdout", text))["stdout"] == text
