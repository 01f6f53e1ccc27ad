"""Kubernetes' container runtime interface: `2026-11-20T16:46:53.123456789Z stdout F …` (F: full, P: part of a line)."""

from ollalog.parsing.envelope import by_pattern

ENVELOPE = by_pattern(
    "cri",
    4,
    r"^(?P<stamp>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) (?:stdout|stderr) [FP] ?(?P<payload>.*)$",
    ("2026-11-20T16:46:53.123456789Z stdout F [GIN] 2026/11/20 - …",),
    stamp_format="%Y-%m-%dT%H:%M:%S%.f%:z",
    part_pattern=r"^\S+ (?:stdout|stderr) P",
)
