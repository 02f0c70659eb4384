"""Which policies a job may name: what was imported stands before what ships."""

import pytest

from data.policies import UnknownPolicy, import_policy
from data.policy_choices import policy_choices, policy_of
from engine.requirement import Gpus, Requirement
from tests.support import ADA, house_of

OWN = "name: cost-first\ntitle: Ours\nprice_age_hours_max: 1\n"


def job(policy):
    return Requirement(gpus=Gpus(count=1, models=frozenset({"H100"})), policy=policy)


def test_the_shipped_examples_are_offered_and_called_so(home):
    with house_of(home).reading() as view:
        found = policy_choices(view)

    assert sorted(found) == ["cost-first", "eu-datacentre", "regulated-data"]
    assert "An example that ships" in found["cost-first"].words
    assert found["cost-first"].version.startswith("cost-first of sha256:")


def test_an_imported_policy_stands_before_the_example_of_its_name(home):
    import_policy(house_of(home), OWN, ADA)
    with house_of(home).reading() as view:
        found = policy_choices(view)["cost-first"]

        assert found == policy_of(view, job("cost-first"))
    assert found.words == "Ours (cost-first@1)"
    assert not found.is_example


def test_a_job_may_name_one_version_or_none(home):
    import_policy(house_of(home), OWN, ADA)
    with house_of(home).reading() as view:
        assert policy_of(view, job("cost-first@1")).version == "cost-first@1"
        assert policy_of(view, job("eu-datacentre")).is_example
        assert policy_of(view, job(None)) is None


def test_what_is_neither_is_refused_with_what_there_is(home):
    with house_of(home).reading() as view, pytest.raises(UnknownPolicy, match="no policy 'gone'"):
        policy_of(view, job("gone"))
