"""Names of GPUs, and countries as the GDPR sees them."""

import csv
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.shipped import FOLDER
from data.shipped import catalogue as shipped_catalogue
from engine.resources import Catalogue, GpuModel, Jurisdiction, UnknownGpu, name_key

KNOWN = [
    (alias, model.name)
    for model in shipped_catalogue().models
    for alias in (model.name, *model.aliases)
]


def gpu(name: str, **changes: object) -> GpuModel:
    fields = {
        "name": name,
        "family": "X100",
        "vendor": "NVIDIA",
        "memory_gib": Decimal(100),
        "interface": "SXM",
    }
    return GpuModel(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "a100 80Gi SXM4",
        "NVIDIA A100-SXM4-80GB",
        "Standard_ND96amsr_A100_v4",
        "A100-80-SXM",
        "sxm4, nvidia a100 80gb",
        "A100 80GB HBM2e SXM4",
    ],
)
def test_one_model_is_known_by_every_sellers_name_for_it(catalogue: Catalogue, text: str):
    found = catalogue.match(text)
    assert found
    assert found.name == "A100-80-SXM"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("H100 80GB SXM5", "H100-SXM"),
        ("NVIDIA H100 PCIe", "H100-PCIe"),
        ("h100 94Gi NVL", "H100-NVL"),
        ("H100 80GB", "H100"),
        ("A100 80GB", "A100-80"),
        ("A100 80GB PCIe", "A100-80-PCIe"),
        ("A100 40GB PCIe", "A100-40-PCIe"),
        ("v100 16Gi SXM2", "V100-16-SXM2"),
        ("v100 32Gi PCIe", "V100-32-PCIe"),
        ("AMD Instinct MI300X OAM", "MI300X"),
    ],
)
def test_another_form_factor_or_memory_is_another_model(catalogue: Catalogue, text: str, name: str):
    found = catalogue.match(text)
    assert found
    assert found.name == name


@pytest.mark.parametrize(
    "text",
    [
        "a100",
        "V100",
        "v100-sxm2",
        "v100-pcie",
        "A100 SXM",
        "A100 40GB",
        "FooBar 9000",
        "rtx 6000 ada generation",
        "RTX A6000",
        "H100 40GB",
        "H100 SXM 94GB",
        "RTX 4090 SXM",
        "RTX 4090 48GB",
        "H100 MIG 1g.10gb",
        "",
        "NVIDIA",
        "80GB",
        "SXM",
    ],
)
def test_an_unclear_name_is_never_guessed(catalogue: Catalogue, text: str):
    assert catalogue.match(text) is None


@given(st.sampled_from(KNOWN), st.integers(0, 2**64))
def test_every_alias_names_its_model_in_any_case(known: tuple[str, str], capitals: int):
    alias, name = known
    text = "".join(c.upper() if capitals >> i & 1 else c.lower() for i, c in enumerate(alias))
    found = shipped_catalogue().match(text)
    assert found
    assert found.name == name


def test_every_akash_name_that_ships_reads_as_the_model_it_was_recorded_for(catalogue: Catalogue):
    with (FOLDER / "offers.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["network"] == "akash"]
    read = [catalogue.match(row["source_gpu_model"]) for row in rows]
    assert len(rows) == 38
    assert [m and m.name for m in read] == [row["gpu_model"] for row in rows]


@pytest.mark.parametrize("text", ["NVIDIA GeForce RTX 4090", "rtx-4090", "RTX4090", "Rtx_4090 "])
def test_vendor_blanks_and_punctuation_do_not_make_another_name(text: str):
    assert name_key(text) == "rtx4090"
    assert name_key(f"{text} D") != "rtx4090"


@pytest.mark.parametrize(
    ("stated", "fits"), [("93GB", True), ("107GiB", True), ("92.9GB", False), ("107.1GB", False)]
)
def test_a_stated_memory_may_differ_by_seven_percent(stated: str, fits: bool):  # noqa: FBT001
    known = Catalogue(models=(gpu("X100-SXM"),))
    assert (known.match(f"X100 {stated} SXM") is not None) == fits


def test_a_name_of_two_models_is_refused_when_the_catalogue_is_built():
    one, two = gpu("One", aliases=("x-100",)), gpu("Two", aliases=("NVIDIA X100",))
    with pytest.raises(ValueError, match="'x100' names both One and Two"):
        Catalogue(models=(one, two))


def test_a_canonical_name_is_written_exactly(catalogue: Catalogue):
    found = catalogue.model("H100-SXM")
    assert found
    assert found.name == "H100-SXM"
    assert catalogue.model("h100-sxm") is None
    assert catalogue.model("H100 SXM") is None


@pytest.mark.parametrize("text", ["p5.48xlarge", "P5.48XLARGE", "a3-highgpu-8g"])
def test_an_instance_type_names_its_gpu(catalogue: Catalogue, text: str):
    found = catalogue.match(text)
    assert found
    assert found.name == "H100-SXM"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("H100", {"H100", "H100-SXM", "H100-PCIe", "H100-NVL"}),
        ("nvidia h100", {"H100", "H100-SXM", "H100-PCIe", "H100-NVL"}),
        ("H100-SXM", {"H100-SXM"}),
        ("A100-80", {"A100-80", "A100-80-SXM", "A100-80-PCIe"}),
        ("A100 40GB", {"A100-40-SXM", "A100-40-PCIe"}),
        ("A100 SXM", {"A100-80-SXM", "A100-40-SXM"}),
        ("a100", {"A100-80", "A100-80-SXM", "A100-80-PCIe", "A100-40-SXM", "A100-40-PCIe"}),
        ("RTX 4090", {"RTX 4090"}),
        ("p5.48xlarge", {"H100-SXM"}),
    ],
)
def test_a_request_means_every_member_of_what_it_names(
    catalogue: Catalogue, text: str, names: set[str]
):
    assert catalogue.select(text) == names


