"""A GPU is what its name, form factor and memory leave possible."""

import pytest

from engine.gpu_kinds import gpu_kind, wanted_models
from engine.resources import UnknownGpu
from tests.route_worlds import CATALOGUE


def test_the_model_table_comes_before_the_sellers_figures():
    kind = gpu_kind(CATALOGUE, "h100 80Gi SXM5", "PCIe", 79.0)
    assert (kind.name, kind.form_factor, kind.memory_gib) == ("H100-SXM", "SXM", 80.0)
    assert (kind.tflops, kind.generation) == (989.0, "Hopper")


def test_an_unknown_card_keeps_what_its_seller_says():
    kind = gpu_kind(CATALOGUE, "Abacus 3", "SXM", 12.0)
    assert (kind.form_factor, kind.memory_gib, kind.tflops) == ("SXM", 12.0, None)
    assert kind.is_one_of(frozenset({"Abacus 3"})) is True
    assert kind.is_one_of(frozenset({"H100-SXM"})) is False


def test_a_sellers_word_for_a_form_factor_is_understood():
    assert gpu_kind(CATALOGUE, "Abacus 3", "sxm5", None).form_factor == "SXM"
    assert set(gpu_kind(CATALOGUE, "H100", "PCIE", None).members) == {"H100-PCIe"}
    assert gpu_kind(CATALOGUE, "Abacus 3", "wood", None).form_factor == "wood"


def test_what_contradicts_every_member_rules_out_none():
    assert set(gpu_kind(CATALOGUE, "A100", "OAM", 300.0).members) == {
        "A100-80-SXM", "A100-80-PCIe", "A100-40-PCIe",
    }  # fmt: skip


def test_a_card_without_a_name_may_be_any():
    nameless = gpu_kind(CATALOGUE, None, None, None)
    assert nameless.is_one_of(frozenset({"H100-SXM"})) is None
    assert not nameless.lacks_form(frozenset({"H100-SXM"}))


def test_a_sellers_own_name_can_be_asked_for_and_nobodys_name_is_refused():
    kinds = [gpu_kind(CATALOGUE, "Abacus 3", None, None), gpu_kind(CATALOGUE, None, None, None)]
    assert wanted_models(CATALOGUE, ["abacus-3", "L40S"], kinds) == {"Abacus 3", "L40S"}
    with pytest.raises(UnknownGpu, match="No GPU is called 'Abacus 4'"):
        wanted_models(CATALOGUE, ["Abacus 4"], kinds)
