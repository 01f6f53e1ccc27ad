"""Logs that are written and rotated in every usual way; each line has a number of its own, and what was destroyed is known."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

APP_KEPT = 5
KEPT = 400


def line(number: int) -> bytes:
    """A request whose latency is its number."""
    clock = f"{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}"
    return f'[GIN] 2026/06/21 - {clock} | 200 | {number:>11}ns |       127.0.0.1 | POST     "/api/chat"\n'.encode()


def docker_line(number: int) -> bytes:
    """The same as Docker's json-file driver keeps it."""
    return json.dumps({"log": line(number).decode(), "stream": "stderr", "time": "2026-06-21T12:00:00.5Z"}).encode() + b"\n"


def pod_line(number: int) -> bytes:
    """The same as a container runtime of Kubernetes keeps it."""
    return b"2026-06-21T12:00:00.500000000Z stderr F " + line(number)


@dataclass
class Log:
    """One log: where it is written, how it is rotated, which numbers each generation got, which were destroyed with which generation."""

    path: Path
    rotate: Callable[[Log], None]
    shaped: Callable[[int], bytes] = line
    half: bytes = b""
    file: int = -1
    generation: list[int] = field(default_factory=list)
    older: list[list[int]] = field(default_factory=list)
    destroyed: list[list[int]] = field(default_factory=list)

    def open(self) -> None:
        """Begin to write, as a server does when it starts."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def reopen(self) -> None:
        """Go on in a new file of the same name."""
        os.close(self.file)
        self.open()

    def write(self, numbers: range, chance: random.Random) -> None:
        """Append lines, sometimes the last one only in part."""
        data = self.half + b"".join(self.shaped(number) for number in numbers)
        self.generation.extend(numbers)
        kept = chance.randrange(1, 40) if chance.random() < 0.2 else 0
        os.write(self.file, data[: len(data) - kept])
        self.half = data[len(data) - kept :]

    def end_line(self) -> None:
        """Write what is missing of the last line."""
        os.write(self.file, self.half)
        self.half = b""

    def renamed(self) -> None:
        """The present generation is elsewhere now, and goes on to exist."""
        self.older.append(self.generation)
        self.generation = []

    def lost(self) -> None:
        """The present generation is gone, read or not."""
        self.destroyed.append(self.generation)
        self.generation = []


def by_app(log: Log) -> None:
    """As the Ollama app does at its start: server.log, server-1.log … server-5.log; the oldest is deleted."""
    log.end_line()
    names = [log.path.with_name(f"server-{number}.log") for number in range(1, APP_KEPT + 1)]
    if names[-1].exists():
        names[-1].unlink()
        log.destroyed.append(log.older.pop(0))
    for older, newer in zip(names[:0:-1], names[-2::-1], strict=True):
        if newer.exists():
            newer.rename(older)
    log.path.rename(names[0])
    log.renamed()
    log.reopen()


def _shift(log: Log, *suffixes: str) -> None:
    present = {path.name for path in log.path.parent.iterdir()}
    for number in range(KEPT, 0, -1):
        for suffix in suffixes:
            older = log.path.with_name(f"{log.path.name}.{number}{suffix}")
            if older.name in present:
                older.rename(log.path.with_name(f"{log.path.name}.{number + 1}{suffix}"))


def by_rename(log: Log) -> None:
    """logrotate with create: the writer goes on in the renamed file until it is told; then the file before it is packed."""
    second = log.path.with_name(f"{log.path.name}.2")
    if second.exists():
        _pack(second)
    _shift(log, "", ".gz")
    log.path.rename(log.path.with_name(f"{log.path.name}.1"))
    log.end_line()
    log.renamed()
    log.reopen()


def by_copy(log: Log) -> None:
    """logrotate with copytruncate; of a half line only the part that was written is copied, so it is ended before."""
    log.end_line()
    _shift(log, "", ".gz")
    shutil.copy2(log.path, log.path.with_name(f"{log.path.name}.1"))
    os.truncate(log.path, 0)
    log.renamed()


def by_truncation(log: Log) -> None:
    """`> server.log`: what was not read by then is gone."""
    log.end_line()
    os.truncate(log.path, 0)
    log.lost()


def by_deletion(log: Log) -> None:
    """`rm server.log`, and a server that starts anew."""
    log.end_line()
    log.path.unlink()
    log.lost()
    log.reopen()


def by_docker(log: Log) -> None:
    """Docker's max-size with max-file: renamed under numbers, all but the first packed when compress is set."""
    log.end_line()
    _shift(log, "", ".gz")
    log.path.rename(log.path.with_name(f"{log.path.name}.1"))
    _pack(log.path.with_name(f"{log.path.name}.1"))
    log.renamed()
    log.reopen()


def by_kubelet(log: Log) -> None:
    """The kubelet renames 0.log under the time, packs what is older, and lets the runtime open a new one."""
    log.end_line()
    second = len(log.older)
    rotated = log.path.with_name(f"{log.path.name}.20260621-{second // 3600:02d}{second // 60 % 60:02d}{second % 60:02d}")
    for older in sorted(log.path.parent.glob(f"{log.path.name}.*")):
        if older.suffix != ".gz":
            _pack(older)
    log.path.rename(rotated)
    log.renamed()
    log.reopen()


def _pack(path: Path) -> None:
    """As gzip and logrotate do: under a name of its own until it is whole, with the time of the original."""
    packed, whole = path.with_name(f".{path.name}.tmp"), path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes(), 1))
    shutil.copystat(path, packed)
    packed.rename(whole)
    path.unlink()


def all_logs(folder: Path) -> list[Log]:
    """One log for each way to rotate."""
    return [
        Log(folder / "app" / "server.log", by_app),
        Log(folder / "renamed" / "ollama.log", by_rename),
        Log(folder / "copied" / "ollama.log", by_copy),
        Log(folder / "cut" / "ollama.log", by_truncation),
        Log(folder / "deleted" / "ollama.log", by_deletion),
        Log(folder / "containers" / "4f5e" / "4f5e-json.log", by_docker, docker_line),
        Log(folder / "pods" / "ai_ollama-0_77" / "ollama" / "0.log", by_kubelet, pod_line),
    ]


def paths_to_follow(folder: Path) -> list[Path]:
    """Some logs by their own name, others by a folder above them."""
    named = [
        folder / "app" / "server.log",
        folder / "renamed" / "ollama.log",
        folder / "deleted" / "ollama.log",
        folder / "cut" / "ollama.log",
    ]
    return [*named, folder / "copied", folder / "containers", folder / "pods"]
