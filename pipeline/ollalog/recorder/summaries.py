"""What was counted, in words and columns for people (A7)."""

from __future__ import annotations

from collections.abc import Mapping

from ollalog.recorder.durations import go_duration

_BAR = 30


def summary(document: Mapping[str, object], system: Mapping[str, object]) -> str:
    """All of it.

    Args:
        document: Of A4.
        system: `system_metrics` of B4.
    """
    models, tasks, resources = (_mapping(document[name]) for name in ("models", "tasks", "resources"))
    lines = [f"since {document['start_time']}"]
    lines += [_model_line(name, _mapping(numbers)) for name, numbers in models.items()] or ["no requests to models"]
    lines.append(
        f"tasks: {tasks['total']}, {tasks['failed']} failed, {_seconds(tasks['avg_seconds'])} on average"
        if tasks["total"]
        else "tasks: none"
    )
    if resources["timestamp"] is not None:
        memory, cpu = _decimal(resources["memory_mb"], "MB"), _decimal(resources["cpu_percent"], "%")
        lines.append(f"resources: {memory}, CPU {cpu}, {resources['threads']} threads")
    lines.append(
        f"agents: {system['total_requests']} executions, {system['failed_requests']} failed, {system['average_request_time']} on average"
    )
    hit_rate = system["cache_hit_rate"]
    lines.append(f"caches: {system['cache_hits']} hits, {system['cache_misses']} misses, {_percent(hit_rate)} hit rate")
    return "\n".join(lines)


def model_summary(model: str, numbers: Mapping[str, object] | None) -> str:
    """One model, in some lines."""
    if numbers is None:
        return f"{_printable(model)}: nothing was recorded"
    shortest, longest, mean = (_ms(numbers[f"{name}_latency_ms"]) for name in ("min", "max", "avg"))
    return "\n".join(
        (
            _printable(model),
            f"  requests    {numbers['total']}, {numbers['failed']} failed ({_decimal(numbers['error_rate_percent'], '%')})",
            f"  latency     {shortest} to {longest}, {mean} on average",
            f"  throughput  {_decimal(numbers['throughput_rps'], ' requests/s')}",
            f"  tokens      {numbers['tokens']}, {_decimal(numbers['avg_tokens_per_request'], ' a request')}",
        )
    )


def histogram_summary(counted: Mapping[str, object]) -> str:
    """A latency histogram, one bucket a line."""
    buckets = counted["buckets"]
    lines = [_bucket_line(bucket) for bucket in buckets] if isinstance(buckets, list) else []
    return "\n".join([*lines, f"{counted['total']} requests, {_ms(counted['min_ms'])} to {_ms(counted['max_ms'])}"])


def _bucket_line(bucket: Mapping[str, object]) -> str:
    bound, percent = bucket["le_ms"], bucket["percent"]
    title = "above" if bound is None else f"up to {_ms(bound)}"
    share = percent if isinstance(percent, float) else 0.0
    return f"{title:>12}  {bucket['count']:>8}  {share:5.1f}%  {'#' * round(share / 100 * _BAR)}".rstrip()


def _model_line(name: str, numbers: Mapping[str, object]) -> str:
    return (
        f"{_printable(name)}: {numbers['total']} requests, {_decimal(numbers['error_rate_percent'], '%')} failed, "
        f"{_ms(numbers['avg_latency_ms'])} on average, {numbers['tokens']} tokens"
    )


def _printable(name: str) -> str:
    """A name without what could steer a terminal."""
    return "".join(character if character.isprintable() else "�" for character in name)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _decimal(value: object, unit: str) -> str:
    return f"{value:.1f}{unit}" if isinstance(value, float | int) else "-"


def _percent(ratio: object) -> str:
    return f"{ratio:.1%}" if isinstance(ratio, float) else "no"


def _seconds(value: object) -> str:
    return go_duration(round(value, 3)) if isinstance(value, float | int) else "-"


def _ms(value: object) -> str:
    return go_duration(round(value / 1e3, 4)) if isinstance(value, float | int) else "-"
