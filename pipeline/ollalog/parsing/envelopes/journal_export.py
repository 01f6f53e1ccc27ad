"""The journal's export format (`journalctl -o export`): fields as KEY=value lines; the message is one of them."""

from ollalog.parsing.envelope import by_pattern

ENVELOPE = by_pattern("journal_export", 2, r"^MESSAGE=(?P<payload>.*)$", ("MESSAGE=[GIN] 2026/11/20 - 16:46:53 | 200 | …",))
