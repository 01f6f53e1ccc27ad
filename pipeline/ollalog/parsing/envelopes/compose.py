"""`docker compose logs`: the service's name, padded, and a bar. The name says nothing that the payload needs."""

from ollalog.parsing.envelope import by_pattern

ENVELOPE = by_pattern(
    "compose", 6, r"^[A-Za-z0-9][\w.-]* +\| ?(?P<payload>.*)$", ("ollama-1  | [GIN] 2026/11/20 - …", "nutrition-ollama  |")
)