@given(st.sampled_from(KNOWN))
def test_a_request_for_a_known_name_always_includes_that_model(known: tuple[str, str]):
    alias, name = known
    assert name in shipped_catalogue().select(alias)


@pytest.mark.parametrize(
    ("text", "close"), [("RTX 4091", "RTX 4090"), ("H101-SXM", "H100-SXM"), ("MI300", "MI300X")]
)
def test_an_unknown_gpu_is_answered_with_the_closest_names(
    catalogue: Catalogue, text: str, close: str
):
    with pytest.raises(UnknownGpu) as refusal:
        catalogue.select(text)
    said, _, suggestions = str(refusal.value).partition("Closest known: ")
    assert repr(text) in said
    assert close in suggestions.split(", ")


@pytest.mark.parametrize("text", ["", "§§§", "zzzzzzzzzz"])
def test_a_name_close_to_nothing_is_still_answered_with_some_names(catalogue: Catalogue, text: str):
    with pytest.raises(UnknownGpu, match=r"Closest known: A10, A100, ") as refusal:
        catalogue.select(text)
    assert str(refusal.value).count(", ") == 4


def test_the_eea_is_the_eu_with_three_more(catalogue: Catalogue):
    union, area = catalogue.countries_in("EU"), catalogue.countries_in("EEA")
    assert len(union) == 27
    assert area - union == {"IS", "LI", "NO"}
    assert union < area
    assert {"GB", "CH"}.isdisjoint(area)


def test_adequate_countries_count_and_partial_decisions_do_not(catalogue: Catalogue):
    wide = catalogue.countries_in("EEA+adequate")
    assert catalogue.countries_in("EEA") < wide
    assert {"GB", "CH", "NO", "JP"} <= wide
    assert {"US", "CA"}.isdisjoint(wide)
    assert {"US", "CA"} <= set(catalogue.jurisdictions)


def test_a_group_of_countries_that_is_not_defined_is_refused(catalogue: Catalogue):
    with pytest.raises(ValueError, match=r"'NATO' is not one of EU, EEA, EEA\+adequate"):
        catalogue.countries_in("NATO")


def test_a_country_without_a_decision_is_in_no_group():
    nowhere = Jurisdiction(
        country_code="XX",
        in_eu=False,
        in_eea=False,
        adequacy="none",
        detail="",
        as_of=date(2026, 8, 5),
    )
    known = Catalogue(models=(), jurisdictions={"XX": nowhere})
    assert known.countries_in("EEA+adequate") == frozenset()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("DE", "DE"),
        (" gb ", "GB"),
        ("XK", "XK"),
        ("UK", None),
        ("EU", None),
        ("ZZ", None),
        ("Germany", None),
        ("", None),
        (None, None),
    ],
)
def test_a_country_is_an_iso_code_or_unknown(text: str | None, code: str | None):
    assert Catalogue.country(text) == code


def test_every_jurisdiction_is_a_country(catalogue: Catalogue):
    assert [c for c in catalogue.jurisdictions if Catalogue.country(c) != c] == []


def test_a_region_has_a_country_only_if_it_is_known(catalogue: Catalogue):
    assert catalogue.country_of("aws", "eu-west-3") == "FR"
    assert catalogue.country_of("aws", "eu-central-1") == "DE"
    assert catalogue.country_of("azure", "eu-west-3") is None
    assert catalogue.country_of("aws", "") is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("A100-40", {"A100-40-SXM", "A100-40-PCIe"}),
        ("v100-16", {"V100-16-SXM2", "V100-16-PCIe"}),
    ],
)
def test_a_family_with_its_memory_means_every_form_factor(
    catalogue: Catalogue, text: str, names: set[str]
):
    assert catalogue.select(text) == names


@pytest.mark.parametrize("text", ["EU", "UK", "", None, "=1", "DEU"])
def test_what_is_no_country_code_is_none(text: str | None):
    assert Catalogue.country(text) is None


def test_a_country_code_is_read_in_any_case():
    assert Catalogue.country(" de ") == "DE"
