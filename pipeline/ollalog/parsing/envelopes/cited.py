"""Any line of a log pasted as a quotation: `> …`."""

from ollalog.parsing.envelope import by_pattern

ENVELOPE = by_pattern("cited", 14, r"^> ?(?P<payload>[^>].*|)$", ("> load: special tokens cache size = 3", ">"))
