"""What a role may do, and which things take two people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import Refused
from engine.people import PERSONAS, ROLES, SYSTEM, Actor, job, local_actor, operator, persona
from engine.permissions import (
    PERMISSIONS,
    NotAllowed,
    NotApart,
    allowed,
    apart,
    may,
    roles_for,
)

ACTIONS = st.sampled_from(sorted(PERMISSIONS))
HELD = st.frozensets(st.sampled_from(ROLES))
NAMES = st.sampled_from(["ada", "bob", "eve", "kim"])


@given(ACTIONS, HELD)
def test_an_action_is_done_by_whom_it_names_and_by_nobody_else(action, held):
    actor = Actor("oidc:1", held, authenticated=True)

    assert may(actor, action) == bool(held & PERMISSIONS[action])
    if not may(actor, action):
        with pytest.raises(NotAllowed, match=action):
            allowed(actor, action)


@given(ACTIONS, HELD, HELD)
def test_another_role_never_takes_a_right_away(action, held, more):
    before, after = (Actor("oidc:1", roles, authenticated=True) for roles in (held, held | more))
    assert may(after, action) or not may(before, action)


@given(ACTIONS)
def test_without_a_role_nothing_is_allowed(action):
    assert not may(Actor("oidc:1", frozenset(), authenticated=True), action)


@given(ACTIONS)
def test_the_local_user_of_a_sandbox_and_necto_itself_may_do_everything(action):
    for actor in (local_actor("ada"), SYSTEM, job("procure")):
        allowed(actor, action)


@given(ACTIONS)
def test_every_action_has_a_persona_who_may_do_it(action):
    assert any(may(one, action) for one in PERSONAS)


@pytest.mark.parametrize(
    ("action", "role"),
    [
        ("order.place", "buyer"), ("order.approve", "approver"), ("budget.set", "finance"),
        ("policy.imported", "compliance"), ("buying.unfrozen", "admin"),
        ("order.never-heard-of", "buyer"), ("something.new", "admin"), ("nonsense", "admin"),
    ],
)  # fmt: skip
def test_an_action_takes_its_role_and_one_that_nobody_listed_the_admin_s(action, role):
    assert roles_for(action) == {role}


def test_anybody_who_answers_for_money_may_stop_buying_and_only_an_admin_starts_it_again():
    assert [one.called for one in PERSONAS if may(one, "buying.frozen")] == [
        "Ines Romero", "Tom Adeyemi", "Fay Lindqvist", "Noor Haddad",
    ]  # fmt: skip
    assert [one.called for one in PERSONAS if may(one, "buying.unfrozen")] == ["Noor Haddad"]


def test_a_refusal_names_who_could_do_it_instead():
    with pytest.raises(NotAllowed, match="Ines Romero may not") as simulated:
        allowed(persona("ines"), "order.approve")
    assert "In the sandbox Tom Adeyemi can" in str(simulated.value)
    with pytest.raises(NotAllowed, match="Sign in on the pages"):
        allowed(operator("root"), "order.approve")
    with pytest.raises(NotAllowed, match="an admin to give it"):
        allowed(Actor("oidc:1", frozenset({"buyer"}), authenticated=True), "order.approve")


@given(NAMES, NAMES, NAMES | st.none())
def test_an_order_is_placed_approved_and_ruled_by_three_people(requester, approver, editor):
    names = [name for name in (requester, approver, editor) if name is not None]
    if len(set(names)) == len(names):
        apart(requester=requester, approver=approver, editor=editor)
    else:
        with pytest.raises(NotApart, match=r"somebody else (approves|orders)"):
            apart(requester=requester, approver=approver, editor=editor)


@pytest.mark.parametrize(
    ("requester", "editor", "approver", "words"),
    [
        ("ines", "pia", "ines", "ines asked for this order: somebody else approves"),
        ("ines", "ines", None, "ines imported the policy"),
        ("ines", "tom", "tom", "tom imported the policy"),
    ],
)
def test_who_holds_two_of_the_three_roles_is_named(requester, editor, approver, words):
    with pytest.raises(NotApart, match=words):
        apart(requester=requester, editor=editor, approver=approver)
    apart(requester="ines", editor=None)


def test_both_refusals_are_such_as_the_trail_keeps():
    assert issubclass(NotAllowed, Refused)
    assert issubclass(NotApart, Refused)
