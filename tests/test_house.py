"""Limits and layers that no linter has a rule for."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("pages", "components", "connectors", "data", "engine")
SOURCES = [
    *(ROOT / name for name in ("app.py", "cli.py")),
    *(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")),
]
FORBIDDEN = {
    "app.py": {"duckdb", "sqlalchemy", "httpx", "cli", "pages", "connectors"},
    "cli.py": {"duckdb", "sqlalchemy", "httpx", "streamlit", "app", "pages"},
}
PAGE_LINES_MAX = 120
LINES_MAX = {"data/reference/evidence/verify.py": 925}
"""The verifier that leaves with every evidence pack: one file, so that an auditor who trusts nobody
has one thing to read, with its own signatures, JSON and hash tree."""


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_small(path):
    text = path.read_text(encoding="utf-8")
    too_long = [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= 50
    ]

    assert text.count("\n") <= LINES_MAX.get(str(path.relative_to(ROOT)), 300)
    assert too_long == []


@pytest.mark.parametrize("face", FORBIDDEN)
def test_a_face_stands_on_the_layers_below_and_nothing_imports_it(face):
    assert imported(ROOT / face) & FORBIDDEN[face] == set()
    below = [path for path in SOURCES if path.name not in FORBIDDEN]
    assert [p for p in below if face.removesuffix(".py") in imported(p)] == []


@pytest.mark.parametrize("page", sorted((ROOT / "pages").glob("[a-z]*.py")), ids=lambda p: p.name)
def test_a_page_is_a_table_of_contents_behind_require(page):
    text = page.read_text(encoding="utf-8")
    calls = [node for node in ast.parse(text).body if isinstance(node, ast.Expr)]
    first_call = next(node.value for node in calls if isinstance(node.value, ast.Call))

    assert text.count("\n") <= PAGE_LINES_MAX
    assert isinstance(first_call.func, ast.Name)
    assert first_call.func.id == "require"
    assert "unsafe_allow_html" not in text


def test_no_file_in_components_hides_a_library():
    """``components/`` comes first on the path of the frame script: names there must be ours."""
    names = {path.stem for path in (ROOT / "components").glob("*.py")} - {"__init__"}
    assert names & (set(sys.stdlib_module_names) | {"streamlit", "plotly", "polars"}) == set()


def test_no_secret_place_or_machine_path_is_committed():
    pattern = r"(^|[^a-zA-Z0-9])/(work|root|farm)/"
    found = subprocess.run(
        ["git", "grep", "-nIE", pattern, "--", ".", ":!tests/test_house.py"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert found.stdout == ""
