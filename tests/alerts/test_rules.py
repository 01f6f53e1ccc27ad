"""Rules: headers, settings, cases; every fault has place, found, wanted and fix (F9, R7, U5)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ollalog.alerting import check_rules
from ollalog.alerts import RuleSet, load_rules
from ollalog.alerts.cases import case_files, check_case
from ollalog.alerts.rules import CHANGEABLE
from ollalog.core.batch import Snapshot
from ollalog.core.errors import ConfigError, UsageError
from ollalog.core.layout import sql_folder
from ollalog.warehouse import Warehouse, open_warehouse
from tests.warehouse.test_view_files import CLOCKS, relations_read

NOW = datetime(2026, 6, 23, tzinfo=UTC)
DEFAULT = load_rules(None, {}).rules
THE_DESIGNS = (
    "slow_response slow_model_load context_overflow low_success_rate prompt_truncated gpu_fallback model_thrash queue_full server_crashed "
    "log_silent speed_regression new_client rejects_rising high_memory high_cpu high_gpu low_disk"
)
GOOD = """-- [alert]
-- needs    = ["recent_requests"]
-- severity = "low"
-- summary  = "{host} was asked {value} times"
-- labels   = ["host"]
-- [columns]
-- tick  = "instant; UTC"
-- host  = "machine"
-- value = "requests; count"
SELECT tick, host, count(*) AS value FROM recent_requests GROUP BY ALL
"""


def opened(snapshot: Snapshot) -> Warehouse:
    return open_warehouse(snapshot, now=NOW)


def rules_of(folder: Path, **texts: str) -> RuleSet:
    for name, text in texts.items():
        (folder / f"{name}.sql").write_text(text)
    return load_rules(folder, {})


def test_the_default_rules_are_there_with_the_thresholds_that_were_asked_for() -> None:
    """C4, F3, F4."""
    assert set(THE_DESIGNS.split()) == set(DEFAULT)
    thresholds = {name: DEFAULT[name].threshold for name in ("slow_response", "low_success_rate", "slow_model_load", "context_overflow")}
    assert thresholds == {"slow_response": 30_000, "low_success_rate": 0.1, "slow_model_load": 60_000, "context_overflow": 0.9}


@pytest.mark.parametrize("name", DEFAULT)
def test_a_default_rule_tells_what_to_do_and_shows_its_evidence(name: str) -> None:
    rule = DEFAULT[name]
    assert rule.recommendation
    assert set(re.findall(r"{(\w+)}", str(rule.file.settings["summary"]))) <= {"value", "threshold", *rule.labels}
    with opened(Snapshot(0, ())) as warehouse:
        assert warehouse.query(rule.evidence).width > 0


@pytest.mark.parametrize("name", DEFAULT)
def test_a_default_rule_names_what_it_reads_and_never_asks_the_clock(name: str) -> None:
    file = DEFAULT[name].file
    assert set(file.needs) == relations_read(file.select)
    assert not CLOCKS.search(re.sub(r"--.*|'[^']*'", "", file.select))
    assert "now_utc" not in file.select
    assert list(file.columns) == ["tick", *DEFAULT[name].labels, "value"]


@pytest.mark.parametrize(("name", "case"), [(name, file.stem) for name, rule in DEFAULT.items() for file in case_files(rule, None)])
def test_a_default_rule_does_what_its_case_says(name: str, case: str) -> None:
    """F9."""
    file = sql_folder("alerts") / "cases" / name / f"{case}.toml"
    assert check_case(DEFAULT[name], file, opened).differences == ()


@pytest.mark.parametrize("name", DEFAULT)
def test_a_default_rule_has_a_firing_and_a_quiet_case(name: str) -> None:
    assert {check_case(DEFAULT[name], file, opened).fires for file in case_files(DEFAULT[name], None)} == {True, False}


def test_only_rules_and_their_cases_lie_there() -> None:
    assert {path.suffix for path in sql_folder("alerts").iterdir() if path.is_file()} == {".sql"}
    assert {path.name for path in (sql_folder("alerts") / "cases").iterdir()} == set(DEFAULT)


def test_a_case_that_differs_says_what_is_missing_and_what_is_too_much(tmp_path: Path) -> None:
    text = (sql_folder("alerts") / "cases" / "slow_response" / "firing.toml").read_text()
    (tmp_path / "wrong.toml").write_text(text.replace("18:08:00Z", "18:09:00Z"))
    differences = check_case(DEFAULT["slow_response"], tmp_path / "wrong.toml", opened).differences
    assert [difference.partition(" {")[0] for difference in differences] == [
        "missing: 2026-06-21T18:09:00Z firing 45000", "not expected: 2026-06-21T18:08:00Z firing 45000",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["why = 1 =", "requets = []\nwhy = 'x'", "x", "why='x'\n[[requests]]\nended = 1", "why='x'\n[[expect]]\nstate='firing'"]
)
def test_what_is_no_case_is_told_with_its_place(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        check_case(DEFAULT["slow_response"], tmp_path / "odd.toml", opened)
    assert "odd.toml" in str(caught.value)
    assert caught.value.fix


def test_settings_change_rules() -> None:
    changed = load_rules(None, {"slow_response": {"threshold": 20_000, "severity": "critical", "for": "1m"}}).rules["slow_response"]
    assert (changed.threshold, changed.severity, changed.wait) == (20_000, "critical", timedelta(minutes=1))


def test_all_faults_of_settings_are_told_at_once() -> None:
    """R7."""
    with pytest.raises(ConfigError) as caught:
        load_rules(None, {"slow_respons": {"threshold": 1}, "slow_response": {"treshold": 1, "for": "5 minutes", "severity": "bad"}})
    told = str(caught.value)
    for words in (
        "did you mean 'slow_response'?",
        "did you mean 'threshold'?",
        "for = '5 minutes'",
        "severity = 'bad'",
        'write: for = "5m"',
    ):
        assert words in told


@pytest.mark.parametrize(("before", "after", "words"), [
    ('severity = "low"', 'severity = "loud"', ("'severity' is not one of low, medium, high, critical", "broken.sql:3", "'loud'")),
    ('labels   = ["host"]', 'labels   = ["host"]\n-- for = "5 minutes"',
     ("'for' is not a duration", "5m", "broken.sql:6", 'write: -- for = "5m"')),
    ('labels   = ["host"]', 'labels   = ["hots"]', ("[columns] are not tick, the labels and value", "tick, hots, value")),
    ('-- value = "requests; count"\n', "", ("[columns] are not tick, the labels and value",)),
    ('labels   = ["host"]', 'labels   = ["host"]\n-- threshold = "a lot"', ("'threshold' is not a number",)),
    ('labels   = ["host"]', 'labels   = ["host"]\n-- treshold = 1', ("unknown key 'treshold'", "did you mean 'threshold'?")),
])  # fmt: skip
def test_a_fault_of_a_header_is_told_and_the_other_rules_are_there(tmp_path: Path, before: str, after: str, words: tuple[str, ...]) -> None:
    found = rules_of(tmp_path, good=GOOD, broken=GOOD.replace(before, after))
    assert set(found.rules) == {*DEFAULT, "good"}
    assert len(found.faults) == 1
    for word in words:
        assert word in str(found.faults[0])


@pytest.mark.parametrize(("select", "words"), [
    ("SELECT tick, hst AS host, 1 AS value FROM recent_requests", "hst"),
    ("SELECT tick, host, 1 AS worth FROM recent_requests", "does not return tick, the labels and value"),
    ("SELECT tick, host, 1 AS value FROM recent_inferences", "recent_inferences"),
    ("WITH gone AS (DELETE FROM requests RETURNING 1) SELECT 1", ""),
    ("SELECT 1; SELECT 2", "not one query"),
])  # fmt: skip
def test_check_explains_what_is_wrong_with_a_select(tmp_path: Path, select: str, words: str) -> None:
    found = rules_of(tmp_path, broken=GOOD.partition("SELECT")[0] + select + "\n")
    faults = check_rules(RuleSet({"broken": found.rules["broken"]}), opened)
    assert len(faults) == 1
    assert words in str(faults[0])
    assert "broken" in str(faults[0])
    assert faults[0].fix


def test_the_default_rules_and_a_good_one_have_no_faults(tmp_path: Path) -> None:
    assert check_rules(rules_of(tmp_path, good=GOOD), opened) == []


def test_a_rule_of_the_user_replaces_the_default_one_of_its_name(tmp_path: Path) -> None:
    assert rules_of(tmp_path, slow_response=GOOD).rules["slow_response"].severity == "low"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="folder of rules is not there"):
        load_rules(tmp_path / "none", {})


def test_what_settings_may_change_are_words_of_the_header() -> None:
    from ollalog.core.sqlfile import KINDS

    assert set(CHANGEABLE) <= set(KINDS["alert"])
