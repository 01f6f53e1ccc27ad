"""What the server's messages mean: text of a message -> event of table `server_events`.

Source: OLLAMA's Go source by message text (line numbers change with every release, texts rarely).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

OUT_OF_MEMORY = (
    r"(?i)out of memory|out of device memory|cudamalloc failed|hipmalloc failed|failed to allocate|allocation failed|not enough memory"
    r"|insufficient memory|unable to allocate|more system memory|vk_error_out_of_device_memory|erroroutofmemory|erroroutofdevicememory"
)
CRASH = (
    r"^(?:panic:|fatal error:|CUDA error|ROCm error|HIP error|rocBLAS error|GGML_ASSERT|.*GGML_ASSERT\(|SIG[A-Z]{2,5}: |Segmentation fault)"
)
ALSO_AT_DEBUG = ("detected GPUs", "amdgpu is supported")
"""At INFO up to 0.1.34; later servers say so at DEBUG, and then what they found at INFO."""


@dataclass(frozen=True)
class Message:
    """One kind of message: the event's name and the pattern of its text.

    Named groups of the pattern: `seconds` gives the duration; every other one is an attribute.
    """

    event: str
    pattern: re.Pattern[str]


def _message(event: str, pattern: str) -> Message:
    return Message(event, re.compile(pattern))


MESSAGES = (
    _message("server_config", r"^server config$"),
    # the first servers do not tell their version
    _message(
        "server_started",
        r"^Listening on (?=.*(?:\)|:[0-9]+)$)(?P<address>.+?)(?: \(version (?P<version>[^)]*)\))?$",
    ),
    _message(
        "gpu_found",
        r"^inference compute$|^detected GPUs$|^(?:Nvidia|Radeon) GPU detected(?: via [a-z-]+)?$"
        r"|^amdgpu (?:\[[0-9]+\] (?P<compute>gfx[0-9a-f]+) )?is supported$",
    ),
    _message(
        "gpu_missing",
        r"^(?:no compatible GPUs were discovered|no GPU detected.*|entering low vram mode|GPU not available, falling back to CPU"
        r"|CPU does not have (?:AVX or AVX2|minimum vector extensions), .*|.*CUDA GPU is too old\. Falling back to CPU mode\..*"
        r"|all detected amdgpus are skipped, falling back to CPU|(?:Warning: GPU|warning: gpu) support may not .*)$",
    ),
    _message(
        "model_load_started",
        r"^starting (?:llama-server|llama server|llama runner|runner|mlx runner subprocess|(?:ollama-mlx )?image runner subprocess)$"
        r"|^Initializing (?:internal )?llama server$",
    ),
    _message(
        "model_loaded",
        r"^(?:llama-server|llama runner) started in (?P<seconds>[0-9]{1,9}(?:\.[0-9]+)?) seconds$|^(?:mlx|image) runner is ready$"
        r"|^Starting (?:internal )?llama main loop$|^model loaded$",
    ),
    _message("model_named", r"^template selection$"),
    _message("runners_counted", r"^loaded runners$"),
    _message(
        "model_evicted",
        r"^(?:llama-server model predicted to exceed available memory, evicting"
        r"|model requires more (?:gpu |system )?memory than is currently available, evicting.*)$",
    ),
    _message("model_load_retried", r"^llama-server (?:load|startup) failed.* retrying .*$|^model layout did not fit, applying backoff$"),
    _message("out_of_memory", r"^(?:runtime OOM detected.*|model request too large for system|model is too large for system memory)$"),
    _message(
        "model_load_failed",
        r"^(?:Load failed|failed to create server|error loading llama server|NewLlamaServer failed|failed to load model metadata"
        r"|couldn't open model file|error reading tensor|unable to load (?:model|any llama server)"
        r"|error starting (?:the external )?llama (?:runner|server)(?:: .*)?)$",
    ),
    _message(
        "runner_crashed",
        r"^(?:llama-server terminated|llama runner terminated|(?:llama-server|llama runner) process no longer running|post predict"
        r"|mlx subprocess has exited unexpectedly|llama runner (?:exited|stopped) with error: .*|server crash \d+ .*)$",
    ),
    _message("runner_stopped", r"^(?:llama runner stopped successfully|stopping (?:mlx|image) runner subprocess)$"),
    _message("prompt_truncated", r"^(?:truncating input prompt|input truncated)$"),
    _message("context_reduced", r"^requested context (?:size too large for model|length is greater than .*)$"),
    _message(
        "request_aborted",
        r"^aborting (?:completion|chat|embeddings?) request due to client closing the connection$"
        r"|^client connection closed before (?:llama-)?server finished loading, aborting load$",
    ),
    _message("vram_not_recovered", r"^gpu VRAM usage didn't recover within timeout$"),
    _message("layers_offloaded", r"^offloaded (?P<offloaded>[0-9]{1,9})/(?P<layers>[0-9]{1,9}) layers to GPU$"),
    _message("model_download_started", r"^downloading (?P<blob>[0-9a-f]+) in .*$"),
    _message("server_start_failed", r"^(?:Error: )?listen tcp .*bind: .*$"),
)
NORMAL_STOP = r"signal: killed.*exit=unknown|exit=unknown.*signal: killed"


@lru_cache(maxsize=16_384)
def event_of(message: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The event that a message tells by its text alone, and the named groups of its pattern; ("other", ()) for any other.

    Servers say the same few hundred things again and again, which is why the answers are kept.
    """
    for known in MESSAGES:
        found = known.pattern.match(message)
        if found:
            return known.event, tuple((name, text) for name, text in found.groupdict().items() if text is not None)
    return "other", ()
