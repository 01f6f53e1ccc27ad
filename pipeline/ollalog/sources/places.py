"""Where Ollama leaves its logs when nobody says where to look."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ollalog.sources.discover import Discovery, absolute, is_log_name

_ADVICE = "on Linux with systemd the log is in the journal: journalctl -u ollama -o json | ollalog ingest -"


@dataclass(frozen=True)
class Machine:
    """What the search depends on: the user's home, the environment, the top of the file system, the current folder."""

    home: Path
    environ: Mapping[str, str]
    root: Path
    here: Path

    @staticmethod
    def this() -> Machine:
        """The machine and user that the program runs on and for."""
        return Machine(Path.home(), os.environ, Path("/"), Path.cwd())


def discover_usual(machine: Machine) -> Discovery:
    """The usual logs of a machine, or a remark on where else they may be."""
    logs = [absolute(path) for path in usual_logs(machine)]
    return Discovery(paths=logs, remarks=[] if logs else [f"no Ollama logs in the usual places of this machine; {_ADVICE}"])


def usual_logs(machine: Machine) -> list[Path]:
    """The logs that lie where Ollama's installers, packages and recorders put them."""
    return [path for place in _places(machine) for path in _logs_at(place)] + list(_docker_logs(machine.root))


def _places(machine: Machine) -> Iterator[tuple[Path, str]]:
    """Folder and pattern of names, in the order in which they are read."""
    yield machine.home / ".ollama" / "logs", "*"
    if local := machine.environ.get("LOCALAPPDATA"):
        yield Path(local) / "Ollama", "*.log*"
    for prefix in dict.fromkeys((machine.environ.get("HOMEBREW_PREFIX"), "opt/homebrew", "usr/local", "home/linuxbrew/.linuxbrew")):
        if prefix:
            yield machine.root / prefix / "var" / "log", "ollama*"
    yield machine.root / "var" / "log", "ollama*"
    yield machine.root / "var" / "log" / "ollama", "*"
    yield machine.here, "performance.jsonl*"
    yield machine.here / "logs", "performance.jsonl*"


def _logs_at(place: tuple[Path, str]) -> list[Path]:
    folder, pattern = place
    try:
        return [path for path in sorted(folder.glob(pattern)) if path.is_file() and is_log_name(path.name)]
    except OSError:
        return []


def _docker_logs(root: Path) -> Iterator[Path]:
    """Logs of the containers whose description names ollama; other users' containers cannot be seen, which is no fault."""
    for path in _logs_at((root / "var" / "lib" / "docker" / "containers", "*/*-json.log*")):
        try:
            described = (path.parent / "config.v2.json").read_bytes()
        except OSError:
            continue
        if b"ollama" in described.lower():
            yield path
