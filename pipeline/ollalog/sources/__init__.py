"""Find logs, tell them apart, and read whole lines with their byte offsets."""

from ollalog.sources.collect import plan
from ollalog.sources.follow import Follower, KnownLogs
from ollalog.sources.followed import Moment
from ollalog.sources.item import Plan, PlanItem, ReadResult
from ollalog.sources.lines_at import lines_at
from ollalog.sources.reader import blocks
from ollalog.sources.survey import LogPlace, LogSurvey, survey
from ollalog.sources.text import cut
from ollalog.sources.wake import EventWaker, Places, TimerWaker, Waker

__all__ = [
    "EventWaker",
    "Follower",
    "KnownLogs",
    "LogPlace",
    "LogSurvey",
    "Moment",
    "Places",
    "Plan",
    "PlanItem",
    "ReadResult",
    "TimerWaker",
    "Waker",
    "blocks",
    "cut",
    "lines_at",
    "plan",
    "survey",
]
