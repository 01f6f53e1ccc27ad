"""What is known of agents, their tools and the system they are (B1 to B3), in the shape of B4."""

from __future__ import annotations

from collections.abc import Mapping

from ollalog.recorder.durations import go_duration
from ollalog.recorder.families import OTHER
from ollalog.recorder.values import NUMBER

MOST_AGENTS = 200
"""Agents that are kept apart, and tools of each; those that come later are counted as `other`."""
DEFAULT_AGENT = "default"
"""The agent of tools that were recorded without one."""


class ExecutionTally:
    """Sums over executions of one agent or tool."""

    __slots__ = ("errors", "longest_s", "shortest_s", "successes", "sum_s", "timeouts")

    def __init__(self) -> None:
        """No execution yet."""
        self.successes = 0
        self.errors = 0
        self.timeouts = 0
        self.sum_s = 0.0
        self.shortest_s = float("inf")
        self.longest_s = 0.0

    @property
    def count(self) -> int:
        """All executions."""
        return self.successes + self.errors + self.timeouts

    @property
    def average_s(self) -> float:
        """Mean duration; 0 before the first; s."""
        return self.sum_s / self.count if self.count else 0.0

    def add(self, status: object, seconds: float) -> None:
        """Count one."""
        if status == "success":
            self.successes += 1
        elif status == "timeout":
            self.timeouts += 1
        else:
            self.errors += 1
        self.sum_s += seconds
        self.shortest_s = min(self.shortest_s, seconds)
        self.longest_s = max(self.longest_s, seconds)


class AgentTally:
    """One agent and its tools."""

    __slots__ = ("executions", "name", "tools")

    def __init__(self, name: str) -> None:
        """No execution yet."""
        self.name = name
        self.executions = ExecutionTally()
        self.tools: dict[str, ExecutionTally] = {}

    def metrics(self, agent_id: str) -> dict[str, object]:
        """The agent as B4 has it; durations as Go prints them."""
        all_of_it = self.executions
        return {
            "agent_id": agent_id,
            "agent_name": self.name,
            "execution_count": all_of_it.count,
            "success_count": all_of_it.successes,
            "error_count": all_of_it.errors,
            "timeout_count": all_of_it.timeouts,
            "total_duration": go_duration(all_of_it.sum_s),
            "average_duration": go_duration(all_of_it.average_s),
            "min_duration": go_duration(all_of_it.shortest_s if all_of_it.count else 0.0),
            "max_duration": go_duration(all_of_it.longest_s),
            "tool_metrics": {name: _tool_metrics(tool) for name, tool in self.tools.items()},
        }


class CrewTally:
    """The system: its agents, its caches, its memory."""

    def __init__(self) -> None:
        """Nothing happened yet."""
        self.agents: dict[str, AgentTally] = {}
        self._requests = ExecutionTally()
        self._cache = {"hit": 0, "miss": 0}
        self._memory_bytes: float | None = None
        self._peak_bytes: float | None = None
        self._last_updated: object = None

    def add(self, event: Mapping[str, object]) -> None:
        """Count an event of an agent, a tool, a cache or of memory; any other only tells that something happened."""
        match event["event"]:
            case "agent":
                agent = self._agent(str(event["agent_id"]))
                agent.name = str(event["agent_name"])
                agent.executions.add(event["status"], _seconds(event))
                self._requests.add(event["status"], _seconds(event))
            case "tool":
                tools = self._agent(str(event.get("agent", DEFAULT_AGENT))).tools
                name = str(event["tool"])
                tools.setdefault(name if name in tools or len(tools) < MOST_AGENTS else OTHER, ExecutionTally()).add(
                    event["status"], _seconds(event)
                )
            case "cache":
                self._cache[str(event["outcome"])] += 1
            case "memory_usage" | "resource":
                self._add_memory(event.get("memory_bytes"))
        self._last_updated = event["timestamp"]

    def forget_memory(self) -> None:
        """Forget the memory that was measured, for now the producer tells it itself."""
        self._memory_bytes = self._peak_bytes = None

    def metrics(self, start_time: str) -> dict[str, object]:
        """The system as B4 has it; durations as Go prints them; the hit rate of no look-up is null."""
        hits, misses = self._cache["hit"], self._cache["miss"]
        return {
            "start_time": start_time,
            "last_updated": self._last_updated,
            "total_requests": self._requests.count,
            "successful_requests": self._requests.successes,
            "failed_requests": self._requests.errors + self._requests.timeouts,
            "total_execution_time": go_duration(self._requests.sum_s),
            "average_request_time": go_duration(self._requests.average_s),
            "memory_usage_mb": None if self._memory_bytes is None else self._memory_bytes / 1e6,
            "max_memory_usage_mb": None if self._peak_bytes is None else self._peak_bytes / 1e6,
            "cache_hits": hits,
            "cache_misses": misses,
            "cache_hit_rate": hits / (hits + misses) if hits + misses else None,
        }

    def _agent(self, agent_id: str) -> AgentTally:
        if agent_id not in self.agents and len(self.agents) >= MOST_AGENTS:
            agent_id = OTHER
        return self.agents.setdefault(agent_id, AgentTally(agent_id))

    def _add_memory(self, memory_bytes: object) -> None:
        if isinstance(memory_bytes, NUMBER):
            self._memory_bytes = memory_bytes
            self._peak_bytes = memory_bytes if self._peak_bytes is None else max(self._peak_bytes, memory_bytes)


def _tool_metrics(tool: ExecutionTally) -> dict[str, object]:
    """A tool as B4 has it; a timeout is an error."""
    return {
        "execution_count": tool.count,
        "success_count": tool.successes,
        "error_count": tool.errors + tool.timeouts,
        "average_duration": go_duration(tool.average_s),
    }


def _seconds(event: Mapping[str, object]) -> float:
    seconds = event.get("seconds")
    return seconds if isinstance(seconds, NUMBER) else 0.0
