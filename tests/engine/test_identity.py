"""Who signed in: what the provider did not verify is not believed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.identity import GROUPS_MAX, LASTS, identity_of

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
CLAIMS = {
    "iss": "https://idp.test", "sub": "7", "iat": int(NOW.timestamp()), "name": "Ann Ash",
    "email": "Ann@Example.com", "email_verified": True, "groups": ["buyers", "staff"],
}  # fmt: skip
ANY = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())


def read(**changes):
    return identity_of(CLAIMS | changes, "groups", NOW)


def test_a_person_is_read_with_what_the_provider_vouches_for():
    found = read()

    assert found.email == "ann@example.com"
    assert found.groups == {"buyers", "staff"}
    assert found.called == "Ann Ash"
    assert found.actor().name == found.actor_name
    assert found.actor().authenticated


@pytest.mark.parametrize("said", [False, None, "true", 1, "True"])
def test_an_address_that_is_not_verified_is_not_believed(said):
    assert read(email_verified=said).email is None


@pytest.mark.parametrize(
    "changes", [{"iss": ""}, {"sub": None}, {"sub": 7}, {"sub": "a\x00"}, {"iss": "x" * 300}]
)
def test_claims_without_issuer_or_subject_are_nobody_s(changes):
    assert read(**changes) is None


@pytest.mark.parametrize("iat", [None, True, "1", float("nan"), 1e300, -1])
def test_a_token_that_does_not_say_when_it_was_made_is_not_believed(iat):
    assert read(iat=iat) is None


@given(st.integers(min_value=-100_000, max_value=100_000))
def test_a_sign_in_is_believed_for_half_a_day(seconds):
    found = identity_of(CLAIMS, "groups", NOW + timedelta(seconds=seconds))
    assert (found is not None) == (-300 <= seconds <= LASTS.total_seconds())


def test_groups_come_from_the_claim_that_is_set_up_as_a_list_or_one():
    assert identity_of(CLAIMS | {"roles": "ops"}, "roles", NOW).groups == {"ops"}
    assert read(groups={"a": 1}).groups == frozenset()
    assert len(read(groups=[f"g{n}" for n in range(GROUPS_MAX + 9)]).groups) == GROUPS_MAX
    assert read(groups=["ok", 7, "\x00", ""]).groups == {"ok"}


@given(st.dictionaries(st.sampled_from(sorted(CLAIMS)), ANY))
def test_whatever_the_claims_hold_they_are_read_or_refused(changes):
    found = read(**changes)
    if found is not None:
        assert found.issuer.isprintable()
        assert found.email is None or "@" in found.email
