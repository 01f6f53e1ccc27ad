"""The host: processor, memory, disks, network, connections. What the system does not tell stays null."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

LOOPBACK = ("lo", "lo0", "Loopback Pseudo-Interface 1")


@dataclass(frozen=True)
class HostReading:
    """What a host uses; bytes, ratios of 0 to 1. `disk_*` and `network_bytes` are counted since the reading before."""

    cpu_ratio: float | None
    memory_bytes: int
    memory_ratio: float
    memory_available_bytes: int
    disk_ratio: float | None
    disk_read_bytes: int | None
    disk_write_bytes: int | None
    network_bytes: int | None
    connections: int | None


class HostProbe:
    """Remembers the counters of its last reading: most of what a host does is told as a difference."""

    def __init__(self, folder: Path, port: int) -> None:
        """`folder`: whose disk is looked at; `port`: whose connections are counted, Ollama's."""
        self._folder = folder
        self._port = port
        psutil.cpu_percent(interval=None)
        self._disk = _disk_bytes()
        self._network = _network_bytes()

    def read(self) -> HostReading:
        """How it is now."""
        memory = psutil.virtual_memory()
        disk, network = _disk_bytes(), _network_bytes()
        before_disk, self._disk = self._disk, disk
        before_network, self._network = self._network, network
        is_counted = disk is not None and before_disk is not None
        return HostReading(
            cpu_ratio=psutil.cpu_percent(interval=None) / 100,
            memory_bytes=memory.total - memory.available,
            memory_ratio=(memory.total - memory.available) / memory.total,
            memory_available_bytes=memory.available,
            disk_ratio=_disk_ratio(self._folder),
            disk_read_bytes=max(0, disk[0] - before_disk[0]) if is_counted and disk and before_disk else None,
            disk_write_bytes=max(0, disk[1] - before_disk[1]) if is_counted and disk and before_disk else None,
            network_bytes=None if network is None or before_network is None else max(0, network - before_network),
            connections=_connections(self._port),
        )


def _disk_bytes() -> tuple[int, int] | None:
    """Read from and written to all disks since the machine started; bytes; None where that is not told, as in some containers."""
    try:
        counted = psutil.disk_io_counters()
    except (OSError, RuntimeError):
        return None
    return None if counted is None else (counted.read_bytes, counted.write_bytes)


def _network_bytes() -> int | None:
    """Received and sent over all interfaces but the loopback since the machine started; bytes."""
    try:
        counted = psutil.net_io_counters(pernic=True)
    except (OSError, RuntimeError):
        return None
    return sum(each.bytes_recv + each.bytes_sent for name, each in counted.items() if name not in LOOPBACK)


def _disk_ratio(folder: Path) -> float | None:
    try:
        return float(psutil.disk_usage(str(folder)).percent) / 100
    except OSError:
        return None


def _connections(port: int) -> int | None:
    """Open connections to a port of this machine; None where the system lets only its superuser see them."""
    try:
        found = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError, RuntimeError):
        return None
    return sum(1 for each in found if each.status == psutil.CONN_ESTABLISHED and each.laddr and each.laddr.port == port)
