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


def test_roles_are_given_listed_and_taken(necto):
    given = json.loads(
        necto("people", "grant", "Ann@example.com", "--role", "buyer", "--json").stdout
    )
    listed = json.loads(necto("people", "list", "--json").stdout)
    assert given == listed
    assert (listed[0]["who"], listed[0]["roles"]) == ("ann@example.com", "viewer, buyer")
    assert "viewer" in necto("people", "revoke", listed[0]["id"], "--role", "buyer").stdout
    assert necto("people", "revoke", "ann@example.com").exit_code == 0

    assert "nothing found" in necto("people", "list").stdout


def test_a_person_is_erased_for_ever_and_only_when_that_is_meant(necto):
    (given,) = json.loads(necto("people", "grant", "ann@example.com", "--json").stdout)
    assert "add --yes" in necto("people", "erase", given["id"]).stderr
    assert "erased" in necto("people", "erase", given["id"], "--yes").stdout

    assert json.loads(necto("people", "list", "--json").stdout)[0]["who"] is None
    assert "nothing to erase" in necto("people", "erase", "p-0", "--yes").stdout


def test_what_cannot_be_given_is_told(necto):
    assert "no e-mail address" in necto("people", "grant", "ann").stderr
    assert "invented" in necto("people", "grant", "a@b.c", "--as", "noor").stderr
    assert "king is no role" in necto("people", "grant", "a@b.c", "--role", "king").stderr
    assert "nobody has given" in necto("people", "revoke", "a@b.c").stderr


def test_the_five_are_listed_for_as(necto):
    assert "Tom Adeyemi" in necto("people", "personas").stdout
    assert len(json.loads(necto("people", "personas", "--json").stdout)) == 5
