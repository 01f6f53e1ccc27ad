"""The journal's export format (`journalctl -o export`, and `-o verbose`): fields as KEY=value lines; the message is one of them."""

from ollalog.parsing.envelope import by_pattern

ENVELOPE = by_pattern(
    "journal_export",
    2,
    r"^(?: {4})?MESSAGE=(?P<payload>.*)$",
    ("MESSAGE=[GIN] 2026/11/20 - 16:46:53 | 200 | …", "    MESSAGE=[GIN] 2026/11/20 …"),
)
