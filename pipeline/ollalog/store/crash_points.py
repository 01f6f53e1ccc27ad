"""Where a writer may die: `open_store(fault=…)` is called with each of these names, in this order within one piece of work."""

RECOVERY = ("recovery_begun", "recovery_published", "staging_emptied")
COMMIT = (
    "batch_reserved",
    "part_staged",
    "staged",
    "retired_removed",
    "before_commit",
    "committed",
    "part_published",
    "head_linked",
    "published",
)
REBUILD = ("rebuild_staged", "rebuild_before_commit", "rebuild_committed", "part_withdrawn", "rebuild_published")
ALERTS = ("alerts_before_commit", "alerts_committed", "alerts_published")
REMOVAL = ("removal_before_commit", "removal_committed", "removal_published")
EVALUATION = ("evaluation_before_commit", "evaluation_committed")
CLOSE = ("closed",)
CRASH_POINTS = (*RECOVERY, *COMMIT, *REBUILD, *ALERTS, *REMOVAL, *EVALUATION, *CLOSE)
