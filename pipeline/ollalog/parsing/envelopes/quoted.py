"""Lines pasted into Markdown or behind other text: `> …`, and anything before a slog line's time."""

from ollalog.parsing.envelope import by_pattern

ENVELOPE = by_pattern(
    "quoted",
    9,
    r"^(?:> ?|`+|.{1,200}?)(?P<payload>(?:time=\d{4}-\d\d-\d\dT|\[GIN\] \d{4}/).*)$",
    ("> [GIN] 2025/03/17 - 07:09:31 | 200 | …", "gpu0: time=2025-03-17T07:09:31.565Z level=INFO …"),
)
