"""Later generations are of the same vendor, in order."""

import pytest

from engine.generations import GENERATIONS, UnknownGeneration, from_generation, generation_of


def test_a_generation_means_itself_and_later_ones_of_its_vendor():
    assert from_generation("Ada Lovelace") == {"Ada", "Hopper", "Blackwell"}
    assert from_generation("cdna-3") == {"CDNA3", "CDNA4"}


def test_families_have_a_known_generation_or_none():
    assert generation_of("H100") == "Hopper"
    assert generation_of("MI300X") == "CDNA3"
    assert generation_of("Abacus") is None
    assert all(from_generation(name) for names in GENERATIONS.values() for name in names)


def test_an_unknown_generation_is_refused_with_the_known_ones():
    with pytest.raises(UnknownGeneration, match="'Rubin'"):
        from_generation("Rubin")
