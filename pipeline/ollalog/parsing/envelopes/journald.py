"""The journal as `journalctl` prints it: `Nov 20 16:46:53 host ollama[123]: …`, months in any language, or the tag alone."""

from ollalog.parsing.envelope import by_pattern

ENVELOPE = by_pattern(
    "journald",
    3,
    r"^(?:.{1,120}? )?(?:ollama|ollama-serve|ollama\.listener|ollama\.ollama)\[\d+\]: ?(?P<payload>.*)$",
    ("Dec 11 09:58:58 host01 ollama[1543654]: [GIN] 2024/12/11 - …", "8月 01 21:04:16 hosta ollama[5398]: …", "ollama[156]: …"),
)
