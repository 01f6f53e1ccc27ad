"""The programs that ingestion is measured against, each in the way that suits it best, and how many access lines each says it read.

GoAccess reads the access lines without their latency (its formats know no durations with a unit); mtail counts by status, method and
path with a histogram of latency; lnav parses every access and slog line and counts by status in SQL. None of them writes a store.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import measure

HERE = Path(__file__).parent
GOACCESS_FORMAT = '[GIN] %d - %t | %s | %~%^ | %~%h | %m %~"%U"'
LNAV_QUERY = ";SELECT status, count(*) AS requests FROM ollama_log WHERE status IS NOT NULL GROUP BY status"


@dataclass(frozen=True)
class Program:
    """One program: its command for a log and a folder of its own, and the number of access lines in what it left or printed."""

    name: str
    command: Callable[[Path, Path], list[str]]
    access_lines: Callable[[Path, str], int]
    prepare: Callable[[Path], None] = field(default=lambda _: None)
    home: bool = False

    def once(self, log: Path, expected: int) -> measure.Run:
        """Run it on a log in a new folder.

        Raises:
            ProgramFailedError: It failed, or did not read exactly the expected number of access lines.
        """
        with tempfile.TemporaryDirectory(prefix="ollalog-bench-") as name:
            folder = Path(name)
            self.prepare(folder)
            environment: Mapping[str, str] = {"HOME": name, "XDG_CONFIG_HOME": f"{name}/.config", "TERM": "dumb"} if self.home else {}
            run = measure.run(self.command(log, folder), folder, environment)
            found = self.access_lines(folder, run.stdout)
        if found != expected:
            raise measure.ProgramFailedError(f"{self.name} read {found:,} access lines of {expected:,}: not a fair run")
        return run


def _goaccess_command(log: Path, folder: Path) -> list[str]:
    options = ["--no-global-config", "--no-progress", "--num-tests=0", "--date-format=%Y/%m/%d", "--time-format=%H:%M:%S"]
    return ["goaccess", str(log), *options, f"--log-format={GOACCESS_FORMAT}", "-o", str(folder / "report.json")]


def _goaccess_lines(folder: Path, _: str) -> int:
    return int(json.loads((folder / "report.json").read_text(encoding="utf-8"))["general"]["valid_requests"])


def _mtail_command(log: Path, folder: Path) -> list[str]:
    return ["mtail", "--one_shot", "--progs", str(HERE / "ollama.mtail"), "--logs", str(log), "--log_dir", str(folder)]


def _mtail_lines(_: Path, stdout: str) -> int:
    metrics = json.loads(stdout)["requests_total"]
    return sum(int(label["Value"]["Value"]) for metric in metrics for label in metric["LabelValues"])


def _lnav_install(folder: Path) -> None:
    formats = folder / ".config" / "lnav" / "formats" / "ollama"
    formats.mkdir(parents=True)
    shutil.copy(HERE / "ollama.lnav.json", formats / "ollama.json")


def _lnav_lines(_: Path, stdout: str) -> int:
    rows = [line.split() for line in stdout.splitlines()]
    return sum(int(row[1]) for row in rows if len(row) == 2 and row[0].isdigit())


def _ollalog_command(log: Path, folder: Path) -> list[str]:
    return [measure.ollalog(), "ingest", "--no-alerts", "--store", str(folder / "store"), "--json", str(log)]


def _ollalog_lines(_: Path, stdout: str) -> int:
    return int(json.loads(stdout)["rows"].get("requests", 0))


OLLALOG = Program("ollalog", _ollalog_command, _ollalog_lines)
PEERS = (
    Program("GoAccess", _goaccess_command, _goaccess_lines),
    Program("mtail", _mtail_command, _mtail_lines),
    Program("lnav", lambda log, _: ["lnav", "-n", "-c", LNAV_QUERY, str(log)], _lnav_lines, _lnav_install, home=True),
)
COMMANDS = {"GoAccess": "goaccess", "mtail": "mtail", "lnav": "lnav"}


def installed() -> tuple[list[Program], list[str]]:
    """The peers that are installed here, and the names of those that are not."""
    present = [peer for peer in PEERS if shutil.which(COMMANDS[peer.name])]
    return present, [peer.name for peer in PEERS if peer not in present]
