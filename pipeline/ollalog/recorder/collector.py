"""MetricsCollector: what a producer does, counted in memory and written to events.jsonl."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from ollalog.recorder import summaries
from ollalog.recorder.crew import CrewTally
from ollalog.recorder.events import event_record
from ollalog.recorder.exposition import prometheus_text
from ollalog.recorder.families import CREW_FAMILIES, CREW_FEEDS, CREW_NAMESPACE, FAMILIES, FEEDS, NAMESPACE
from ollalog.recorder.files import write_whole
from ollalog.recorder.forks import renew_at_fork
from ollalog.recorder.lines import LineFile
from ollalog.recorder.memory import resident_bytes
from ollalog.recorder.models import ModelTallies, histogram, model_metrics
from ollalog.recorder.operations import Operations
from ollalog.recorder.periodic import Periodic
from ollalog.recorder.series import FamilyTally
from ollalog.recorder.streams import Subscription, streamed
from ollalog.recorder.tasks import ResourceTally, TaskTally
from ollalog.recorder.text import bounded
from ollalog.recorder.values import instant

if TYPE_CHECKING:
    from ollalog.recorder.server import MetricsServer

FORMATS = ("json", "prometheus")
_MEMORY_EVERY_S = 5.0
_MEMORY_EVENTS = {"memory_usage", "resource"}


class MetricsCollector(Operations):
    """Counts what a producer does; safe in many threads.

    Its operations never raise: what cannot be counted or written is counted in `dropped`. Everything that grows with what is
    recorded is bounded: models, agents, tools and series beyond the first are counted as `other`.
    """

    def __init__(
        self,
        directory: str | PathLike[str] | None = None,
        enabled: bool = True,  # noqa: FBT001, FBT002 - as producers know it
        record_memory: bool = True,  # noqa: FBT001, FBT002 - as above
        *,
        max_bytes: int | None = None,
        backups: int = 5,
    ) -> None:
        """Begin to count.

        Args:
            directory: Folder of events.jsonl; None: no file, counts alone.
            enabled: Whether anything is recorded at all.
            record_memory: Record the memory of this process with executions of agents, at most every 5 s, unless the producer
                tells it itself.
            max_bytes: Size beyond which events.jsonl is renamed to events.jsonl.1 and begun anew; None: never.
            backups: How many renamed files are kept.
        """
        self._file: LineFile | None = None
        self.write_to(directory, max_bytes=max_bytes, backups=backups)
        self._is_open = enabled
        self._record_memory = record_memory
        self._is_memory_told = False
        self._next_memory_s = 0.0
        self._unusable = 0
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._subscriptions: tuple[Subscription, ...] = ()
        self._periodic: list[Periodic] = []
        self._servers: list[MetricsServer] = []
        self._families = FamilyTally(FAMILIES, FEEDS)
        self._crew_families = FamilyTally(CREW_FAMILIES, CREW_FEEDS)
        self._begin()
        renew_at_fork(self)

    @property
    def dropped(self) -> int:
        """Events that could not be used, or not be written."""
        return self._unusable + (self._file.dropped if self._file else 0)

    # Reading

    def get_model_metrics(self, model: str) -> dict[str, object] | None:
        """The numbers of a model (A1, A6); None where nothing was recorded of it."""
        return self.get_all_model_metrics().get(bounded(model))

    def get_all_model_metrics(self) -> dict[str, dict[str, object]]:
        """The numbers of every model (A1, A6)."""
        with self._lock:
            elapsed_s = time.monotonic() - self._begun_s
            return {name: model_metrics(tally, elapsed_s) for name, tally in self._models.by_model.items()}

    def get_task_statistics(self) -> dict[str, object]:
        """Counts and times of tasks (A2)."""
        with self._lock:
            return self._tasks.metrics()

    def get_resource_metrics(self) -> dict[str, object]:
        """The last sample of what the producer uses (A3)."""
        with self._lock:
            return self._resources.metrics()

    def get_system_metrics(self) -> dict[str, object]:
        """The system (B3), as in `system_metrics` of B4."""
        with self._lock:
            return self._crew.metrics(self._start_time)

    def get_agent_metrics(self, agent_id: str) -> dict[str, object] | None:
        """An agent and its tools (B2), as in `agent_metrics` of B4; None where nothing was recorded of it."""
        with self._lock:
            agent = self._crew.agents.get(bounded(agent_id))
            return None if agent is None else agent.metrics(bounded(agent_id))

    def get_summary(self) -> str:
        """All models, tasks, resources and the system, for people (A7)."""
        return summaries.summary(self._document(), self.get_system_metrics())

    def get_model_summary(self, model: str) -> str:
        """One model, for people (A7)."""
        return summaries.model_summary(bounded(model), self.get_model_metrics(model))

    def get_histogram_summary(self, model: str | None = None) -> str:
        """The latency histogram of all models or of one, for people (A7)."""
        with self._lock:
            chosen = [tally for name, tally in self._models.by_model.items() if model is None or name == bounded(model)]
            counted = histogram(chosen)
        return summaries.histogram_summary(counted)

    # Exports

    def export_json(self) -> str:
        """Models, tasks and resources as JSON (A4): {start_time, models, tasks, resources}."""
        return json.dumps(self._document(), indent=2, allow_nan=False)

    def export_json_to_file(self, path: str | PathLike[str]) -> None:
        """Write `export_json` to a file, which readers see whole.

        Raises:
            OSError: It cannot be written.
        """
        write_whole(Path(path), self.export_json() + "\n")

    def export_prometheus(self, namespace: str = NAMESPACE) -> str:
        """All families of D in a namespace and those of B4 (`crew_…`) as Prometheus text."""
        with self._lock:
            return prometheus_text(self._families, namespace) + prometheus_text(self._crew_families, CREW_NAMESPACE)

    def export_metrics(self, format: str) -> str:  # noqa: A002 - as producers know it
        """System and agents as JSON (B4): {system_metrics, agent_metrics}; or Prometheus text.

        Raises:
            ValueError: The format is neither `json` nor `prometheus`.
        """
        if format not in FORMATS:
            raise ValueError(f"format is none of {', '.join(FORMATS)}: {bounded(format)!r}")
        if format == "prometheus":
            return self.export_prometheus()
        with self._lock:
            agents = {name: agent.metrics(name) for name, agent in self._crew.agents.items()}
            crew = {"system_metrics": self._crew.metrics(self._start_time), "agent_metrics": agents}
        return json.dumps(crew, indent=2, allow_nan=False)

    def start_periodic_export(self, path: str | PathLike[str], seconds: float) -> None:
        """Write `export_json` to a file every so many seconds, and a last time at `close`."""
        if not seconds > 0:
            raise ValueError(f"the period of an export is more than 0 s: {seconds!r}")
        self._periodic.append(Periodic(lambda: self.export_json_to_file(path), seconds))

    def start_metrics_server(self, port: int, address: str = "127.0.0.1") -> MetricsServer:
        """Serve GET /metrics?format=json|prometheus until `close`, of the collector or of what this returns.

        Raises:
            MetricsServerError: The port is in use, or the address is none of this machine.
        """
        from ollalog.recorder.server import MetricsServer

        server = MetricsServer(self.export_metrics, port, address)
        self._servers.append(server)
        return server

    def subscribe(self, capacity: int = 100) -> Subscription:
        """Events `latency`, `error`, `task_complete`, `resource` from now on (A5).

        Args:
            capacity: Events that wait for their reader; what comes beyond is dropped and counted.
        """
        subscription = Subscription(capacity)
        with self._lock:
            self._subscriptions = (*(other for other in self._subscriptions if not other.is_closed), subscription)
        return subscription

    # Life

    def write_to(self, directory: str | PathLike[str] | None, *, max_bytes: int | None = None, backups: int = 5) -> None:
        """From now on write events.jsonl to this folder; None: to none. See `__init__`."""
        former = self._file
        self._file = None if directory is None else LineFile(Path(directory) / "events.jsonl", max_bytes=max_bytes, backups=backups)
        if former is not None:
            former.close()

    def reset(self) -> None:
        """Count from 0 again (A9). Requests that are being answered stay active; files and subscribers stay."""
        with self._lock:
            self._families.reset()
            self._crew_families.reset()
            self._begin()

    def close(self) -> None:
        """End exports, servers and subscriptions; nothing is recorded from now on. What was counted can still be read."""
        self._is_open = False
        for periodic in self._periodic:
            periodic.stop()
        for server in self._servers:
            server.close()
        self._periodic, self._servers = [], []
        for subscription in self._subscriptions:
            subscription.close()
        self.write_to(None)

    def renew(self) -> None:
        """In a new process: a lock that no thread of the parent holds, no threads, its own number."""
        self._lock = threading.Lock()
        self._pid = os.getpid()
        for server in self._servers:
            server.abandon()
        self._periodic, self._servers, self._subscriptions = [], [], ()

    def _begin(self) -> None:
        self._start_time = instant()
        self._begun_s = time.monotonic()
        self._models = ModelTallies()
        self._tasks = TaskTally()
        self._resources = ResourceTally()
        self._crew = CrewTally()

    def _record(self, event: str, values: Mapping[str, object]) -> None:
        if not self._is_open:
            return
        try:
            record = event_record(event, values, self._pid)
            if event in _MEMORY_EVENTS and not self._is_memory_told:
                self._is_memory_told = True
                self._crew.forget_memory()
            self._keep(record)
            if event == "agent" and self._record_memory and not self._is_memory_told:
                self._measure_memory()
        except Exception:  # noqa: BLE001 - whatever the caller's objects do when they are asked, his request goes on
            with self._lock:
                self._unusable += 1

    def _keep(self, record: Mapping[str, object]) -> None:
        """Count an event, write it, hand it to subscribers."""
        with self._lock:
            for tally in (self._families, self._crew_families, self._models, self._tasks, self._resources, self._crew):
                tally.add(record)
        if (file := self._file) is not None:
            file.append(record)
        if self._subscriptions and (told := streamed(record)) is not None:
            for subscription in self._subscriptions:
                subscription.put(told)

    def _measure_memory(self) -> None:
        """Keep what memory this process uses, if that was not done just before."""
        now_s = time.monotonic()
        if now_s < self._next_memory_s:
            return
        self._next_memory_s = now_s + _MEMORY_EVERY_S
        if (memory_bytes := resident_bytes()) is not None:
            self._keep(event_record("memory_usage", {"memory_bytes": memory_bytes}, self._pid))

    def _document(self) -> dict[str, object]:
        """What A4 exports."""
        models = self.get_all_model_metrics()
        return {
            "start_time": self._start_time,
            "models": models,
            "tasks": self.get_task_statistics(),
            "resources": self.get_resource_metrics(),
        }
