"""Text lines of the C++ runner of Ollama 0.1.35 to 0.3: `INFO [main] build info | build=1 tid="139" timestamp=1720210000`.

Source: ext_server.cpp; timings are printed only with OLLAMA_DEBUG.
"""

from __future__ import annotations

from ollalog.parsing.format import Format
from ollalog.parsing.formats.cpp_runner import timings
from ollalog.parsing.patterns import ascii_only

_OWNER = ascii_only(
    r"^(?:(?:INFO|DEBUG|WARN|ERR|ERROR|VERB) +\[ *[A-Za-z_0-9]+\] .*(?:\| |tid=)|\[\d{10}\] |.* timestamp=\d{10}$"
    r"|(?:llama server|HTTP server) listening|slot \d+ (?:: |is |released)|updating slots|all slots are idle)"
)

FORMAT = Format(
    name="cpp_runner_text",
    rank=9,
    owns=lambda text: text.str.contains(_OWNER),
    extract=timings,
    examples=('INFO [main] build info | build=1 commit="7c26775" tid="139" timestamp=1720210000',),
)
