"""Turn lines into records: envelope, fold, route, extract, normalise."""

from ollalog.parsing.instants import Context
from ollalog.parsing.normalise import Settled, settle
from ollalog.parsing.pairing import provisional_pairs
from ollalog.parsing.parse import ParsedBatch, joined, parse
from ollalog.parsing.state import ParserState
from ollalog.parsing.undecided import undecided
from ollalog.parsing.zones import Zone, zone

__all__ = [
    "Context",
    "ParsedBatch",
    "ParserState",
    "Settled",
    "Zone",
    "joined",
    "parse",
    "provisional_pairs",
    "settle",
    "undecided",
    "zone",
]
