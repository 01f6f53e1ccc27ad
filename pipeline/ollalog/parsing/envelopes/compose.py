"""`docker compose logs` and the like: the name of a service or process, padded, and a bar. The name says nothing that the payload needs."""

from ollalog.parsing.envelope import by_pattern

ENVELOPE = by_pattern(
    "compose",
    6,
    r"^(?:\d\d:\d\d:\d\d |\d+\|)?[A-Za-z0-9][\w.@-]* +\| ?(?P<payload>.*)$",
    ("ollama-1  | [GIN] 2026/11/20 - …", "nutrition-ollama  |", "ollama_ollama.1.k3j4h5@node1    | [GIN] …", "0|ollama   | [GIN] …"),
)
