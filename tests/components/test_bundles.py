"""The bundles that browsers load are what their source builds, from pinned packages."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "components" / "static"
PACKAGES = sorted((ROOT / "components").glob("*/package.json"))


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """What `make frontend` makes now; one test process at a time fetches the packages."""
    folder = tmp_path_factory.mktemp("bundles")
    with FileLock(tmp_path_factory.getbasetemp().parent / "frontend.lock"):
        made = subprocess.run(
            ["make", "frontend", f"OUT={folder}"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


@pytest.mark.timeout(600)
@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.parent.name)
def test_the_committed_bundle_is_what_the_source_builds(package, built):
    name = package.parent.name
    for file in (f"{name}.js", f"{name}.licenses.txt"):
        same = (built / file).read_bytes() == (STATIC / file).read_bytes()
        assert same, f"{file} is not what its source builds: run `make frontend` and commit it"


@pytest.mark.timeout(600)
def test_no_bundle_is_without_a_source_or_names_this_machine(built):
    made = {path.name for path in built.iterdir()}
    committed = {
        path.name for pattern in ("*.js", "*.licenses.txt") for path in STATIC.glob(pattern)
    }

    assert made == committed
    assert all(str(ROOT) not in path.read_text(encoding="utf-8") for path in built.iterdir())


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.parent.name)
def test_packages_are_pinned_exactly_and_no_registry_is_named(package):
    asked = json.loads(package.read_text(encoding="utf-8"))
    lock = json.loads(package.with_name("package-lock.json").read_text(encoding="utf-8"))
    locked = [part for path, part in lock["packages"].items() if path]

    versions = [*asked["dependencies"].values(), *asked["devDependencies"].values()]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions)
    assert all("resolved" not in part and part["integrity"] for part in locked)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.parent.name)
def test_every_bundled_package_comes_with_its_licence(package):
    licences = STATIC.joinpath(f"{package.parent.name}.licenses.txt").read_text(encoding="utf-8")

    for name in json.loads(package.read_text(encoding="utf-8"))["dependencies"]:
        assert re.search(
            rf"^{re.escape(name)} \d+\.\d+\.\d+ \((MIT|ISC|Apache-2\.0)\)$", licences, re.MULTILINE
        )
    assert "Permission is hereby granted" in licences
