"""The exports as JSON: models, tasks and resources (A4), system and agents (B4), in the shapes that the recorder exports, too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ollalog.core.series import BOUNDS_NS, CREW, RECORDED, Series, added
from ollalog.export.families import SERVER_NAMESPACE
from ollalog.export.samples import EPOCH
from ollalog.recorder.crew import DEFAULT_AGENT, AgentTally, ExecutionTally
from ollalog.recorder.durations import go_duration
from ollalog.recorder.families import CREW_NAMESPACE, LATENCY_BOUNDS_MS
from ollalog.recorder.models import ModelTally, model_metrics
from ollalog.recorder.values import instant

Kept = Mapping[str, Sequence[Series]]


def document(series: Iterable[Series], namespaces: Sequence[str], now: datetime) -> dict[str, Any]:
    """What some namespaces tell, as one object.

    Args:
        series: what is kept.
        namespaces: `crew`: {system_metrics, agent_metrics} of B4; any other: {start_time, models, tasks, resources} of A4, the
            models as programs recorded them; `ollama`: both, the models as their runs tell.
        now: the present; UTC.

    Returns:
        The object; times are ISO 8601, UTC; what is not known is null.
    """
    kept: dict[str, list[Series]] = defaultdict(list)
    for each in series:
        kept[each.family].append(each)
    told: dict[str, Any] = {}
    for namespace in namespaces:
        if namespace != CREW_NAMESPACE:
            told |= _programs(kept, is_server=namespace == SERVER_NAMESPACE, now=now)
        if namespace in {CREW_NAMESPACE, SERVER_NAMESPACE}:
            told |= {"system_metrics": _system(kept), "agent_metrics": _agents(kept)}
    return told


def _programs(kept: Kept, *, is_server: bool, now: datetime) -> dict[str, Any]:
    """A4."""
    tallies = _models_of_runs(kept) if is_server else _models_of_programs(kept)
    first_us = kept["first_event"][0].value if kept["first_event"] else None
    elapsed_s = 0.0 if first_us is None else max(0.0, (now - EPOCH).total_seconds() - first_us / 1e6)
    return {
        "start_time": _instant(first_us),
        "models": {model: model_metrics(tally, elapsed_s) for model, tally in tallies.items()},
        "tasks": _tasks(kept),
        "resources": _resources(kept),
    }


def _models_of_programs(kept: Kept) -> dict[str, ModelTally]:
    """Requests as programs recorded them."""
    tallies: dict[str, ModelTally] = defaultdict(ModelTally)
    for each in kept["models"]:
        _observe(tallies[each.labels[0]], each)
    for each in kept["model_failures"]:
        tallies[each.labels[0]].failed += int(each.value)
    for each in (*kept[f"{RECORDED}.tokens_input_total"], *kept[f"{RECORDED}.tokens_output_total"]):
        tallies[each.labels[0]].tokens += int(each.value)
    return dict(tallies)


def _models_of_runs(kept: Kept) -> dict[str, ModelTally]:
    """Runs by model, of the origin that tells of most: the same run can be in the server's log and in a program's."""
    by_origin: dict[tuple[str, str], ModelTally] = defaultdict(ModelTally)
    for each in kept["run_total"]:
        _, model, _, origin, error_type = each.labels
        if not error_type:
            _observe(by_origin[model, origin], each)
    for each in kept["runs"]:
        _, model, _, origin, error_type = each.labels
        if error_type:
            by_origin[model, origin].failed += int(each.value)
        else:  # a run whose duration nobody tells went well all the same
            tally = by_origin[model, origin]
            tally.successful = max(tally.successful, int(each.value))
    for each in (*kept["run_prompt_tokens"], *kept["run_generated_tokens"]):
        _, model, _, origin = each.labels
        by_origin[model, origin].tokens += int(each.value)
    chosen: dict[str, ModelTally] = {}
    for (model, _), tally in by_origin.items():
        known = chosen.get(model)
        if known is None or tally.successful + tally.failed > known.successful + known.failed:
            chosen[model] = tally
    return chosen


def _observe(tally: ModelTally, series: Series) -> None:
    """Put the observations of a histogram into the tally of a model."""
    tally.successful += series.count
    tally.timed += series.count
    tally.latency_sum_ms += series.value / 1e6
    if series.least is not None and series.greatest is not None:
        tally.shortest_ms = min(tally.shortest_ms, series.least / 1e6)
        tally.longest_ms = max(tally.longest_ms, series.greatest / 1e6)
    for place, count in enumerate(series.buckets):
        tally.histogram[_COARSE[place]] += count


# The bounds of A6 are among those that are kept: the bucket of A6 that each kept one belongs to.
_COARSE = [
    next((place for place, bound_ms in enumerate(LATENCY_BOUNDS_MS) if bound_ns <= bound_ms * 1e6), len(LATENCY_BOUNDS_MS))
    for bound_ns in (*BOUNDS_NS, float("inf"))
]


def _tasks(kept: Kept) -> dict[str, Any]:
    """A2."""
    completed, failed = _of(kept["tasks"], "success"), _of(kept["tasks"], "error", "timeout")
    total = _count(completed) + _count(failed)
    both = _together([each for each in (completed, failed) if each])
    return {
        "total": total,
        "completed": _count(completed),
        "failed": _count(failed),
        "avg_seconds": both.value / 1e9 / total if both and total else None,
        "min_seconds": both.least / 1e9 if both and both.least is not None else None,
        "max_seconds": both.greatest / 1e9 if both and both.greatest is not None else None,
        "success_rate": _count(completed) / total if total else None,
        "last_updated": _instant(both.at_us) if both and both.at_us else None,
    }


def _resources(kept: Kept) -> dict[str, Any]:
    """A3."""
    memory, cpu, threads = (next(iter(kept[name]), None) for name in (f"{CREW}.memory_usage_bytes", "process_cpu", "process_threads"))
    newest = max((each.at_us for each in (memory, cpu, threads) if each), default=None)
    return {
        "memory_mb": memory.value / 1e6 if memory else None,
        "cpu_percent": cpu.value * 100 if cpu else None,
        "threads": int(threads.value) if threads else None,
        "timestamp": _instant(newest),
    }


def _system(kept: Kept) -> dict[str, Any]:
    """`system_metrics` of B4."""
    runs = kept["agents"]
    every = _tally(runs)
    hits, misses = (sum(int(each.value) for each in kept[f"{CREW}.cache_{what}_total"]) for what in ("hits", "misses"))
    memory, peak = (next(iter(kept[name]), None) for name in (f"{CREW}.memory_usage_bytes", "process_memory_peak"))
    first, last = (next(iter(kept[name]), None) for name in ("first_event", "last_event"))
    return {
        "start_time": _instant(first.value if first else None),
        "last_updated": _instant(last.value if last else None),
        "total_requests": every.count,
        "successful_requests": every.successes,
        "failed_requests": every.errors + every.timeouts,
        "total_execution_time": go_duration(every.sum_s),
        "average_request_time": go_duration(every.average_s),
        "memory_usage_mb": memory.value / 1e6 if memory else None,
        "max_memory_usage_mb": peak.value / 1e6 if peak else None,
        "cache_hits": hits,
        "cache_misses": misses,
        "cache_hit_rate": hits / (hits + misses) if hits + misses else None,
    }


def _agents(kept: Kept) -> dict[str, Any]:
    """`agent_metrics` of B4."""
    runs: dict[str, list[Series]] = defaultdict(list)
    tools: dict[str, dict[str, list[Series]]] = defaultdict(lambda: defaultdict(list))
    titles: dict[str, str] = {}
    for each in kept["agents"]:
        agent_id, title, _ = each.labels
        runs[agent_id].append(each)
        titles[agent_id] = title or titles.get(agent_id, "")
    for each in kept["tools"]:
        agent_id, tool, _ = each.labels
        tools[agent_id or DEFAULT_AGENT][tool].append(each)
    told = {}
    for agent_id in dict.fromkeys((*runs, *tools)):
        agent = AgentTally(titles.get(agent_id) or agent_id)
        agent.executions = _tally(runs.get(agent_id, ()))
        agent.tools = {name: _tally(uses) for name, uses in tools.get(agent_id, {}).items()}
        told[agent_id] = agent.metrics(agent_id)
    return told


def _tally(series: Iterable[Series]) -> ExecutionTally:
    """Executions of some series whose last label is how they ended."""
    tally = ExecutionTally()
    for each in series:
        match each.labels[-1]:
            case "success":
                tally.successes += each.count
            case "timeout":
                tally.timeouts += each.count
            case _:
                tally.errors += each.count
        tally.sum_s += each.value / 1e9
        if each.least is not None and each.greatest is not None:
            tally.shortest_s = min(tally.shortest_s, each.least / 1e9)
            tally.longest_s = max(tally.longest_s, each.greatest / 1e9)
    return tally


def _of(series: Sequence[Series], *statuses: str) -> Series | None:
    return _together([each for each in series if each.labels[-1] in statuses])


def _together(series: Sequence[Series]) -> Series | None:
    whole: Series | None = None
    for each in series:
        whole = added(whole, each)
    return whole


def _count(series: Series | None) -> int:
    return series.count if series else 0


def _instant(us: float | None) -> str | None:
    return None if us is None else instant(EPOCH + timedelta(microseconds=int(us)))
