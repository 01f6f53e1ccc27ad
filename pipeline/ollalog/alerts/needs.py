"""What rules look at, told from their headers: which relations memory has to hold for them, and in which way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from ollalog.alerts.rules import Rule
from ollalog.core.tables import TABLES

if TYPE_CHECKING:
    from ollalog.core.sqlfile import SqlFile

HELD = timedelta(hours=1)
"""Rules that look back further, and through more than sums, are asked of the store once a step, not of memory."""
LONGEST = timedelta(days=31)


class Needs:
    """What some rules need.

    `slow` are the names of those that memory cannot serve, `quick` the others. For these: `merged` views are added up, `kept`
    ones are held as tables, `recent` relations are held row by row, of which `hot` are views that join tables; `direct` tables
    are read without a window; `small` are all views that are held as tables, below others too. `words` are all that rules name.
    """

    def __init__(self, rules: Iterable[Rule], views: Mapping[str, SqlFile]) -> None:
        self._views = views
        rules = list(rules)
        self.words = set().union(*(re.findall(r"\w+", rule.file.select.lower()) for rule in rules))
        self.slow = {rule.name for rule in rules if not self._is_quick(rule)}
        self.quick = [rule for rule in rules if rule.name not in self.slow]
        needs = {need for rule in self.quick for need in rule.file.needs}
        self.merged = sorted(name for name in needs & views.keys() if views[name].merge)
        self.kept = sorted({name for need in needs if self._is_kept(name := need.removeprefix("recent_"))})
        self.direct = sorted(needs & TABLES.keys())
        self.recent = sorted({name for rule in self.quick for name in rule.recent} - set(self.kept))
        self.hot = [name for name in self.recent if name in views]
        self.small = sorted(name for name in self._views_below([*self.hot, *self.kept]) if views[name].keep)

    def tables(self, rule: Rule) -> frozenset[str]:
        """The tables that a rule depends on, directly or through views."""
        found: set[str] = set()

        def visit(name: str) -> None:
            if name in self._views:
                for need in self._views[name].needs:
                    visit(need)
            else:
                found.add(name)

        for need in rule.file.needs:
            visit(need.removeprefix("recent_"))
        return frozenset(found & TABLES.keys())

    @staticmethod
    def relations(rule: Rule) -> frozenset[str]:
        """The relations that a rule reads, whether whole or their recent rows."""
        return frozenset(need.removeprefix("recent_") for need in rule.file.needs) - {"ticks", "sources"}

    def is_of_sums(self, rule: Rule) -> bool:
        """Whether a rule reads views that are added up."""
        return any(need in self.merged for need in rule.file.needs)

    def _views_below(self, names: Iterable[str]) -> set[str]:
        """Views, and the views that they need."""
        found = set(names) & self._views.keys()
        return found.union(*(self._views_below(self._views[name].needs) for name in found))

    def _is_kept(self, name: str) -> bool:
        return name in self._views and self._views[name].keep

    def _is_quick(self, rule: Rule) -> bool:
        """Whether memory has all that a rule reads."""
        if any(name in self._views and self._views[name].merge for name in rule.recent) or (rule.window > HELD and rule.recent):
            return False
        direct = [need for need in rule.file.needs if not need.startswith("recent_") and need not in {"ticks", "sources"}]
        return (
            all(
                rule.lookback <= HELD if need in TABLES else need in self._views and bool(self._views[need].merge or self._views[need].keep)
                for need in direct
            )
            and rule.lookback <= LONGEST
        )
