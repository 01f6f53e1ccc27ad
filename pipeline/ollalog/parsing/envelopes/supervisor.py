"""Supervisors that put a time and the stream in brackets: `[2024-12-05 04:25:01] [stderr] …`."""

from ollalog.parsing.envelope import by_pattern

ENVELOPE = by_pattern(
    "supervisor",
    7,
    r"^\[\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[^\]]*\] (?:\[(?:stdout|stderr)\] ?)?(?P<payload>.*)$",
    ("[2024-12-05 04:25:01] [stderr] time=2024-12-05T04:25:01.123Z level=INFO …",),
)
