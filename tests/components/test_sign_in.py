"""With sign-in set up nothing is shown before it, and what is shown after it takes a role."""

import time
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from connectors.jobs.ingest import load_recorded
from data.market import Lake
from data.people import grant, revoke
from tests.signing import auth_file
from tests.support import ADA, house_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(home, monkeypatch):
    monkeypatch.setenv("NECTO_AUTH_FILE", str(auth_file(home)))
    monkeypatch.setenv("NECTO_ADMIN_EMAIL", "boss@example.com")
    st.cache_resource.clear()
    load_recorded(Lake(home / "market"))
    return home


def token(**changes: object) -> dict[str, object]:
    told = {
        "is_logged_in": True, "iss": "https://idp.test", "sub": "7", "iat": int(time.time()),
        "email": "ann@example.com", "email_verified": True, "name": "Ann *Ash*",
    }  # fmt: skip
    return told | changes


def visit(user: dict[str, object] | None = None, page: str | None = None) -> AppTest:
    visitor = AppTest.from_file(str(ROOT / "components" / "frame.py"), default_timeout=60)
    visitor.user = user or {}
    visitor.run()
    if page:
        visitor.switch_page(f"{ROOT}/pages/{page}.py").run()
    assert not visitor.exception
    return visitor


def words(visitor: AppTest) -> str:
    kinds = (visitor.title, visitor.markdown, visitor.caption, visitor.info, visitor.error)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


def test_who_has_not_signed_in_sees_a_way_in_and_nothing_else(home):
    for page in (None, "audit", "settings"):
        visitor = visit(page=page)
        assert [title.value for title in visitor.title] == ["Sign in to Necto"]
        assert [button.label for button in visitor.button] == ["Sign in"]
        assert not visitor.metric
        assert "SANDBOX" not in words(visitor)


@pytest.mark.parametrize("changes", [{"iat": 0}, {"sub": ""}, {"is_logged_in": "yes"}])
def test_an_old_or_odd_token_is_no_sign_in(home, changes):
    grant(house_of(home), ADA, "ann@example.com", ["buyer"])
    assert "Sign in to Necto" in words(visit(token(**changes)))


def test_who_has_no_role_is_told_whom_to_ask(home):
    told = words(visit(token(email_verified=False)))

    assert "You have no role here yet" in told
    assert "ask boss@example.com" in told
    assert "does not say that it has verified your e-mail address" in told


def test_a_role_opens_the_pages_and_taking_it_closes_them_at_once(home):
    house = house_of(home)
    grant(house, ADA, "ann@example.com", ["buyer"])
    visitor = visit(token(), "settings")
    assert "SANDBOX: play money" in words(visitor)
    assert "Roles: buyer" in words(visitor)
    revoke(house, ADA, "ann@example.com")
    visitor.run()

    assert "You have no role here yet" in words(visitor)
    assert "SANDBOX" not in words(visitor)


def test_who_is_signed_in_acts_in_their_own_name_and_as_nobody_else(home):
    grant(house_of(home), ADA, "ann@example.com", ["buyer"])
    visitor = visit(token())

    assert not visitor.radio
    assert "Sign out" in [button.label for button in visitor.button]


def test_the_first_admin_is_let_in_by_the_address_that_the_environment_names(home):
    assert "Roles: admin" in words(visit(token(email="Boss@example.com")))
    assert "no role" in words(visit(token(email="boss@example.com", email_verified=False)))


def test_live_mode_says_so_on_every_page(home, monkeypatch):
    monkeypatch.setenv("NECTO_MODE", "live")
    grant(house_of(home), ADA, "ann@example.com", ["buyer"])

    assert "LIVE: real money" in words(visit(token()))


def pressed(visitor: AppTest, label: str) -> AppTest:
    next(button for button in visitor.button if button.label == label).click().run()
    assert not visitor.exception
    return visitor


def section(visitor: AppTest, name: str) -> AppTest:
    next(one for one in visitor.radio if one.key == "section").set_value(name).run()
    return visitor


def test_an_admin_gives_and_takes_roles_on_the_settings_page(home):
    visitor = section(visit(token(email="boss@example.com"), "settings"), "People")
    visitor.text_input("people_who").set_value("eve@example.com")
    visitor.multiselect("people_roles").set_value(["approver"])
    pressed(visitor, "Give")
    held = visitor.dataframe[0].value
    assert held["Who"].to_list() == ["boss@example.com", "eve@example.com"]
    assert held["Roles"].to_list() == ["viewer, admin", "viewer, approver"]
    visitor.selectbox("people_whom").select_index(1)
    pressed(visitor, "Take")

    assert visitor.dataframe[0].value["Who"].to_list() == ["boss@example.com"]
    assert visitor.dataframe[1].value["Person"].to_list() == ["Ann *Ash* · boss@example.com"]


def test_what_an_admin_cannot_do_is_told(home):
    visitor = section(visit(token(email="boss@example.com"), "settings"), "People")
    visitor.selectbox("people_whom").select_index(0)
    assert "last admin" in words(pressed(visitor, "Take"))
    visitor.text_input("people_who").set_value("nobody")
    assert "no e-mail address" in words(pressed(visitor, "Give"))


def test_who_is_no_admin_sees_nobody_s_roles(home):
    grant(house_of(home), ADA, "ann@example.com", ["buyer"])
    visitor = section(visit(token(), "settings"), "People")

    assert "for people with the role admin" in words(visitor)
    assert not visitor.dataframe
