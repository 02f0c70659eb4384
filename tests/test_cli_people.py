"""Who acts in the terminal: who types, or one of the sandbox's people."""

import json

import pytest

from tests.signing import auth_file
from tests.test_cli_policy import GOOD


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(GOOD)
    return path


def test_a_persona_imports_in_its_own_name(necto, file):
    done = json.loads(necto("policy", "import", str(file), "--as", "Kofi", "--json").stdout)
    assert done["imported_by"] == "persona:kofi-brandt"


def test_a_persona_without_the_role_is_told_who_has_it(necto, file):
    refused = necto("policy", "import", str(file), "--as", "ines")

    assert refused.exit_code == 2
    assert "Kofi Brandt can" in refused.stderr


def test_a_name_that_nobody_has_lists_the_five(necto, file):
    refused = necto("policy", "import", str(file), "--as", "eve")

    assert refused.exit_code == 2
    assert "Noor Haddad (admin)" in refused.stderr


@pytest.mark.parametrize(("as_", "says"), [((), "Sign in"), (("--as", "kofi"), "sandbox")])
def test_in_live_mode_nobody_at_a_terminal_holds_a_role(
    necto, file, tmp_path, monkeypatch, as_, says
):
    monkeypatch.setenv("NECTO_MODE", "live")
    monkeypatch.setenv("NECTO_AUTH_FILE", str(auth_file(tmp_path)))
    refused = necto("policy", "import", str(file), *as_)

    assert refused.exit_code == 2
    assert says in refused.stderr
