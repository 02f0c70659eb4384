"""docs/add-a-network.md, followed to the letter in a copy of the checkout, gives a network."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STEP = re.compile(
    r"(?P<verb>[Ww]rite|In)\s+`(?P<path>[^`]+)`(?:,\s+after\s+the\s+line\s+`(?P<line>[^`]+)`)?:"
    r"\n\n```\w+\n(?P<text>.*?)```\n",
    re.DOTALL,
)
COPIED = (
    "connectors", "data", "engine", "tests", "pyproject.toml", "components", "pages", "cli.py",
)  # fmt: skip


@pytest.fixture
def copy(tmp_path) -> Path:
    for name in COPIED:
        place = ROOT / name
        if place.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(place, tmp_path / name, ignore=ignored)
        else:
            shutil.copy(place, tmp_path / name)
    return tmp_path


def follow(root: Path) -> list[str]:
    """Do what the page says; returns the files it touched, in order."""
    steps = list(STEP.finditer((ROOT / "docs" / "add-a-network.md").read_text("utf-8")))
    for step in steps:
        path, line = root / step["path"], step["line"]
        if line is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step["text"], "utf-8")
            continue
        before = path.read_text("utf-8")
        assert before.count(f"{line}\n") == 1, f"{step['path']} has no line {line!r}"
        path.write_text(before.replace(f"{line}\n", f"{line}\n{step['text']}"), "utf-8")
    return [step["path"] for step in steps]


def test_the_page_touches_three_files_and_the_list_of_samples(copy):
    assert set(follow(copy)) == {
        "connectors/networks/tiny.py",
        "connectors/registry.py",
        "tests/samples/tiny/machines.json",
        "tests/connectors/samples.py",
    }


def python(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(copy), "NECTO_HOME": str(copy / "home")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=170,
    )  # fmt: skip


def test_the_new_network_passes_every_test_of_every_source(copy):
    follow(copy)
    suite = "tests/connectors/test_every_source.py"
    done = python(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "tiny", suite)

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-500:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 50


def test_a_network_whose_terms_nobody_read_ships_off(copy):
    follow(copy)
    done = python(
        copy, "-c",
        "from connectors.jobs.connect import connected\n"
        "one = next(c for c in connected(env={}) if c.connection.name == 'tiny')\n"
        "print(one.source, one.connection.state)",
    )  # fmt: skip

    assert done.stdout.strip() == "None off until its terms are reviewed", done.stderr[-500:]
