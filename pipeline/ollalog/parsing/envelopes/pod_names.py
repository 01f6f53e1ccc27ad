"""`stern`, k9s and the like: the names of pod and container in front, in brackets or bare; one of them has "ollama" in it."""

from ollalog.parsing.envelope import by_pattern

_NAME = r"[a-z0-9][a-z0-9.-]*"
_OURS = r"[a-z0-9.-]*ollama[a-z0-9.-]*"
_NAMES = rf"(?:{_OURS} {_NAME}|{_NAME} {_OURS})"

ENVELOPE = by_pattern(
    "pod_names",
    15,
    rf"^(?:\[{_NAMES}\]|{_NAMES}) (?P<payload>.*)$",
    ("ollama-0 server llm_load_print_meta: n_ctx_train      = 8192", "[ollama-0 ollama] ggml_cuda_init: found 1 CUDA devices:"),
)
