"""Lines that begin with a colour, as `docker compose logs` and other tools print them to a terminal; what is under the colour counts."""

import polars as pl

from ollalog.parsing.envelope import Envelope

_CONTROLS = r"\x1b\[[0-9;?]*[ -/]*[@-~]"

ENVELOPE = Envelope(
    name="coloured",
    rank=-1,
    owns=lambda text: text.str.contains(f"^{_CONTROLS}"),
    unwrap=lambda lines: lines.with_columns(pl.col("text").str.replace_all(_CONTROLS, "")),
    examples=("\x1b[36mollama-1  | \x1b[0m[GIN] 2026/11/20 - …",),
)
