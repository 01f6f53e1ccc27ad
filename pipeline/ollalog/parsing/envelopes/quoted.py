"""Lines behind other text: a log pasted into Markdown, and anything before what only a server's line begins with."""

from ollalog.parsing.envelope import by_pattern

_BEGINS = (
    r"time=\d{4}-\d\d-\d\dT|\[GIN\] \d{4}/|slot +\S+: id +\d+ \| task |srv +\w+: |\{\"function\":\"|llama_model_loader: |load_tensors: "
    r"|print_info: "
)

ENVELOPE = by_pattern(
    "quoted",
    13,
    rf"^(?:> ?|`+|.{{1,200}}?)(?P<payload>(?:{_BEGINS}).*)$",
    (
        "> [GIN] 2025/03/17 - 07:09:31 | 200 | …",
        "gpu0: time=2025-03-17T07:09:31.565Z level=INFO …",
        "ollama-0 ollama slot print_timing: id  0 | task 0 | …",
    ),
)
