"""The example uses everything: every family of D and B4 has a sample, every line is a row."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ollalog.cli.main import run
from ollalog.recorder.families import CREW_FAMILIES, FAMILIES
from tests.recorder.test_exports import parsed

EXAMPLE = Path(__file__).parents[2] / "examples" / "recorder.py"


def test_the_example_gives_a_sample_to_every_family_and_a_row_to_every_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """D1 to D8, B4, E13."""
    done = subprocess.run([sys.executable, "-W", "error", str(EXAMPLE), str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.startswith("61 requests, success rate 0.984, errors {'timeout': 1}\n68 events came by\n")
    _, samples = parsed((tmp_path / "metrics.prom").read_text(encoding="utf-8"))
    for namespace, families in (("tinyllm", FAMILIES), ("crew", CREW_FAMILIES)):
        for family in families:
            assert samples[f"{namespace}_{family.name}{'_count' if family.kind == 'histogram' else ''}"]
    assert json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))["tasks"]["total"] == 3
    assert run(["ingest", "--json", "--store", str(tmp_path / "store"), str(tmp_path / "logs")]) == 0
    fates = json.loads(capsys.readouterr().out)["fates"]
    assert {name: count for name, count in fates.items() if count} == {"row": fates["row"]}
    assert run(["report", "--store", str(tmp_path / "store")]) == 0
    assert "llama3.1:8b" in capsys.readouterr().out
