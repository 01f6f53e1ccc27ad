"""Lines as Loki's `logcli` prints them: the labels of the stream in braces, behind a time."""

from dataclasses import replace

from ollalog.parsing.envelope import by_pattern

# it begins with a brace, as objects of JSON do
ENVELOPE = replace(
    by_pattern(
        "loki_labels",
        16,
        r'^\{[a-z_]+="[^"}]*"(?:, ?[a-z_]+="[^"}]*")*\} (?P<payload>.*)$',
        ('{app="ollama", stream="stderr"} ggml_cuda_init: found 1 CUDA devices:',),
    ),
    is_json=True,
)
