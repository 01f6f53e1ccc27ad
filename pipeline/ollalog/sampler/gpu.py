"""NVIDIA's GPUs, by NVML. A machine without them, or without the driver, has none: that is a normal case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pynvml  # type: ignore[import-untyped]

Told = TypeVar("Told")


@dataclass(frozen=True)
class GpuReading:
    """One GPU: its index and model, use (0 to 1), memory in bytes, power in W, energy since the reading before in J, degrees Celsius."""

    name: str
    ratio: float | None
    memory_bytes: int | None
    memory_total_bytes: int | None
    power_w: float | None
    energy_j: float | None
    temperature_c: float | None


class GpuProbe:
    """Holds NVML open, and remembers each GPU's meter of energy."""

    def __init__(self) -> None:
        """Looks for the library; `problem` says why there is nothing to read."""
        self.problem: str | None = None
        self._handles: list[Any] = []
        self._is_open = False
        try:
            pynvml.nvmlInit()
            self._is_open = True
            self._handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        except (pynvml.NVMLError, OSError, AttributeError) as fault:
            self.problem = str(fault)
        self._meters_mj = [_told(pynvml.nvmlDeviceGetTotalEnergyConsumption, handle) for handle in self._handles]

    def read(self, interval_s: float) -> list[GpuReading]:
        """All GPUs as they are now; the time since the reading before turns power into energy where there is no meter."""
        return [self._one(index, handle, interval_s) for index, handle in enumerate(self._handles)]

    def close(self) -> None:
        """Let go of the library."""
        if self._is_open:
            self._is_open = False
            self._handles = []
            _told(lambda _none: pynvml.nvmlShutdown(), None)

    def _one(self, index: int, handle: Any, interval_s: float) -> GpuReading:  # noqa: ANN401 - a pointer of the library
        use = _told(pynvml.nvmlDeviceGetUtilizationRates, handle)
        memory = _told(pynvml.nvmlDeviceGetMemoryInfo, handle)
        power_mw = _told(pynvml.nvmlDeviceGetPowerUsage, handle)
        celsius = _told(lambda device: pynvml.nvmlDeviceGetTemperature(device, pynvml.NVML_TEMPERATURE_GPU), handle)
        before_mj, meter_mj = self._meters_mj[index], _told(pynvml.nvmlDeviceGetTotalEnergyConsumption, handle)
        self._meters_mj[index] = meter_mj
        by_power_j = None if power_mw is None else power_mw / 1000 * interval_s
        name = _told(pynvml.nvmlDeviceGetName, handle)
        return GpuReading(
            name=f"{index}: {name.decode(errors='replace') if isinstance(name, bytes) else name or 'GPU'}",
            ratio=None if use is None else use.gpu / 100,
            memory_bytes=None if memory is None else int(memory.used),
            memory_total_bytes=None if memory is None else int(memory.total),
            power_w=None if power_mw is None else power_mw / 1000,
            energy_j=(meter_mj - before_mj) / 1000
            if meter_mj is not None and before_mj is not None and meter_mj >= before_mj
            else by_power_j,
            temperature_c=None if celsius is None else float(celsius),
        )


def _told(ask: Callable[[Any], Told], handle: Any) -> Told | None:  # noqa: ANN401 - a pointer of the library
    """What the library answers; None for what this GPU or driver does not tell."""
    try:
        return ask(handle)
    except (pynvml.NVMLError, AttributeError):
        return None
