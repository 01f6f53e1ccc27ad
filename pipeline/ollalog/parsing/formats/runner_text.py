"""What runners print while a model is loaded and run: memory, layers, metadata, warnings. No times.

Most of it is chatter; layers offloaded to a GPU, memory that ran out and crashes are events.
"""

from __future__ import annotations

import polars as pl

from ollalog.parsing import messages, saying
from ollalog.parsing.format import Extract, Format
from ollalog.parsing.patterns import ascii_only

_SNAKE = r"[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_<>:~]*(?:\[[^\]]*\]|\([^)]*\))?"
_WORDS = (
    "load|init|decode|encode|cmn|spec|warming up|clip|mtmd|main|build|system info|sampling|common|graph|set|get|alloc|warmup|register"
    "|reserve|update|print|model|kv|ggml|rpc|vulkan|metal|cuda|hip|sycl|opencl|system_info|time|sched|tokenizer|error"
)
_OWNER = ascii_only(
    rf"^(?:{_SNAKE} ?:|(?:{_WORDS})(?: +\w+)?: |{_SNAKE} +\w+: | *Device \d+: | *- \d+ \('|loading library |\[ *\d+/ *\d+\] "
    r"|[A-Z][a-z]+ \d+ ->|\t*\d+ -> |ggml_|cuBLAS|CUDA driver|ROCm|Metal|WARNING: |warning: |llm_load|llama\.cpp|BLAS |AVX "
    r"|version: \d|built with |  - \w+ +: |~\w+: |key \S+ not found|error loading |cuda driver library|nvml |NVML |"
    r"draft acceptance rate = |statistics \w+: "
    r"|Available devices:|  \(none\)$|  [A-Z][A-Za-z]+\d*: .* MiB, .* MiB free\)$|(?:en|de)coding image |image (?:slice )?(?:en|de)coded )"
)
_TELLING = (
    "offloaded |example_format: '|GGML_ASSERT|CUDA error|ROCm error|HIP error|rocBLAS error|error loading model"
    "|ut of memory|ut of device memory|Malloc failed|failed to alloc|allocation failed|enough memory|nsufficient memory"
    "|OUT_OF_DEVICE_MEMORY|ErrorOutOfMemory|ErrorOutOfDeviceMemory|OUT OF MEMORY|OUT_OF_MEMORY|rror_out_of_device"
)
_ERRORS = ("out_of_memory", "model_load_failed", "runner_crashed")
_OFFLOADED = r"(offloaded [0-9]+/[0-9]+ layers to GPU)"


def extract(lines: pl.DataFrame) -> Extract:
    """Pick what matters of a runner's output.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        `said` by SAID_SCHEMA, without times; the rest as noise; the chat template's example and a crash open a continuation.
    """
    text = pl.col("text")
    telling = lines.filter(text.str.contains(_TELLING))
    kind = (
        pl.when(text.str.contains(_OFFLOADED)).then(pl.lit("layers_offloaded"))
        .when(text.str.contains(messages.OUT_OF_MEMORY)).then(pl.lit("out_of_memory"))
        .when(text.str.contains("error loading model", literal=True)).then(pl.lit("model_load_failed"))
        .when(text.str.contains(messages.CRASH)).then(pl.lit("runner_crashed"))
        .when(text.str.contains("example_format: '", literal=True)).then(pl.lit("template"))
    )  # fmt: skip
    told = telling.with_columns(kind.alias("kind")).filter(pl.col("kind").is_not_null())
    said = [saying.of_texts(_of(told, "layers_offloaded").with_columns(text.str.extract(_OFFLOADED)), "INFO")]
    said += [saying.of_texts(_of(told, name), "ERROR", name) for name in _ERRORS if (told["kind"] == name).any()]
    opens = told.filter(pl.col("kind").is_in(["template", "runner_crashed", "model_load_failed"]))["line"]
    chatter = lines.height - sum(frame.height for frame in said)
    return Extract(said=pl.concat(said), noise={"runner": chatter} if chatter else {}, opens=opens)


def _of(told: pl.DataFrame, kind: str) -> pl.DataFrame:
    return told.filter(pl.col("kind") == kind)


FORMAT = Format(
    name="runner_text",
    rank=7,
    owns=lambda text: text.str.contains(_OWNER),
    extract=extract,
    examples=(
        "print_info: n_ctx_train           = 8192",
        "load_tensors: offloaded 33/33 layers to GPU",
        "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 577.22 MiB on device 0: cudaMalloc failed: out of memory",
    ),
)
