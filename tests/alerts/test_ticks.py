"""Rows at the ticks whose window holds them, in whatever memory there is (DESIGN §8)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollalog import alerts, store
from ollalog.alerts import load_rules, ticks
from ollalog.alerts.state import Ticks
from ollalog.warehouse import open_warehouse
from tests.store.building import START, opened, turn

RULE = """-- [alert]
-- needs     = ["recent_requests"]
-- severity  = "low"
-- summary   = "{{value}} requests"
-- threshold = {threshold}
-- window    = "{window}"
-- [columns]
-- tick  = "instant; UTC"
-- value = "requests in the window; count"
SELECT tick, count(*) AS value FROM recent_requests GROUP BY ALL HAVING count(*) > threshold()
"""
ROWS, STEP_S = 40, 37.0
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ticks")
    with opened(folder) as opened_store:
        opened_store.commit(turn(0, ROWS, step_s=STEP_S))
    (folder / "rules").mkdir()
    return folder


@settings(deadline=None, max_examples=12)
@given(
    offset_s=st.sampled_from([0, 17, 60, 500]),
    step_s=st.sampled_from([60, 900]),
    window=st.sampled_from(["30s", "5m", "7m", "1h"]),
    count=st.integers(1, 30),
)
def test_a_row_is_there_once_for_each_tick_whose_window_holds_it(root: Path, offset_s: int, step_s: int, window: str, count: int) -> None:
    (root / "rules" / "counted.sql").write_text(RULE.format(threshold=0, window=window), encoding="utf-8")
    rule = load_rules(root / "rules", {}).rules["counted"]
    first, step = START + timedelta(seconds=offset_s), timedelta(seconds=step_s)
    asked = Ticks(first, first + (count - 1) * step, step)
    with open_warehouse(store.read_snapshot(root), now=START) as warehouse:
        hits = alerts.RuleRunner(warehouse, [rule], first - rule.window).hits(rule, asked)
    rows = [START + timedelta(seconds=number * STEP_S) for number in range(ROWS)]
    expected: dict[datetime, float] = {}
    for number in range(count):
        tick = first + number * step
        held = sum(tick - rule.window < row <= tick for row in rows)
        if held:
            expected[tick] = held
    assert {hit.tick: hit.value for found in hits.values() for hit in found} == expected


def test_with_little_memory_it_is_the_same(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "rules" / "counted.sql").write_text(RULE.format(threshold=3, window="1h"), encoding="utf-8")
    rules = list(load_rules(root / "rules", {}).rules.values())

    def found() -> list[tuple[str, datetime, str]]:
        history = alerts.replay(store.read_snapshot(root), rules, lambda snapshot: open_warehouse(snapshot, now=START))
        assert history.problems == {}
        return [(change.rule.name, change.transition.happened_at, change.transition.state) for change in history.changes]

    expected = found()
    assert expected
    monkeypatch.setattr(ticks, "MEMORY_MB", 1)
    assert found() == expected


@pytest.mark.parametrize(("threshold", "recovery"), [(6, 3), (3, 6), (4, 4), (1000, 2)])
def test_a_rule_that_says_how_it_compares_finds_the_same_with_half_the_questions(root: Path, threshold: int, recovery: int) -> None:
    both = f"threshold = {threshold}\n-- recovery  = {recovery}"
    text = RULE.replace("threshold = {threshold}", both).replace("{window}", "5m").replace("{{value}}", "{value}")
    found = []
    for header in ("", '\n-- beyond = ">"'):
        (root / "rules" / "counted.sql").write_text(text.replace(both, both + header), encoding="utf-8")
        rule = load_rules(root / "rules", {}).rules["counted"]
        with open_warehouse(store.read_snapshot(root), now=START) as warehouse:
            asked = Ticks(START, START + 30 * MINUTE, MINUTE)
            found.append(alerts.RuleRunner(warehouse, [rule], START - rule.window).hits(rule, asked))
    assert found[0] == found[1]
    assert found[0]
