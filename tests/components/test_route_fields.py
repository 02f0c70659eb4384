"""The form, the address and a file say the same job, whichever it came from."""

from decimal import Decimal
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.route_fields import (
    ALSO,
    KEYS,
    empty,
    is_blank,
    query_of,
    requirement_text,
    values_of,
)
from data.examples import requirement_examples
from engine.requirement import Attribute, EnvVar, Gpus, Requirement, Standbys
from engine.requirement_file import read_requirement

JOB = Requirement(gpus=Gpus(count=8, models=frozenset({"H100"})))
names = st.frozensets(st.text("abcXYZ -_'\"#:é", min_size=1, max_size=8), max_size=3)
amounts = st.decimals("0.000000001", 99_999, places=9) | st.integers(1, 9999).map(Decimal)
attributes = st.lists(
    st.builds(
        Attribute, key=st.sampled_from("ab"), value=st.text("xyz =", min_size=1, max_size=5),
        signed_by=st.none() | st.sampled_from(["*", "Overclock Labs"]),
    ), max_size=3,
).map(tuple)  # fmt: skip
jobs = st.builds(
    Requirement,
    gpus=st.builds(
        Gpus, count=st.integers(1, 1024), models=names, memory_gib_min=st.floats(1, 1e9),
        generation_min=st.none() | st.just("Hopper"),
    ),
    duration_hours=st.none() | amounts,
    usd_per_hour_max=st.none() | amounts,
    egress_gb=amounts,
    interruptible=st.booleans(),
    countries=st.frozensets(st.sampled_from(["EEA", "US", "NO"])),
    networks=st.frozensets(st.sampled_from(["akash", "lium", "new-one"])),
    providers=names,
    terms=st.none() | st.frozensets(st.sampled_from(["on_demand", "spot"]), min_size=1),
    uptime_min=st.none() | st.floats(0.0001, 1),
    uptime_days=st.sampled_from([1, 7, 30]),
    attributes=attributes,
    data_class=st.sampled_from(["internal", "personal"]),
    owner=st.none() | st.just("ml: #1"),
    env=st.lists(
        st.builds(EnvVar, name=st.just("PLAIN"), value=st.text("a 'é#:{", max_size=5))
        | st.builds(EnvVar, name=st.just("HF_TOKEN"), secret=st.just("TEAM_HF")),
        max_size=2, unique_by=lambda one: one.name,
    ).map(tuple),
    standbys=st.builds(Standbys, count=st.integers(0, 5), other_network=st.booleans()),
)  # fmt: skip


@settings(deadline=None)
@given(jobs)
def test_a_job_put_into_the_form_comes_out_of_it_the_same(job):
    assert read_requirement(requirement_text(values_of(job))[0], "form") == job


@pytest.mark.parametrize("name", sorted(requirement_examples()))
def test_every_shipped_example_fits_the_form(name):
    job = read_requirement(requirement_examples()[name], name)

    assert read_requirement(requirement_text(values_of(job))[0], "form") == job


def test_what_the_form_cannot_hold_exactly_stands_beside_it():
    job = JOB.model_copy(update={"usd_per_hour_max": Decimal("30.123456789012345678")})
    values = values_of(job)

    assert values["usd_per_hour_max"] is None
    assert values[ALSO] == 'usd_per_hour_max: "30.123456789012345678"\n'


def test_a_number_beyond_the_widget_takes_its_whole_group_beside_it():
    job = Requirement(gpus=Gpus(count=1, memory_gib_min=0.1 + 0.2, models=frozenset({"H100"})))
    values = values_of(job)

    assert read_requirement(requirement_text(values)[0], "form") == job


def test_the_file_has_the_fields_in_the_file_s_own_words():
    values = values_of(JOB) | {"countries": frozenset({"EEA"}), "uptime_min": 99.5}

    assert requirement_text(values) == (
        'gpus:\n  models: ["H100"]\n  count: 8\ncountries: ["EEA"]\nuptime_min: 0.995\n', 5
    )  # fmt: skip


def test_a_job_without_a_count_is_for_one_gpu():
    assert "count: 1" in requirement_text({"models": ["H100"]})[0]


def test_nothing_asked_is_blank_and_one_field_is_not():
    nothing = {key: empty(key) for key in KEYS}

    assert is_blank(nothing)
    assert not is_blank(nothing | {"interruptible": True})


def test_the_address_leaves_out_what_asks_for_nothing():
    asked = query_of(values_of(JOB) | {"interruptible": True})

    assert parse_qs(urlencode(asked, doseq=True)) == {
        "models": ["H100"], "gpu_count": ["8"], "interruptible": ["true"],
    }  # fmt: skip
