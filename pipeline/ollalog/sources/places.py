"""Where Ollama leaves its logs when nobody says where to look."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ollalog.core.machine import home
from ollalog.sources.discover import Discovery, absolute, is_log_name
from ollalog.sources.journal import DEFAULT_UNIT, Journal

_ADVICE = "name the log, as a path or as journal:UNIT (see journalctl -u ollama); `ollalog doctor` says where was looked"


PODS = Path("var") / "log" / "pods"


@dataclass(frozen=True)
class Machine:
    """What the search depends on: the user's home, the environment, the top of the file system, the current folder, the journal."""

    home: Path
    environ: Mapping[str, str]
    root: Path
    here: Path
    journal: Journal | None = None

    @staticmethod
    def this() -> Machine:
        """The machine and user that the program runs on and for."""
        return Machine(home() or Path("/"), os.environ, Path("/"), Path.cwd(), Journal(DEFAULT_UNIT))


def discover_usual(machine: Machine) -> Discovery:
    """The usual logs of a machine, or a remark on where else they may be."""
    logs = [absolute(path) for path in usual_logs(machine)]
    journals = [machine.journal] if machine.journal is not None and machine.journal.is_there() else []
    remarks = [] if logs or journals else [f"no Ollama logs in the usual places of this machine; {_ADVICE}"]
    return Discovery(paths=logs, journals=journals, remarks=remarks)


def usual_logs(machine: Machine) -> list[Path]:
    """The logs that lie where Ollama's installers, packages, containers and recorders put them."""
    found = [path for place in _places(machine) for path in _logs_at(place)]
    containers = [folder for folder in _container_folders(machine) if folder.is_dir()]
    return found + [path for folder in containers for path in _docker_logs(folder)] + list(_pod_logs(machine.root))


def searched(machine: Machine) -> list[Path]:
    """The folders that are searched, whether they are there or not."""
    places = [folder for folder, _ in _places(machine)]
    return list(dict.fromkeys([*places, *_container_folders(machine), machine.root / PODS]))


def closed_folders(machine: Machine) -> list[Path]:
    """Folders that are there, would be searched, and cannot be listed by this user."""
    return [folder for folder in searched(machine) if _is_closed(folder)]


def _is_closed(folder: Path) -> bool:
    try:
        next(folder.iterdir(), None)
    except PermissionError:
        return True
    except OSError:
        return False
    return False


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
    for folder in (machine.here, machine.here / "logs"):
        yield folder, "performance.jsonl*"
        yield folder, "events.jsonl*"


def _logs_at(place: tuple[Path, str]) -> list[Path]:
    folder, pattern = place
    try:
        return [path for path in sorted(folder.glob(pattern)) if path.is_file() and is_log_name(path.name)]
    except OSError:
        return []


def _container_folders(machine: Machine) -> Iterator[Path]:
    """Where Docker keeps a folder for each container: that of the system, and that of a user without root."""
    yield machine.root / "var" / "lib" / "docker" / "containers"
    yield machine.home / ".local" / "share" / "docker" / "containers"


def _docker_logs(folder: Path) -> Iterator[Path]:
    """Logs of the containers whose description names ollama; those of others, of compose too, carry its image or service."""
    for path in _logs_at((folder, "*/*-json.log*")):
        try:
            described = (path.parent / "config.v2.json").read_bytes()
        except OSError:
            continue
        if b"ollama" in described.lower():
            yield path


def _pod_logs(root: Path) -> Iterator[Path]:
    """Logs of pods or containers that have ollama in their name: NAMESPACE_POD_UID/CONTAINER/0.log and its rotated siblings."""
    for path in _logs_at((root / PODS, "*/*/*.log*")):
        if "ollama" in path.parent.name.lower() or "ollama" in path.parent.parent.name.lower():
            yield path
