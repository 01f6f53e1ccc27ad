"""Crash dumps: panics, fatal signals, goroutine traces and registers. The first line is the event, the rest belongs to it."""

from __future__ import annotations

import polars as pl

from ollalog.parsing import messages, saying
from ollalog.parsing.format import Extract, Format
from ollalog.parsing.patterns import ascii_only

_HEAD = ascii_only(
    r"^(?:panic: |fatal error: |SIG[A-Z]{2,5}: |unexpected fault address|runtime: |\[signal "
    r"|CUDA error|ROCm error|HIP error|rocBLAS error|GGML_ASSERT"
    r"|[ -~]*GGML_ASSERT\(|terminate called|Segmentation fault|exception |Exception |rocblaslt error|SYCL error|libc\+\+abi: "
    r"|Illegal instruction|Memory access fault by GPU |HW Exception by GPU |Abort was called at |runtime/cgo: "
    r"|\*\*\* \w+ \w+ detected \*\*\*"
    r"|(?:malloc|free|realloc|munmap_chunk)\(\): |double free or corruption|corrupted (?:size|double)"
    r"|[!-~]+\.(?:c|cpp|cu|cuh|h|hpp|m|mm):\d+: "
    r"|[!-~]+: (?:error while loading shared libraries|symbol lookup error): |[!-~]+: [!-~]+: version `[!-~]+' not found )"
)
_REST = ascii_only(
    r"^(?:goroutine \d+ |created by |\t\S+:\d+|r[a-z0-9]{1,2} +0x|rflags +0x|[cdefgs]s +0x|PC=0x|\s*.*\.go:\d+ \+0x"
    r"|[\w./*()-]+\(.*\)$|\s+(?:/|\.\./)?\S+\.(?:c|cc|cpp|cu|h|hpp):\d+|#\d+ +"
    r"|\S+(?:\([^)]*\+0x[0-9a-f]+\) ?)?\[0x| List of available TensileLibrary |\"\S+/TensileLibrary_"
    r"|\[New LWP|\[Thread debugging|\[Inferior|__|"
    r"(?:  )?current device: |Error #\d\d: | {5}Meta: |warning: process|ptrace: |\x1b\[0m)"
)
# the abort behind an error of a GPU's library, which has a line of its own
_MIDDLE_OF_DUMP = r"^(?:runtime: |\[signal |PC=|exception |[!-~]+\.cuh?:[0-9]+: [A-Za-z]+ error$)"


def extract(lines: pl.DataFrame) -> Extract:
    """Tell the first line of a crash dump from the others, which belong to it.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        `said` by SAID_SCHEMA, without times; every line opens a continuation.
    """
    text = pl.col("text")
    heads = lines.filter(text.str.contains(_HEAD) & ~text.str.contains(_MIDDLE_OF_DUMP))
    is_short_of_memory = text.str.contains(messages.OUT_OF_MEMORY)
    said = [
        saying.of_texts(heads.filter(~is_short_of_memory), "ERROR", "runner_crashed"),
        saying.of_texts(heads.filter(is_short_of_memory), "ERROR", "out_of_memory"),
    ]
    return Extract(said=pl.concat(said), folded=lines.height - heads.height, opens=lines["line"])


FORMAT = Format(
    name="go_panic",
    rank=8,
    owns=lambda text: text.str.contains(f"{_HEAD}|{_REST}"),
    extract=extract,
    examples=("panic: runtime error: index out of range [3] with length 3", "goroutine 1 gp=0xc000002380 m=nil [IO wait]:", "rax    0x0"),
)
