"""What runners print while a model is loaded and run: memory, layers, metadata, warnings. No times.

Most of it is chatter; layers offloaded to a GPU, memory that ran out and crashes are events.
"""

from __future__ import annotations

import polars as pl

from ollalog.parsing import messages, saying
from ollalog.parsing.format import Extract, Format

_SNAKE = r"[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_<>:~]*(?:\[[^\]]*\]|\([^)]*\))?"
_WORDS = (
    "load|init|decode|encode|cmn|spec|warming up|clip|mtmd|main|build|system info|sampling|common|graph|set|get|alloc|warmup|register"
    "|reserve|update|print|model|kv|ggml|rpc|vulkan|metal|cuda|hip|sycl|opencl|llama server listening|system_info|time|sched|tokenizer"
)
_OWNER = (
    rf"^(?:{_SNAKE} ?:|(?:{_WORDS})(?: +\w+)?: |{_SNAKE} +\w+: | *Device \d+: | *- \d+ \('|loading library |\[ *\d+/ *\d+\] "
    r"|[A-Z][a-z]+ \d+ ->|\t*\d+ -> |ggml_|cuBLAS|CUDA driver|ROCm|Metal|WARNING: |warning: |llm_load|llama\.cpp|BLAS |AVX |version: \d|built with |  - \w+ +: )"
)
_TELLING = ("offloaded ", "error", "ERROR", "failed", "emory", "MEMORY", "GGML_ASSERT")
_OFFLOADED = r"(offloaded \d+/\d+ layers to GPU)"


def extract(lines: pl.DataFrame) -> Extract:
    """Turn what matters of a runner's output into records of `server_events` without a time.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        Records with `line`, `byte_offset`, `stamp` and `saying.COLUMNS`; the rest as noise.
    """
    telling = lines.filter(pl.col("text").str.contains_any(list(_TELLING)))
    offloaded = telling.filter(pl.col("text").str.contains(_OFFLOADED))
    out_of_memory = telling.filter(
        pl.col("text").str.contains_any(list(messages.OUT_OF_MEMORY), ascii_case_insensitive=True)
        & ~pl.col("text").str.contains(_OFFLOADED)
    )
    crashed = telling.filter(pl.col("text").str.contains(messages.CRASH)).join(out_of_memory, on="line", how="anti")
    told = [
        _records(offloaded.with_columns(pl.col("text").str.extract(_OFFLOADED)), "INFO", None),
        _records(out_of_memory, "ERROR", "out_of_memory"),
        _records(crashed, "ERROR", "runner_crashed"),
    ]
    records = pl.concat(told).sort("line")
    chatter = lines.height - records.height
    templates = lines.filter(pl.col("text").str.contains("example_format: '", literal=True))["line"]
    return Extract(records=records, noise={"runner": chatter} if chatter else {}, opens=templates)


def _records(lines: pl.DataFrame, level: str, event: str | None) -> pl.DataFrame:
    return lines.select("line", "byte_offset", "stamp").hstack(saying.of_texts(lines["text"].str.head(2048), level, event))


FORMAT = Format(
    name="runner_text",
    rank=5,
    owns=lambda text: text.str.contains(_OWNER),
    extract=extract,
    examples=(
        "print_info: n_ctx_train           = 8192",
        "load_tensors: offloaded 33/33 layers to GPU",
        "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 577.22 MiB on device 0: cudaMalloc failed: out of memory",
    ),
)
