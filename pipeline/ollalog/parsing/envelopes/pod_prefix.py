"""`kubectl logs --prefix`: the pod and container in brackets."""

from ollalog.parsing.envelope import by_pattern

ENVELOPE = by_pattern("pod_prefix", 8, r"^\[pod/[^\]]+\] ?(?P<payload>.*)$", ("[pod/ollama-0/ollama] [GIN] 2026/11/20 - …",))
