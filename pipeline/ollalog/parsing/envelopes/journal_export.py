"""The journal's export format (`journalctl -o export`, and `-o verbose`): fields as KEY=value lines; the message is one of them.

A message with bytes that do not print stands on a line of its own behind its length, eight bytes of which most are NULs.
"""

from ollalog.parsing.envelope import by_pattern

ENVELOPE = by_pattern(
    "journal_export",
    12,
    r"^(?:(?: {4})?MESSAGE=|[^\x00]{1,3}\x00{5,7})(?P<payload>.*)$",
    ("MESSAGE=[GIN] 2026/11/20 - 16:46:53 | 200 | …", "    MESSAGE=[GIN] 2026/11/20 …"),
)
