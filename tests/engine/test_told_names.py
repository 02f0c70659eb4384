"""Names that nobody knows are told, with the ones that may be meant."""

import pytest

from engine.policy_file import policy_reading
from engine.requirement_file import BadFile, read_requirement, requirement_reading
from engine.told_names import check_names, checked

NETWORKS = frozenset({"akash", "ionet", "lium", "gcp"})


def names(text: str, catalogue, **given):
    read = requirement_reading(text, "r.yaml")
    return [(f.line, f.path, f.message) for f in
            check_names(read.value, catalogue, NETWORKS, read.told, **given)]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("de", "write DE"), ("Germny", "write DE"), ("UK", "write GB"), ("eea", "write EEA"),
        ("USA", "write US"), ("Norway", "write NO"), ("Atlantis", "write a code of ISO 3166"),
    ],
)  # fmt: skip
def test_a_country_is_its_code(catalogue, written, words):
    text = f"gpus: {{models: [H100], count: 1}}\ncountries:\n- DE\n- {written}\n- EEA+adequate\n"
    ((line, path, message),) = names(text, catalogue)

    assert (line, path) == (4, "countries[1]")
    assert words in message


def test_a_gpu_that_nobody_knows_is_told_unless_a_seller_calls_his_so(catalogue):
    text = "gpus: {models: [H100, B9000, A100-80], count: 1, generation_min: Hoper}\n"
    generation, model = names(text, catalogue)

    assert generation[1] == "gpus.generation_min"
    assert "Hopper" in generation[2]
    assert model[1] == "gpus.models[1]"
    assert "Closest known" in model[2]
    assert [path for _, path, _ in names(text, catalogue, gpus=["b9000"])] == [generation[1]]


def test_what_looks_like_a_network_is_a_fault_and_a_stranger_a_warning(catalogue):
    text = """\
gpus: {models: [H100], count: 1}
networks: [Akash, io.net, lum, zzz, akash]
networks_banned: [Google Cloud]
"""
    read = requirement_reading(text, "r.yaml")
    found = check_names(read.value, catalogue, NETWORKS, read.told)

    assert [(f.path, f.is_warning) for f in found] == [
        ("networks[0]", False), ("networks[1]", False), ("networks[2]", True),
        ("networks[3]", True), ("networks_banned[0]", False),
    ]  # fmt: skip
    assert "write ionet" in found[1].message
    assert "did you mean lium?" in found[2].message
    assert "Known: akash, gcp, ionet, lium" in found[3].message
    assert "write gcp" in found[4].message


def test_names_are_told_together_with_every_other_fault(catalogue):
    reading = requirement_reading("gpus: {models: [H1000], count: 0}\ncountries: [UK]\n", "r.yaml")
    with pytest.raises(BadFile) as refused:
        checked(reading, catalogue, NETWORKS)

    assert [f.path for f in refused.value.faults] == [
        "gpus.count",
        "gpus.models[0]",
        "countries[0]",
    ]


def test_a_sound_file_gives_its_value_and_what_to_look_at(catalogue):
    reading = requirement_reading("gpus: {models: [H100], count: 1}\nnetworks: [mine]\n", "r.yaml")
    value, warnings = checked(reading, catalogue, NETWORKS)

    assert value.networks == {"mine"}
    assert [(w.line, w.is_warning) for w in warnings] == [(2, True)]


def test_a_file_that_says_nothing_has_no_names(catalogue):
    with pytest.raises(BadFile):
        checked(requirement_reading("5", "r.yaml"), catalogue, NETWORKS)


def test_a_policy_s_rules_are_checked_for_every_class_of_data(catalogue):
    text = "name: a\nrules: {countries: [UK]}\ndata_classes:\n  personal:\n    networks: [AKASH]\n"
    with pytest.raises(BadFile) as refused:
        checked(policy_reading(text, "p.yaml"), catalogue, NETWORKS)

    assert [(f.line, f.path) for f in refused.value.faults] == [
        (2, "rules.countries[0]"), (5, "data_classes.personal.networks[0]"),
    ]  # fmt: skip


def test_without_a_file_there_are_no_lines(catalogue):
    asked = read_requirement("gpus: {models: [H1000], count: 1}", "r.yaml")
    (fault,) = check_names(asked, catalogue, NETWORKS)
    assert (fault.line, fault.path) == (None, "gpus.models")
