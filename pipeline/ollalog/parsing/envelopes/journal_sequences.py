"""The journal as JSON for programs that read on (`journalctl -o json-seq`, `-o json-sse`): objects behind a mark of their own."""

from ollalog.parsing.envelope import by_pattern

ENVELOPE = by_pattern(
    "journal_sequences",
    -3,
    r'^(?:\x1e|data: )(?P<payload>\{.*"MESSAGE".*)$',
    ('\x1e{"__REALTIME_TIMESTAMP":"1795193213000000","MESSAGE":"…"}', 'data: {"__CURSOR":"s=0","MESSAGE":"…"}'),
)
