"""`docker logs -t` and other prefixes that are an RFC 3339 time and a blank."""

from ollalog.parsing.envelope import by_pattern

ENVELOPE = by_pattern(
    "docker_timestamps",
    5,
    r"^(?P<stamp>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)) (?P<payload>.*)$",
    ("2026-11-20T16:46:53.123456789Z [GIN] 2026/11/20 - …",),
    stamp_format="%Y-%m-%dT%H:%M:%S%.f%#z",
)
