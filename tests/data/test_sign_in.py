"""How sign-in is set up is checked before anybody can try, and its secrets stay in their file."""

import pytest

from data.settings import BadSettings, Settings
from data.sign_in import BadSignIn, read_sign_in, sign_in_file
from tests.signing import AUTH, auth_file


def env(folder, **changes):
    return {"NECTO_AUTH_FILE": str(auth_file(folder, **changes))}


def test_sign_in_says_who_provides_it_and_keeps_no_secret(tmp_path):
    found = read_sign_in(env(tmp_path) | {"NECTO_ADMIN_EMAIL": " Ann@Example.com "})

    assert found is not None
    assert (found.provider, found.admin_email) == ("127.0.0.1", "ann@example.com")
    assert found.groups_claim == "groups"
    assert not any(AUTH[name] in repr(found) for name in ("client_secret", "cookie_secret"))


def test_without_a_file_there_is_no_sign_in():
    assert sign_in_file({}).parts[-2:] == (".streamlit", "secrets.toml")
    assert read_sign_in({}) is None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"client_id": ""}, "lacks client_id"),
        ({"cookie_secret": "short"}, "32 random characters"),
        ({"redirect_uri": "https://necto.example/"}, "/oauth2callback"),
        ({"redirect_uri": "http://necto.example/oauth2callback"}, "https://"),
        ({"server_metadata_url": "http://idp.example/x"}, "https://"),
        ({"server_metadata_url": "https://["}, "no address"),
        ({"mode": 0o640}, "chmod 600"),
    ],
)
def test_what_cannot_work_or_is_not_safe_is_refused_in_words(tmp_path, changes, says):
    with pytest.raises(BadSignIn, match=says) as refused:
        read_sign_in(env(tmp_path, **changes))
    assert AUTH["client_secret"] not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[auth", "no TOML"), ("auth = 1", "no table"), ("[other]", r"no \[auth\]"),
        ("[auth.google]\nclient_id = 'x'", "one identity provider"),
    ],
)  # fmt: skip
def test_a_file_that_is_something_else_is_refused(tmp_path, text, says):
    file = auth_file(tmp_path)
    file.write_text(text)
    with pytest.raises(BadSignIn, match=says):
        read_sign_in({"NECTO_AUTH_FILE": str(file)})


def test_a_file_that_is_named_and_missing_is_refused(tmp_path):
    with pytest.raises(BadSettings, match="cannot be read"):
        Settings.from_env({"NECTO_AUTH_FILE": str(tmp_path / "none")})


def test_live_mode_needs_sign_in_and_keeps_a_book_of_its_own(tmp_path):
    home = {"NECTO_HOME": str(tmp_path), "NECTO_MODE": "live"}
    with pytest.raises(BadSettings, match="needs sign-in"):
        Settings.from_env(home)

    assert Settings.from_env(home | env(tmp_path)).mode == "live"
