"""The necto policy commands, as a person types them."""

import json
import subprocess
import sys

import pytest

from data.documents import put
from engine.commands import Command
from tests.support import ADA, house_of

GOOD = "name: eu\ntitle: Europe\nrules:\n  countries: [EEA]\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(GOOD)
    return path


def test_an_example_is_printed_imported_listed_and_shown_as_it_was(necto, tmp_path):
    shipped = necto("policy", "example", "eu-datacentre").stdout
    (tmp_path / "mine.yaml").write_text(shipped)
    imported = json.loads(necto("policy", "import", str(tmp_path / "mine.yaml"), "--json").stdout)
    (listed,) = json.loads(necto("policy", "list", "--json").stdout)
    shown = necto("policy", "show", "eu-datacentre@1")

    assert imported == listed
    assert (listed["policy"], listed["imported_by"][:6]) == ("eu-datacentre@1", "local:")
    assert shown.stdout == shipped
    assert "eu-datacentre@1, imported by local:" in shown.stderr
    assert "eu-datacentre" in necto("policy", "example").stdout


def test_every_shipped_example_can_be_imported(necto, tmp_path):
    for name in ("cost-first", "eu-datacentre", "regulated-data"):
        path = tmp_path / f"{name}.yaml"
        path.write_text(necto("policy", "example", name).stdout)
        result = necto("policy", "import", str(path))
        assert (result.exit_code, result.stderr) == (0, "")


def test_a_new_text_is_a_new_version_and_json_tells_what_it_states(necto, file):
    necto("policy", "import", str(file))
    file.write_text(GOOD.replace("EEA", "EU").rstrip())
    assert "eu@2" in necto("policy", "import", str(file), "--key", "k2").stdout
    told = json.loads(necto("policy", "show", "eu", "--json").stdout)

    assert told["policy"] == "eu@2"
    assert told["states"] == {"name": "eu", "title": "Europe", "rules": {"countries": ["EU"]}}
    assert necto("policy", "show", "eu").stdout.endswith("countries: [EU]\n")
    assert "Europe" in necto("policy", "list").stdout


def test_every_fault_is_printed_and_nothing_is_kept(necto, file):
    file.write_text("name: eu\nrules: {countries: [UK], networks: [Akash]}\nprice_age: 3\n")
    result = necto("policy", "import", str(file))
    told = json.loads(necto("policy", "import", str(file), "--json").stdout)

    assert result.exit_code == 2
    assert (
        "policy.yaml: line 2, rules.countries[0]: 'UK' is no country code: write GB"
        in result.stdout
    )
    assert "nothing was imported: 3 faults" in result.stderr
    assert [fault["line"] for fault in told] == [2, 2, 3]
    assert json.loads(necto("policy", "list", "--json").stdout) == []


def test_a_network_that_nobody_knows_is_warned_of(necto, file):
    file.write_text(f"{GOOD}  networks_banned: [nowhere]\n")
    result = necto("policy", "import", str(file))

    assert result.exit_code == 0
    assert "policy.yaml: warning: line 5, rules.networks_banned[0]: no network" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "none"), "none has been imported yet"),
        (("example", "none"), "there are cost-first"),
        (("import", "none.yaml"), "cannot be read"),
    ],
)
def test_what_is_not_there_is_said(necto, arguments, words):
    result = necto("policy", *arguments)

    assert result.exit_code == 2
    assert words in result.stderr


def test_a_key_that_was_used_is_refused(necto, file):
    necto("policy", "import", str(file), "--key", "k1")
    file.write_text(GOOD.replace("EEA", "EU"))
    result = necto("policy", "import", str(file), "--key", "k1")

    assert result.exit_code == 2
    assert "take a new key" in result.stderr


def test_bytes_that_are_no_text_and_books_that_cannot_be_opened_are_said(necto, file, tmp_path):
    file.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in necto("policy", "import", str(file)).stdout
    (tmp_path / "records").write_text("")
    for arguments in (("list",), ("show", "eu")):
        assert "records" in necto("policy", *arguments).stderr


def test_help_needs_neither_yaml_nor_the_books():
    heavy = "('ruamel', 'sqlalchemy', 'polars', 'pydantic')"
    code = f"import cli, sys; print([name for name in {heavy} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_a_policy_that_can_no_longer_be_read_is_said(necto, tmp_path):
    body = {"text": "name: 5", "digest": "-", "by": "ada", "at": "2026-11-24T00:00:00.000000Z"}
    house_of(tmp_path).perform(
        Command.of("k", "policy.imported", ADA, "policy/eu", {}),
        lambda unit: put(unit, "policy", "eu", body) and None,
    )
    result = necto("policy", "list")

    assert result.exit_code == 2
    assert "import it again" in result.stderr
