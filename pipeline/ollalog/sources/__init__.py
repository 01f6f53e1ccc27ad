"""Find logs, tell them apart, and read whole lines with their byte offsets."""

from ollalog.sources.collect import plan
from ollalog.sources.item import Plan, PlanItem, ReadResult
from ollalog.sources.lines_at import lines_at
from ollalog.sources.reader import blocks
from ollalog.sources.text import cut

__all__ = ["Plan", "PlanItem", "ReadResult", "blocks", "cut", "lines_at", "plan"]
