"""The metric families that are exported, and which kept series each is made of.

Families of recorded events are the recorder's, in each namespace that is asked for. The others are the server's: names of Ollama's
own pending /metrics work (its pull request 16998), of OpenTelemetry's conventions for generative AI and for hardware, with dots as
underscores and units as suffixes, and what only the log tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ollalog.core.series import CREW, KEPT, RECORDED
from ollalog.recorder.families import CREW_FAMILIES, CREW_NAMESPACE, FAMILIES, Kind

SERVER_NAMESPACE = "ollama"
"""In this namespace stand the families of the server, too."""

Takes = Literal["value", "count", "level"]
NS, MILLI = 1e-9, 1e-3


@dataclass(frozen=True)
class Exported:
    """One family as it is exported.

    `series`: the kept family it is made of; `labels`: exported label and kept one, those left out are added up; `constants`: labels
    that are the same everywhere; `takes`: the value (a histogram's sum), the count of observations, or a level that is never below 0;
    `scale`: from the kept unit to the exported one; `is_lasting`: whether a gauge holds until another value is told.
    """

    name: str
    kind: Kind
    help: str
    series: str
    labels: tuple[tuple[str, str], ...] = ()
    constants: tuple[tuple[str, str], ...] = ()
    takes: Takes = "value"
    scale: float = 1.0
    is_lasting: bool = True


def families(namespaces: Sequence[str]) -> Iterator[Exported]:
    """All families of some namespaces, in order: `crew`, `ollama`, or any other prefix for what programs recorded."""
    for namespace in dict.fromkeys(namespaces):
        is_crew = namespace == CREW_NAMESPACE
        prefix, known = (CREW, CREW_FAMILIES) if is_crew else (RECORDED, FAMILIES)
        for family in known:
            kept = KEPT[f"{prefix}.{family.name}"]
            takes: Takes = "level" if kept.signed else "value"
            scale = NS if family.kind == "histogram" else 1.0
            labels = () if family.name == "system_info" else tuple((label, label) for label in family.labels)
            yield Exported(f"{namespace}_{family.name}", family.kind, family.help, kept.name, labels, takes=takes, scale=scale)
        if namespace == SERVER_NAMESPACE:
            yield from SERVER_FAMILIES


def _same(*labels: str) -> tuple[tuple[str, str], ...]:
    return tuple((label, label) for label in labels)


_RUN = _same("host", "model", "operation", "origin")
_GEN_AI = (
    ("gen_ai_operation_name", "operation"),
    ("gen_ai_request_model", "model"),
    ("server_address", "host"),
)
_PROVIDER = ("gen_ai_provider_name", "ollama")
_FAILED = (*_GEN_AI, ("error_type", "error_type"), ("origin", "origin"))
_ORIGIN = (*_GEN_AI, ("origin", "origin"))


def _histogram(name: str, help_text: str, series: str, labels: tuple[tuple[str, str], ...], *constants: tuple[str, str]) -> Exported:
    scale = 1.0 if series in {"run_prompt_tokens", "run_generated_tokens"} else NS
    return Exported(name, "histogram", help_text, series, labels, constants, scale=scale)


def _counter(name: str, help_text: str, series: str, labels: tuple[tuple[str, str], ...], scale: float = 1.0) -> Exported:
    return Exported(name, "counter", help_text, series, labels, scale=scale)


def _now(name: str, help_text: str, series: str, labels: tuple[tuple[str, str], ...] = _same("host")) -> Exported:
    return Exported(name, "gauge", help_text, series, labels, is_lasting=False)


_HTTP = (("host", "host"), ("method", "method"), ("path", "route"), ("status", "status"), ("model", "model"))
_GPU = _same("host", "gpu")
SERVER_FAMILIES = (
    Exported("http_requests_total", "counter", "Requests in the server's log; a request that waits for its run is counted after a minute"
             " at most, with an empty model where none is known.", "requests", _HTTP, takes="count"),
    _histogram("http_request_duration_seconds", "Time from a request to the end of its reply, by the server's log.", "requests",
               _same("host", "operation")),
    _counter("ollama_runs_total", "Runs of a model, by who tells of them; error_type is empty for what went well.", "runs",
             (*_RUN, ("error_type", "error_type"))),
    _histogram("ollama_total_duration_seconds", "Whole duration of a run.", "run_total", _RUN),
    _histogram("ollama_load_duration_seconds", "Scheduling and loading of the model before a run.", "run_load", _RUN),
    _counter("ollama_prompt_eval_total", "Tokens of prompts.", "run_prompt_tokens", _RUN),
    _histogram("ollama_prompt_eval_duration_seconds", "Evaluation of the prompt of a run.", "run_prompt_eval", _RUN),
    _counter("ollama_eval_total", "Tokens generated.", "run_generated_tokens", _RUN),
    _histogram("ollama_eval_duration_seconds", "Generation of a run.", "run_eval", _RUN),
    _counter("ollama_prompt_cached_total", "Tokens of prompts that were found in the cache.", "run_cached_tokens", _RUN),
    _counter("ollama_runs_truncated_total", "Runs whose context overflowed.", "run_truncations", _RUN),
    _counter("ollama_server_events_total", "Things that the server's log told, by kind.", "server_events", _same("host", "event")),
    _histogram("ollama_server_load_duration_seconds", "Time that the server took to load a model.", "server_loads", _same("host", "model")),
    _counter("ollama_log_rejects_total", "Lines of logs that could not be used.", "rejects", _same("host", "format")),
    Exported("ollama_build_info", "gauge", "Version of Ollama that a host runs; the value is always 1.", "server_version",
             _same("host", "version")),
    Exported("ollama_requests_queued", "gauge", "Requests that waited for a slot or a load when the newest that has ended came, or 0 when"
             " nothing was left to run: a request is logged when it ends.", "requests_queued", _same("host")),
    Exported("ollama_runs_active", "gauge", "Runs that have begun and not ended, by the last line of the log that was read.", "runs_begun",
             _same("host")),
    Exported("ollama_queue_capacity", "gauge", "OLLAMA_MAX_QUEUE as the server printed it.", "server_max_queue", _same("host")),
    _histogram("gen_ai_client_operation_duration_seconds", "Duration of an operation, as the client measured it.", "run_total", _FAILED,
               _PROVIDER),
    _histogram("gen_ai_server_request_duration_seconds", "Duration of a request, as the server tells it.", "run_total", _FAILED, _PROVIDER),
    _histogram("gen_ai_server_time_per_output_token_seconds", "Time per generated token of a run.", "run_per_token", _ORIGIN, _PROVIDER),
    _histogram("gen_ai_server_time_to_first_token_seconds", "Loading and evaluation of the prompt of a run.", "run_first_token", _ORIGIN,
               _PROVIDER),
    _histogram("gen_ai_client_token_usage", "Tokens used.", "run_prompt_tokens", _ORIGIN, _PROVIDER, ("gen_ai_token_type", "input")),
    _histogram("gen_ai_client_token_usage", "Tokens used.", "run_generated_tokens", _ORIGIN, _PROVIDER, ("gen_ai_token_type", "output")),
    _now("ollama_up", "Whether Ollama answered when it was last asked.", "host.is_available"),
    _now("ollama_models_loaded", "Models in memory.", "host.models_loaded"),
    _now("ollama_models_available", "Models that Ollama has.", "host.models_total"),
    _now("ollama_models_memory_bytes", "Memory of the models that are loaded.", "host.model_memory_bytes"),
    Exported("ollama_peak_memory_bytes", "gauge", "Most memory that loaded models took.", "host.model_memory_peak", _same("host")),
    _now("ollama_host_cpu_ratio", "Use of all cores of the host, 0 to 1.", "host.cpu_ratio"),
    _now("ollama_host_memory_used_bytes", "Memory in use.", "host.memory_bytes"),
    _now("ollama_host_memory_ratio", "Share of the memory in use, 0 to 1.", "host.memory_ratio"),
    _now("ollama_host_memory_available_bytes", "Memory that can be had without swapping.", "host.memory_available_bytes"),
    _now("ollama_host_disk_ratio", "Share of the disk of the store in use, 0 to 1.", "host.disk_ratio"),
    _now("ollama_host_connections", "Connections to the port of Ollama.", "host.connections"),
    _counter("ollama_host_disk_read_bytes_total", "Read from disks while it was sampled.", "host.disk_read_bytes", _same("host")),
    _counter("ollama_host_disk_written_bytes_total", "Written to disks while it was sampled.", "host.disk_write_bytes", _same("host")),
    _counter("ollama_host_network_bytes_total", "Received and sent while the host was sampled.", "host.network_bytes", _same("host")),
    _now("hw_gpu_utilization_ratio", "Use of a GPU, 0 to 1.", "gpu.gpu_ratio", _GPU),
    _now("hw_gpu_memory_usage_bytes", "GPU memory in use.", "gpu.gpu_memory_bytes", _GPU),
    _now("hw_gpu_memory_limit_bytes", "GPU memory that there is.", "gpu.gpu_memory_total_bytes", _GPU),
    _now("hw_gpu_power_draw_watts", "Power that a GPU draws.", "gpu.gpu_power_w", _GPU),
    _now("hw_gpu_temperature_celsius", "Temperature of a GPU.", "gpu.gpu_temperature_c", _GPU),
    _counter("hw_gpu_energy_consumed_joules_total", "Energy of a GPU while it was sampled.", "gpu.energy_mj", _GPU, MILLI),
)  # fmt: skip
"""Families of the server, of runs and of hosts."""

CLIENT_ORIGINS = ("performance_jsonl",)
ORIGINS = {
    "gen_ai_client_operation_duration_seconds": CLIENT_ORIGINS,
    "gen_ai_server_request_duration_seconds": ("server_log", "api_response"),
}
"""Families that only some origins of a run belong to: who measured it."""

GEN_AI_OPERATIONS = {"generate": "text_completion", "embed": "embeddings"}
"""Operations as OpenTelemetry calls them; others keep their name."""
