"""`fly logs` of Fly.io: machine, region and level, behind a time that other envelopes know."""

from ollalog.parsing.envelope import by_pattern

ENVELOPE = by_pattern(
    "fly",
    17,
    r"^app\[[0-9a-z]+\] [a-z]{3} ?\[[a-z]+\] ?(?P<payload>.*)$",
    ("app[3fa4c1d2e5b6] iad [info]ggml_cuda_init: found 1 CUDA devices:",),
)
