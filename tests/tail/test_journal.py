"""The systemd journal as a source: a real one that systemd-journal-remote makes, and a recorded stream (issue: history, then follow)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from ollalog import runtime, store
from ollalog.core.events import NullEvents
from tests.tail.following import follow, gaps, numbers_in_order
from tests.test_runtime import CLOCK, UTC_OPTIONS, access_lines

REMOTE = Path("/lib/systemd/systemd-journal-remote")
needs_journal = pytest.mark.skipif(
    not REMOTE.exists() or shutil.which("journalctl") is None, reason="needs the programs journalctl and systemd-journal-remote"
)


EARLIER_BOOT = "0123456789abcdef0123456789abcdef"


def entry(number: int, unit: str, boot: str) -> str:
    """One entry in the journal's export format."""
    fields = {
        "__REALTIME_TIMESTAMP": 1_782_000_000_000_000 + number * 1_000_000,
        "__MONOTONIC_TIMESTAMP": 1_000_000 * (number + 1),
        "_BOOT_ID": boot,
        "_MACHINE_ID": "fedcba9876543210fedcba9876543210",
        "_SYSTEMD_UNIT": unit,
        "_PID": 77,
        "_HOSTNAME": "box",
        "SYSLOG_IDENTIFIER": "ollama",
        "MESSAGE": access_lines(number, number + 1).decode().rstrip("\n"),
    }
    return "".join(f"{name}={value}\n" for name, value in fields.items()) + "\n"


def write_journal(file: Path, numbers: Iterable[int], unit: str = "ollama.service", boot: str = EARLIER_BOOT) -> None:
    """Append entries to a journal file, which is made where there is none."""
    file.parent.mkdir(exist_ok=True)
    text = "".join(entry(number, unit, boot) for number in numbers)
    subprocess.run([REMOTE, "-o", file, "-"], input=text.encode(), capture_output=True, check=True)


@needs_journal
def test_a_journal_is_read_once_history_first_then_what_comes(tmp_path: Path) -> None:
    root, folder = tmp_path / "store", tmp_path / "journal"
    write_journal(folder / "a.journal", range(10))
    write_journal(folder / "other.journal", range(50, 55), unit="ssh.service")
    name = f"journal:ollama@{folder}"
    runtime.ingest(root, [name], UTC_OPTIONS, clock=CLOCK, events=NullEvents())
    assert numbers_in_order(root) == list(range(1, 11))
    write_journal(folder / "b.journal", range(10, 15))
    summary = runtime.ingest(root, [name], UTC_OPTIONS, clock=CLOCK, events=NullEvents())
    assert (summary.fates["row"], numbers_in_order(root), gaps(root)) == (5, list(range(1, 16)), [])
    assert runtime.ingest(root, [name], UTC_OPTIONS, clock=CLOCK, events=NullEvents()).batches == 0
    assert store.verify(root, runtime.reread).problems == ()


@needs_journal
def test_following_begins_with_what_earlier_boots_left(tmp_path: Path) -> None:
    """`journalctl --follow` keeps to the boot of the machine, so what was written before a reboot has to be read without it."""
    root, folder = tmp_path / "store", tmp_path / "journal"
    this_boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip().replace("-", "")
    write_journal(folder / "a.journal", range(5))
    name = f"journal:ollama@{folder}"
    follow(root, [name], lambda: write_journal(folder / "b.journal", range(5, 8), boot=this_boot))
    write_journal(folder / "c.journal", range(8, 10))
    write_journal(folder / "d.journal", range(10, 12), boot=this_boot)
    follow(root, [name], lambda: write_journal(folder / "e.journal", range(12, 13), boot=this_boot))
    assert (numbers_in_order(root), gaps(root)) == (list(range(1, 14)), [])
    assert store.verify(root, runtime.reread).problems == ()


@needs_journal
def test_entries_that_were_vacuumed_before_they_could_be_read_are_a_gap(tmp_path: Path) -> None:
    root, folder = tmp_path / "store", tmp_path / "journal"
    write_journal(folder / "a.journal", range(5))
    runtime.ingest(root, [f"journal:@{folder}"], UTC_OPTIONS, clock=CLOCK, events=NullEvents())
    (folder / "a.journal").unlink()
    write_journal(folder / "b.journal", range(8, 12))
    for _ in range(2):
        runtime.ingest(root, [f"journal:@{folder}"], UTC_OPTIONS, clock=CLOCK, events=NullEvents())
    assert numbers_in_order(root) == [1, 2, 3, 4, 5, 9, 10, 11, 12]
    assert gaps(root) == [None]


RECORDED = r"""#!/bin/sh
# Prints the recorded entries from or behind the cursor that it is given, as journalctl does, and ends though it was told to follow.
after="" ; from="" ; one=""
for word in "$@"; do
  case "$word" in
    --after-cursor=*) after="${word#*=}" ;;
    --cursor=*) from="${word#*=}" ;;
    --lines=1) one=1 ;;
  esac
done
exec awk -v after="$after" -v from="$from" -v one="$one" '
  from != "" && index($0, "\"__CURSOR\":\"" from "\"") { seen = 1 }
  seen || (after == "" && from == "") { print; if (one) exit }
  after != "" && index($0, "\"__CURSOR\":\"" after "\"") { seen = 1 }
' "$RECORDED"
"""


def test_a_child_that_ends_is_started_again_behind_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, recorded, program = tmp_path / "store", tmp_path / "recorded.json", tmp_path / "bin" / "journalctl"
    program.parent.mkdir()
    program.write_text(RECORDED)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("RECORDED", str(recorded))

    def record(first: int, last: int) -> None:
        with recorded.open("a") as file:
            for number in range(first, last):
                message = access_lines(number, number + 1).decode().rstrip("\n")
                file.write(json.dumps({"__CURSOR": f"c{number}", "MESSAGE": message}, separators=(",", ":")) + "\n")

    record(0, 4)
    follow(root, ["journal:ollama"], lambda: record(4, 9), lambda: record(9, 10))
    assert numbers_in_order(root) == list(range(1, 11))
    follow(root, ["journal:ollama"], lambda: record(10, 12))
    assert numbers_in_order(root) == list(range(1, 13))
