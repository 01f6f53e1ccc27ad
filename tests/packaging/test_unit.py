"""The systemd unit and the container file that are shipped."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from ollalog.cli.main import OLLALOG

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "packaging" / "systemd" / "ollalog-tail.service"
CONTAINER = ROOT / "packaging" / "container" / "Containerfile"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs the program systemd-analyze")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    # systemd-analyze looks whether the program is there, which it is not before it is installed.
    unit.write_text(UNIT.read_text(encoding="utf-8").replace("/usr/local/bin/ollalog", "/bin/true"), encoding="utf-8")
    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False)
    about_us = [line for line in verified.stderr.splitlines() if UNIT.name in line]
    assert (verified.returncode, about_us) == (0, [])


def test_the_unit_is_hardened_and_may_read_the_journal() -> None:
    text = UNIT.read_text(encoding="utf-8")
    for wanted in (
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "SupplementaryGroups=systemd-journal",
        "CapabilityBoundingSet=\n",
        "SystemCallErrorNumber=ENOSYS",
    ):
        assert wanted in text


@pytest.mark.parametrize(("file", "words"), [(UNIT, r"ExecStart=\S+/ollalog (.*)"), (CONTAINER, r"^#.* ollalog (tail.*)$")])
def test_the_command_lines_in_it_are_ones_that_ollalog_takes(file: Path, words: str) -> None:
    found = re.search(words, file.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    name, *arguments = found[1].split()
    assert isinstance(OLLALOG, click.Group)
    command = OLLALOG.get_command(click.Context(OLLALOG), name)
    assert command is not None
    command.make_context(name, arguments)
