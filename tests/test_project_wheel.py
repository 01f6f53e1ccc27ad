"""The wheel holds all that the program needs: installed elsewhere, it runs and finds its views."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from ollalog.web.pages import FOLDER, ICON, PAGE, SCRIPTS, STYLE

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout with what is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    built = python("-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    assert built.returncode == 0, built.stderr
    return next(folder.glob("ollalog-*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but the installed wheel."""
    folder = tmp_path_factory.mktemp("elsewhere")
    installed = python("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder), str(wheel))
    assert installed.returncode == 0, installed.stderr
    return folder


def python(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run this Python with other arguments."""
    settings = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **environment}
    return subprocess.run([sys.executable, *words], env=settings, capture_output=True, text=True, check=False)


def test_every_sql_file_and_every_case_of_a_rule_is_in_the_wheel(wheel: Path) -> None:
    shipped = {name.removeprefix("ollalog/") for name in zipfile.ZipFile(wheel).namelist() if name.startswith("ollalog/sql/")}
    assert shipped == {str(file.relative_to(ROOT)) for file in (ROOT / "sql").rglob("*.*")}


def test_every_file_of_the_page_is_in_the_wheel(wheel: Path) -> None:
    """F13: the dashboard comes with the program."""
    folder = "ollalog/web/static/"
    shipped = {name.removeprefix(folder) for name in zipfile.ZipFile(wheel).namelist() if name.startswith(folder)}
    assert shipped == {file.name for file in FOLDER.iterdir()} >= {*SCRIPTS, STYLE, PAGE, ICON}


def test_wheel_holds_nothing_but_the_package(wheel: Path) -> None:
    assert {name.split("/")[0].split("-")[0] for name in zipfile.ZipFile(wheel).namelist()} == {"ollalog"}


def test_installed_wheel_reads_its_own_views(elsewhere: Path) -> None:
    """The views come from the wheel, not from the checkout."""
    asked = python("-c", "from ollalog.core.layout import sql_folder; print(sql_folder('views'))", PYTHONPATH=str(elsewhere))
    assert Path(asked.stdout.strip()) == elsewhere / "ollalog" / "sql" / "views"


def test_installed_wheel_runs_every_view(elsewhere: Path, tmp_path: Path) -> None:
    """Issue item 1: the wheel is installed elsewhere and its views run."""
    code = (
        "from datetime import UTC, datetime; from pathlib import Path\n"
        "from ollalog import runtime; from ollalog.warehouse import load_views\n"
        f"with runtime.warehouse(Path({str(tmp_path)!r}), now=datetime.now(UTC)) as house:\n"
        "    print(*(f'{name}:{house.view(name).width}' for name in load_views()))"
    )
    asked = python("-W", "error", "-c", code, PYTHONPATH=str(elsewhere))
    assert asked.returncode == 0, asked.stderr
    assert {shown.split(":")[0] for shown in asked.stdout.split()} == {file.stem for file in (ROOT / "sql" / "views").glob("*.sql")}


def test_command_of_the_wheel_starts(elsewhere: Path) -> None:
    assert python("-m", "ollalog", "--help", PYTHONPATH=str(elsewhere)).returncode == 0


def test_version_is_stated_once() -> None:
    from ollalog import __version__

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__
