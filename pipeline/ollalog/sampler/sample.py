"""One sample: the host with its GPUs and Ollama in one row, and a row for each GPU."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from ollalog.core.tables import RESOURCE_SAMPLES, polars_schema
from ollalog.sampler.gpu import GpuProbe, GpuReading
from ollalog.sampler.host import HostProbe
from ollalog.sampler.ollama import ApiAddress, OllamaProbe


@dataclass(frozen=True)
class Probes:
    """What is asked."""

    host: HostProbe
    gpu: GpuProbe
    ollama: OllamaProbe

    @classmethod
    def of_this_machine(cls, folder: Path) -> Probes:
        """Those of this machine; `folder`: whose disk is looked at."""
        address = ApiAddress.from_environment(os.environ)
        return cls(HostProbe(folder, address.port), GpuProbe(), OllamaProbe(address))


class Sampler:
    """Takes samples; remembers when it took the last one."""

    def __init__(self, probes: Probes, now_s: float) -> None:
        self._probes = probes
        self._taken_at_s = now_s
        self._said: set[str] = set()

    def sample(self, now_utc: datetime, now_s: float) -> pl.DataFrame:
        """Ask everything once.

        Args:
            now_utc: The present; the time of the rows.
            now_s: A clock that only goes forward; s.

        Returns:
            TABLES.resource_samples, less `batch`, `source`, `byte_offset`, `host` and `session`: the host, then its GPUs.
        """
        interval_s, self._taken_at_s = max(0.0, now_s - self._taken_at_s), now_s
        gpus = self._probes.gpu.read(interval_s)
        host, ollama = self._probes.host.read(), self._probes.ollama.read(now_s)
        common = {"happened_at": now_utc, "interval_ns": round(interval_s * 1e9)}
        of_host = {"scope": "host", **common, **asdict(host), **asdict(ollama), **_together(gpus)}
        rows = [of_host, *({"scope": "gpu", "name": gpu.name, **common, **_alone(gpu)} for gpu in gpus)]
        self._is_available = ollama.is_available
        return pl.DataFrame(rows, schema=SCHEMA, orient="row")

    def remarks(self) -> list[str]:
        """What a person should know of the last sample, each thing once."""
        found = []
        if self._probes.gpu.problem is not None:
            found.append(f"no NVIDIA GPU is sampled ({self._probes.gpu.problem}); all else is")
        if not self._is_available:
            address = self._probes.ollama.address.url
            found.append(f"Ollama does not answer at {address} (OLLAMA_HOST names another place); it is asked again each time")
        news = [remark for remark in found if remark not in self._said]
        self._said.update(news)
        return news

    def close(self) -> None:
        """Let go of what the probes hold."""
        self._probes.gpu.close()


SCHEMA = {
    name: kind
    for name, kind in polars_schema(RESOURCE_SAMPLES).items()
    if name not in {"batch", "source", "byte_offset", "host", "session"}
}


def _alone(gpu: GpuReading) -> dict[str, Any]:
    """The columns of one GPU."""
    return {
        "gpu_ratio": gpu.ratio,
        "gpu_memory_bytes": gpu.memory_bytes,
        "gpu_memory_total_bytes": gpu.memory_total_bytes,
        "gpu_power_w": gpu.power_w,
        "gpu_energy_j": gpu.energy_j,
        "gpu_temperature_c": gpu.temperature_c,
    }


def _together(gpus: Iterable[GpuReading]) -> dict[str, Any]:
    """The columns of all GPUs: the busiest, the hottest, the sums of what adds up; null where none tells."""
    rows = [_alone(gpu) for gpu in gpus]
    columns = {name: [row[name] for row in rows if row[name] is not None] for name in _alone(_NO_GPU)}
    greatest = {"gpu_ratio", "gpu_temperature_c"}
    return {name: (max if name in greatest else sum)(values) if values else None for name, values in columns.items()}


_NO_GPU = GpuReading("", None, None, None, None, None, None)
