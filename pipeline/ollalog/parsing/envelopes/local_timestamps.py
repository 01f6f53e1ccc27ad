"""Prefixes that are a time of another kind, as `ts`, pm2, wrappers of services and llama.cpp itself write it: nothing that is needed."""

from ollalog.parsing.envelope import by_pattern

ENVELOPE = by_pattern(
    "local_timestamps",
    11,
    r"^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|@[0-9a-f]{24}|\d+\.\d\d\.\d{3}\.\d{3} [A-Z])(?::| -| \||) (?P<payload>.*)$",
    ("Nov 20 16:46:53 [GIN] 2026/11/20 - …", "2026-11-20 16:46:53,123 - [GIN] …", "2026-11-20T16:46:53: [GIN] …"),
)
