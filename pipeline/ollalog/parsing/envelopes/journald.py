"""The journal as `journalctl` prints it: `Nov 20 16:46:53 host ollama[123]: …`, months in any language, or the tag alone."""

from ollalog.parsing.envelope import by_pattern

ENVELOPE = by_pattern(
    "journald",
    3,
    r"^(?:(?P<stamp>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:?\d\d) )?"
    r"(?:.{1,120}? )?(?:ollama|ollama-serve|ollama\.listener|ollama\.ollama)"
    r"\[\d+\]: ?(?P<payload>.*)$",
    (
        "Dec 11 09:58:58 host01 ollama[1543654]: [GIN] 2024/12/11 - …",
        "8月 01 21:04:16 hosta ollama[5398]: …",
        "2026-11-20T16:46:53+0000 host ollama[1]: …",
        "ollama[156]: …",
    ),
    stamp_format="%Y-%m-%dT%H:%M:%S%.f%#z",
)
