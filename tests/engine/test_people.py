"""Who acts: the local user, the sandbox's personas, people whom an identity provider knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.people import (
    NOBODY,
    PERSONAS,
    ROLES,
    Actor,
    UnknownPersona,
    job_roles,
    local_actor,
    operator,
    persona,
    signed_in,
)

NAMES = st.text(min_size=1, max_size=40)


def test_whoever_sits_at_the_machine_is_named_and_marked_as_unproven():
    actor = local_actor("ada")
    assert actor.name == "local:ada"
    assert not actor.authenticated
    assert not actor.simulated


def test_in_the_sandbox_the_local_user_holds_every_role():
    assert all(local_actor("root").may(role) for role in ROLES)


def test_in_live_mode_whoever_types_may_only_look():
    assert [role for role in ROLES if operator("root").may(role)] == ["viewer"]
    assert not operator("root").authenticated


def test_who_has_not_signed_in_may_not_even_look():
    assert NOBODY.roles == frozenset()


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


def test_five_personas_hold_every_role_between_them_and_none_shares_one():
    held = [role for one in PERSONAS for role in job_roles(one)]

    assert len(PERSONAS) == 5
    assert sorted(held) == sorted(set(ROLES) - {"viewer"})
    assert all(one.may("viewer") for one in PERSONAS)
    assert all(one.simulated and one.kind == "persona" for one in PERSONAS)
    assert not any(one.authenticated for one in PERSONAS)


@pytest.mark.parametrize("named", ["Tom Adeyemi", "tom", " TOM  adeyemi", "persona:tom-adeyemi"])
def test_a_persona_is_found_by_its_name(named: str):
    assert persona(named.strip()).name == "persona:tom-adeyemi"


def test_a_name_that_nobody_has_lists_the_five_and_their_roles():
    with pytest.raises(UnknownPersona, match="Ines Romero") as refused:
        persona("Eve")

    assert all(one.called in str(refused.value) for one in PERSONAS)
    assert "Kofi Brandt (compliance, auditor)" in str(refused.value)


@given(NAMES, NAMES, NAMES, NAMES)
def test_a_signed_in_person_has_one_name_that_tells_nothing(issuer, subject, other, called):
    actor = signed_in(issuer, subject, frozenset({"viewer"}), called)

    assert len(actor.name) == len("oidc:") + 16
    assert set(actor.name.removeprefix("oidc:")) <= set("0123456789abcdef")
    assert actor == signed_in(issuer, subject, frozenset({"viewer"}), other)
    assert actor.authenticated


def test_the_same_subject_of_another_provider_is_another_person():
    one, other = (signed_in(f"https://{name}.test", "7", frozenset()) for name in ("a", "b"))
    assert one.name != other.name
