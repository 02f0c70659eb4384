"""Generations: which is later, within one vendor; what is not known is not guessed."""

import pytest

from data.generations import generations
from engine.generations import Generations, GpuGeneration, UnknownGeneration


def row(family: str, name: str = "Hopper", order: int = 8, vendor: str = "NVIDIA"):
    return GpuGeneration(family=family, vendor=vendor, name=name, order=order)


def test_later_ones_are_of_the_same_vendor():
    known = generations()

    assert known.since("hopper") == {"Hopper", "Blackwell"}
    assert known.since("Ada Lovelace") == {"Ada", "Hopper", "Blackwell"}
    assert known.since("CDNA 3") == {"CDNA3", "CDNA4"}
    assert known.of("h100") == "Hopper"
    assert known.of("H9000") is None


def test_every_family_of_the_catalogue_has_a_generation_of_its_vendor(catalogue):
    of_vendor = catalogue.generations.names()
    for model in catalogue.models:
        assert catalogue.generations.of(model.family) in of_vendor[model.vendor], model.name


def test_every_row_has_its_source():
    assert all(row.source_url.startswith("https://") and row.source for row in generations().rows)
    assert all(row.observed_on for row in generations().rows)


def test_a_name_that_is_none_is_told_with_the_known_ones():
    with pytest.raises(UnknownGeneration, match=r"'Hoper'. Known: AMD: CDNA, .*NVIDIA: Maxwell"):
        generations().since("Hoper")


@pytest.mark.parametrize(
    "rows", [(row("H100"), row("h-100")), (row("H100"), row("H200", order=9)),
             (row("H100"), row("X", vendor="AMD"))],
)  # fmt: skip
def test_a_table_that_contradicts_itself_is_refused(rows):
    with pytest.raises(ValueError, match=r"twice|apart"):
        Generations(rows)
