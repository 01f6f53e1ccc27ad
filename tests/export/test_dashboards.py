"""The Grafana dashboard and the Prometheus rules that ship name only metrics and labels that are exported (U6)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ollalog.core.series import KEPT
from ollalog.export import document, families, metrics
from ollalog.export.writers import prometheus_text
from ollalog.store import read_series
from tests.test_runtime import CLOCK, ingest

ROOT = Path(__file__).parent.parent.parent
DASHBOARD = ROOT / "packaging" / "grafana" / "ollalog.json"
RULES = ROOT / "packaging" / "prometheus" / "ollalog.rules.yml"
SELECTOR = re.compile(r"(?<![:\w$])((?:ollama|http|hw|gen_ai)_[a-z0-9_]+)(?!:)(\{[^}]*\})?")
LABELS = {family.name: {label for label, _ in (*family.labels, *family.constants)} for family in families(["ollama"])}
KINDS = {family.name: family.kind for family in families(["ollama"])}


def expressions(tree: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Every query of a dashboard."""
    if isinstance(tree, dict):
        yield from (value for name, value in tree.items() if name == "expr" and isinstance(value, str))
        tree = list(tree.values())
    for item in tree if isinstance(tree, list) else ():
        yield from expressions(item)


def rules() -> str:
    """The rules without their comments and words for people."""
    return "\n".join(
        line for line in RULES.read_text(encoding="utf-8").splitlines() if "summary:" not in line and "description:" not in line
    )


def used(text: str) -> Iterator[tuple[str, set[str]]]:
    """Metrics that are named in queries, each with the labels that it is chosen by."""
    clauses = re.sub(r"\b(?:by|without) \([^)]*\)", "", text)
    for name, braces in SELECTOR.findall(re.sub(r"label_values\(([^,]*),[^)]*\)", r"\1", clauses)):
        yield name, set(re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", braces))


def family_of(name: str) -> str:
    """The family that a sample's name belongs to."""
    stem = re.sub(r"_(bucket|sum|count)$", "", name)
    return stem if KINDS.get(stem) == "histogram" else name


@pytest.mark.parametrize("text", [*expressions(json.loads(DASHBOARD.read_text(encoding="utf-8"))), rules()])
def test_queries_name_metrics_and_labels_that_there_are(text: str) -> None:
    found = list(used(text))
    assert found
    for name, labels in found:
        family = family_of(name)
        assert family in LABELS, name
        assert (name != family) == (KINDS[family] == "histogram"), name
        assert labels <= LABELS[family], name


def test_every_panel_says_what_it_shows_and_none_lies_on_another() -> None:
    panels = [panel for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"] if panel["type"] != "row"]
    assert all(panel["description"] and panel["title"] for panel in panels)
    places = [(x, y) for p in panels for x in range(p["gridPos"]["x"], p["gridPos"]["x"] + p["gridPos"]["w"]) for y in [p["gridPos"]["y"]]]
    assert len(places) == len(set(places))


def test_promtool_understands_every_query(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("needs the program promtool")
    queries = [
        query.replace("$__rate_interval", "5m").replace("$host", ".*").replace("$model", ".*").replace("$origin", ".*")
        for query in expressions(json.loads(DASHBOARD.read_text(encoding="utf-8")))
    ]
    recorded = [{"record": f"panel:number:{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": recorded}]}), encoding="utf-8")
    done = subprocess.run(
        [promtool, "check", "rules", tmp_path / "panels.yml", RULES], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def samples_of(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample of a page; an empty label is the same as none."""
    return {
        (sample.name, frozenset((name, value) for name, value in sample.labels.items() if value)): round(sample.value, 6)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_after_the_example_every_family_of_recorded_programs_has_a_sample(tmp_path: Path) -> None:
    """D, B4: from a program that records everything to numbers."""
    command = [sys.executable, str(ROOT / "examples" / "recorder.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    ingest(tmp_path / "store", tmp_path / "logs")
    series = read_series(tmp_path / "store")
    found = metrics(series, families(["tinyllm", "crew"]), CLOCK.now_utc())
    assert [metric.name for metric in found if not metric.samples] == []
    assert len(found) == 29
    # What the program exported of itself and what the store counted of its log are the same numbers.
    assert samples_of(prometheus_text(found)) == samples_of((tmp_path / "metrics.prom").read_text(encoding="utf-8"))
    told = document(series, ["tinyllm", "crew"], CLOCK.now_utc())
    assert told["models"]["llama3.1:8b"]["successful"] >= 30
    assert told["agent_metrics"]["researcher"]["timeout_count"] == 1
    assert {each.family for each in series} <= set(KEPT)
