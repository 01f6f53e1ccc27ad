"""Rules over the data's own time -> changes of alerts -> rows of table `alerts`."""

from ollalog.alerts.history import Change, History, States, days_of, end_of_data, midnight, replay
from ollalog.alerts.records import Episode, episodes, message, rows_of
from ollalog.alerts.rules import Rule, RuleSet, digest, load_rules, unknown_rule
from ollalog.alerts.ticks import RuleRunner

__all__ = [
    "Change",
    "Episode",
    "History",
    "Rule",
    "RuleRunner",
    "RuleSet",
    "States",
    "days_of",
    "digest",
    "end_of_data",
    "episodes",
    "load_rules",
    "message",
    "midnight",
    "replay",
    "rows_of",
    "unknown_rule",
]
