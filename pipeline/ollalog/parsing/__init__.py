"""Turn lines into records: envelope, fold, route, extract, normalise."""

from ollalog.parsing.instants import Context
from ollalog.parsing.normalise import Settled, settle
from ollalog.parsing.pairing import provisional_pairs
from ollalog.parsing.parse import ParsedBatch, joined, parse
from ollalog.parsing.state import ParserState, all_waiting
from ollalog.parsing.undecided import undecided
from ollalog.parsing.zones import Zone, zone

__all__ = [
    "Context",
    "ParsedBatch",
    "ParserState",
    "Settled",
    "Zone",
    "all_waiting",
    "joined",
    "parse",
    "provisional_pairs",
    "settle",
    "undecided",
    "zone",
]
