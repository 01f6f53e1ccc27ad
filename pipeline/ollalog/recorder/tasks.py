"""What is known of tasks (A2) and of the resources that the producer uses (A3)."""

from __future__ import annotations

from collections.abc import Mapping

from ollalog.recorder.values import NUMBER


class TaskTally:
    """Sums over tasks."""

    def __init__(self) -> None:
        """No task yet."""
        self._completed = 0
        self._failed = 0
        self._sum_s = 0.0
        self._shortest_s: float | None = None
        self._longest_s: float | None = None
        self._last_updated: object = None

    def add(self, event: Mapping[str, object]) -> None:
        """Count a task that ended."""
        seconds = event.get("seconds")
        if event["event"] != "task" or not isinstance(seconds, NUMBER):
            return
        if event["success"]:
            self._completed += 1
        else:
            self._failed += 1
        self._sum_s += seconds
        self._shortest_s = seconds if self._shortest_s is None else min(self._shortest_s, seconds)
        self._longest_s = seconds if self._longest_s is None else max(self._longest_s, seconds)
        self._last_updated = event["timestamp"]

    def metrics(self) -> dict[str, object]:
        """Counts, times (s) of all tasks, share of completed ones (0 to 1), end of the last; null where there is none."""
        total = self._completed + self._failed
        return {
            "total": total,
            "completed": self._completed,
            "failed": self._failed,
            "avg_seconds": self._sum_s / total if total else None,
            "min_seconds": self._shortest_s,
            "max_seconds": self._longest_s,
            "success_rate": self._completed / total if total else None,
            "last_updated": self._last_updated,
        }


class ResourceTally:
    """The last sample of what the producer uses."""

    def __init__(self) -> None:
        """No sample yet."""
        self._sample: Mapping[str, object] = {}

    def add(self, event: Mapping[str, object]) -> None:
        """Take a sample."""
        if event["event"] == "resource":
            self._sample = event

    def metrics(self) -> dict[str, object]:
        """Memory (MB), CPU (%), threads, time of the sample; null where there was none."""
        memory_bytes, cpu_ratio = self._sample.get("memory_bytes"), self._sample.get("cpu_ratio")
        return {
            "memory_mb": memory_bytes / 1e6 if isinstance(memory_bytes, NUMBER) else None,
            "cpu_percent": cpu_ratio * 100 if isinstance(cpu_ratio, NUMBER) else None,
            "threads": self._sample.get("threads"),
            "timestamp": self._sample.get("timestamp"),
        }
