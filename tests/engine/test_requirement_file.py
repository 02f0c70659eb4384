"""Requirement and policy files: every fault at once, nothing bent, nothing lost."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market import Term
from engine.policy import Policy
from engine.policy_file import policy_schema, read_policy
from engine.requirement import Conflict, Requirement
from engine.requirement_file import (
    BadFile,
    read_requirement,
    requirement_reading,
    requirement_schema,
)
from engine.told_json_text import json_text_of
from engine.told_models import read_as

SOUND = jsonschema.Draft202012Validator(requirement_schema())
BAD = """\
gpu: {models: [H100]}
gpus:
  count: 0
  models: [H100, 5, H100]
interruptible: no
checkpoint_minutes: 5
usd_total_max: 12.5
networks: [akash, lium]
networks_banned: [akash]
providers: [a]
providers_banned: [a]
uptime_days: 5
start_by: 1700000000
vcpu_min: yes
po_number: 0471
attributes:
- 5
- key: x
- {key: a, value: "", foo: 1}
ports: [x, {port: 99999}]
terms: [on-demand]
memory_gib_min: .inf
memory_gib_min: 3
storage_gib_min: -1
owner:
image: [a]
duration_hours: true
nodes: 1.5
name: "a\\u0000b"
egress_gb: 1,5
"""
FAULTS = [
    (1, "gpu", "did you mean gpus?"),
    (3, "gpus.count", "must be at least 1"),
    (4, "gpus.models[1]", "put what is meant in quotes"),
    (4, "gpus.models[2]", "listed twice"),
    (5, "interruptible", "'no' is text: write true or false"),
    (9, "networks_banned", "akash: asked for and banned at once"),
    (11, "providers_banned", "a: asked for and banned at once"),
    (12, "uptime_days", "none of 1, 7, 30"),
    (13, "start_by", "read as a whole number (1700000000)"),
    (14, "vcpu_min", "'yes' is text: write a number"),
    (15, "po_number", "put what is meant in quotes"),
    (17, "attributes[0]", "write names with values under it"),
    (18, "attributes[1].value", "is missing: add it"),
    (19, "attributes[2].foo", "is no field here: write one of key, signed_by, value"),
    (19, "attributes[2].value", "is empty"),
    (20, "ports[0]", "write names with values under it"),
    (20, "ports[1].port", "at most 65535"),
    (21, "terms[0]", "did you mean on_demand?"),
    (22, "memory_gib_min", "not a finite number"),
    (23, "memory_gib_min", "given twice"),
    (24, "storage_gib_min", "must be above 0"),
    (26, "image", "is a list: write text"),
    (27, "duration_hours", "true is a yes or no: write a number"),
    (28, "nodes", "1.5 is a number: write a whole number"),
    (29, "name", "control characters"),
    (30, "egress_gb", "write digits and a point"),
]


def faults(text: str, read=read_requirement, name: str = "r.yaml"):
    with pytest.raises(BadFile) as refused:
        read(text, name)
    return [(fault.line, fault.path, fault.message) for fault in refused.value.faults]


def test_every_fault_of_a_file_is_told_at_once_with_line_path_and_remedy():
    found = faults(BAD)

    assert [fault[:2] for fault in found] == [fault[:2] for fault in FAULTS]
    for (_, path, message), (_, _, words) in zip(found, FAULTS, strict=True):
        assert words in message, path


def test_no_fault_is_told_that_another_one_brings_about():
    told = faults("gpus: {models: 5, count: 1}\nusd_total_max: 5\nduration_hours: long\n")
    assert [path for _, path, _ in told] == ["gpus.models", "duration_hours"]


def test_fields_that_do_not_fit_together_are_told_at_their_own_lines():
    text = "gpus:\n  count: 1\nusd_total_max: 5\ncheckpoint_minutes: 3\n"
    assert [(line, path) for line, path, _ in faults(text)] == [
        (1, "gpus.models"), (3, "usd_total_max"), (4, "checkpoint_minutes"),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no total; checkpoint_minutes is of jobs"):
        Requirement.model_validate(
            {"gpus": {"count": 1, "memory_gib_min": 1}, "usd_total_max": 1, "checkpoint_minutes": 1}
        )


def test_norway_is_norway():
    read = read_requirement("gpus: {models: [H100], count: 1}\ncountries: [NO, no]\n", "r.yaml")
    assert read.countries == {"NO", "no"}


@pytest.mark.parametrize("written", ["0.123456789012345678", '"0.123456789012345678"'])
def test_an_amount_is_exactly_what_was_typed(written):
    yaml = f"gpus: {{models: [H100], count: 8.0}}\nusd_per_hour_max: {written}\n"
    text = f'{{"gpus": {{"models": ["H100"], "count": 8}}, "usd_per_hour_max": {written}}}'

    for read in (read_requirement(yaml, "r.yaml"), read_requirement(text, "r.json")):
        assert read.usd_per_hour_max == Decimal("0.123456789012345678")
        assert read.gpus.count == 8


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ("usd_per_hour_max: 1e30", "digits"),
        ("usd_per_hour_max: 0.1234567890123456789", "more than 18 decimals"),
        ("usd_per_hour_max: 99999999999", "more than 10 digits before the point"),
        ("usd_per_hour_max: 2000000000", "at most 1000000000"),
        ("usd_per_hour_max: '1_0'", "no number"),
        ("usd_per_hour_max: '１'", "no number"),
        ("start_by: 2026-11-24", "write day, time and zone"),
        ("start_by: '1700000000'", "write day, time and zone"),
        ("start_by: 2026-13-24T09:00:00Z", "no time that there is"),
        ("vcpu_min:  -.inf", "finite"),
        ("nodes: 1e99", "at most 10000"),
        ("nodes: null", "is empty: write a whole number, or remove the line"),
        ("standbys: [1]", "is a list: write names"),
        ("<<: {nodes: 2}", "merge keys"),
        ("name: " + "x" * 201, "more than 200 characters"),
        (f"countries: [{', '.join(f'c{n}' for n in range(501))}]", "more than 500 entries"),
        ("data_class: secret", "none of public, internal"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(field, fault):
    told = faults(f"gpus: {{models: [H100], count: 1}}\n{field}\n")

    assert len(told) == 1, told
    assert told[0][0] == 2
    assert fault in told[0][2]


@pytest.mark.parametrize("text", ["[1]", "5", "null", "gpus", "gpus: [1]", "gpus:", "{}"])
def test_a_file_of_another_form_is_refused_in_one_sentence(text):
    assert len(faults(text)) == 1


def test_what_is_left_of_a_faulty_file_can_still_be_checked():
    left = requirement_reading("countries: [DE, 5]\nnodes: 0\n", "r.yaml")

    assert left.value is not None
    assert left.value.countries == {"DE"}
    assert len(left.faults) == 3


def test_reading_ends_also_where_nothing_can_be_left():
    reading = read_as(
        Requirement, requirement_schema(), "nodes: 0", "r.yaml", {("gpus",): {"count": 0}}
    )

    assert reading.value is None
    assert [fault.path for fault in reading.faults] == ["gpus", "nodes"]


POLICY = """\
name: EU_x
title: "a\\tb"
rules: {countries: [DE, DE], networks: [a], networks_banned: [a], controls: [x]}
data_classes: {personal: {audited_only: 1}, foo: {}, public: {networks: [b], networks_banned: [b]}}
weights: {cost: 0, uptime: 0, availability: 0, stability: 0, reliability: 0}
risk: {volatility: -1}
"""


def test_a_policy_is_read_the_same_way():
    assert [fault[:2] for fault in faults(POLICY, read_policy)] == [
        (1, "name"), (2, "title"), (3, "rules.countries[1]"), (3, "rules.networks_banned"),
        (4, "data_classes.foo"), (4, "data_classes.personal.audited_only"),
        (4, "data_classes.public.networks_banned"), (5, "weights.cost"), (6, "risk.volatility"),
    ]  # fmt: skip
    assert faults("title: x", read_policy) == [(1, "name", "is missing: add it")]
    with pytest.raises(Conflict, match="above zero"):
        raise Conflict((("cost",), "above zero"))


letters = st.characters(min_codepoint=32, exclude_characters="\x7f", exclude_categories=["Cs"])
names = st.text(letters, min_size=1, max_size=12)
amounts = st.floats(0.001, 10**6) | st.integers(1, 10**6)
money = st.decimals("0.000000000000000001", 10**6, places=18)
requirements = st.builds(
    Requirement,
    gpus=st.fixed_dictionaries(
        {"count": st.integers(1, 16), "memory_gib_min": amounts},
        optional={"models": st.frozensets(names, max_size=3), "generation_min": names},
    ),
    name=names,
    vcpu_min=st.none() | amounts,
    duration_hours=st.decimals(1, 1000, places=9),
    usd_total_max=st.none() | money,
    start_by=st.none() | st.datetimes(datetime(1999, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    countries=st.frozensets(names, max_size=3),
    terms=st.none() | st.frozensets(st.sampled_from(get_args(Term))),
    attributes=st.lists(
        st.fixed_dictionaries({"key": names, "value": names}, optional={"signed_by": names}),
        max_size=3,
    ),
    command=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=9), max_size=3),
    interruptible=st.booleans(),
)


@settings(deadline=None)
@given(requirements)
def test_what_is_written_reads_back_as_the_same_requirement(requirement):
    text = json_text_of(requirement)

    assert read_requirement(text, "r.json") == requirement
    assert read_requirement(text, "r.yaml") == requirement
    assert json_text_of(read_requirement(text, "r.json")) == text
    assert SOUND.is_valid(json.loads(text))


def test_a_policy_reads_back_as_the_same_policy():
    policy = Policy.model_validate(
        {
            "name": "a",
            "data_classes": {"personal": {"countries": ["EU"]}},
            "risk": {"volatility": 1},
        }
    )
    text = json_text_of(policy)

    assert read_policy(text, "p.json") == policy
    jsonschema.validate(json.loads(text), policy_schema())


odd = st.sampled_from(
    [None, True, 0, 1, 7, -3, 2.5, "", "x", "8", "2.50", "spot", [], ["a"], ["a", "a"], [1], {},
     10**12, {"count": 1}, [{"key": "a", "value": "b"}], [{"port": 1}], {"count": 1, "models": []}]
)  # fmt: skip


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*Requirement.model_fields, "gpu"]), odd, max_size=6))
def test_the_published_schema_and_the_reader_refuse_the_same_files(fields):
    whole = {"gpus": {"models": ["H100"], "count": 1}} | fields
    is_sound = SOUND.is_valid(whole)
    reading = requirement_reading(json.dumps(whole), "r.json")
    beyond = ("name models", "needs duration_hours", "is of jobs", "at once", "write day")
    other = [f for f in reading.faults if not any(words in f.message for words in beyond)]

    assert is_sound == (not other), (whole, reading.faults)
