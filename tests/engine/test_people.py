"""Who acts, before there is sign-in."""

import pytest

from engine.people import ROLES, Actor, local_actor


def test_whoever_sits_at_the_machine_is_named_and_marked_as_unproven():
    actor = local_actor("ada")
    assert actor.name == "local:ada"
    assert not actor.authenticated


def test_without_sign_in_one_may_only_look():
    actor = local_actor("root")
    assert [role for role in ROLES if actor.may(role)] == ["viewer"]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_allows_itself_and_nothing_else(role: str):
    actor = Actor("ada", frozenset({role}), authenticated=True)  # type: ignore[arg-type]
    assert [r for r in ROLES if actor.may(r)] == [role]


def test_the_seven_roles_are_those_of_the_contract():
    assert set(ROLES) == {
        "viewer",
        "buyer",
        "approver",
        "finance",
        "compliance",
        "auditor",
        "admin",
    }
