"""The journal and syslog under other tags: the unit's name, that of a container, or what runs containers; or without a process.

A container without a name has the first digits of its digest as its tag.
"""

from ollalog.parsing.envelope import by_pattern

_OURS = r"[\w.@-]*ollama[\w.@-]*"
_RUNS_CONTAINERS = r"[0-9a-f]{12}(?:[0-9a-f]{52})?|conmon|podman|dockerd|docker|docker-compose|containerd"
_DATED = r"(?:\S* ?\S+ \d\d?|\d{4}-\d\d-\d\d)[ T]\d\d:\d\d:\d\d\S* (?:\S+ ){0,8}?"

ENVELOPE = by_pattern(
    "journal_tags",
    9,
    rf"^(?:(?:.{{1,120}}? )?(?:{_OURS}|{_RUNS_CONTAINERS})\[\d+\]|{_DATED}{_OURS}): ?(?P<payload>.*)$",
    (
        "Fri 2026-11-20 16:46:53 UTC host ollama.service[1]: …",
        "Nov 20 16:46:53 host 3fa4c1d2e5b6[987]: …",
        "Nov 20 16:46:53 host ollama: …",
    ),
)
