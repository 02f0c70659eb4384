"""The recorded billing figures: each with its source, none that two rows contradict."""

from decimal import Decimal

import pytest

from data.billing import FILE, billing, costs
from engine.market import Term
from engine.savings import AKASH_SHAPE_RATES

FIGURES = billing().figures


def test_every_known_figure_says_where_it_is_from():
    for (network, _, item), figure in FIGURES.items():
        assert figure.note, (network, item)
        if figure.value is not None:
            assert figure.source, (network, item)
        if figure.evidence in {"documented", "published"}:
            assert figure.source_url.startswith("https://"), (network, item)


def test_what_is_the_same_in_two_tables_agrees():
    vcpu, memory = (
        FIGURES["akash", "any", item].high
        for item in ("vcpu_usd_per_month", "memory_usd_per_gb_month")
    )
    assert vcpu == AKASH_SHAPE_RATES.usd_per_vcpu_month
    assert memory == AKASH_SHAPE_RATES.usd_per_gb_month


@pytest.mark.parametrize(
    "network", ["akash", "nosana", "lium", "ionet", "fluence", "render", "aethir"]
)
def test_every_network_says_something_of_its_fee_its_unit_and_its_egress(network):
    for item in ("network_fee", "granularity_seconds", "egress_usd_per_gb"):
        assert (network, "any", item) in FIGURES


def test_terms_are_terms():
    known = {"any", *Term.__args__}
    assert {term for _, term, _ in FIGURES} <= known


def test_costs_have_the_egress_lists_and_a_fingerprint():
    ours = costs()
    assert {rate.provider for rate in ours.egress} >= {"aws", "azure", "gcp"}
    assert len(ours.version) == 64
    assert costs(Decimal("0.1"), {"any": Decimal("0.2")}).version == ours.version


HEAD = FILE.read_text("utf-8").splitlines()[0]
ROW = "akash,any,deposit_usd,5,,,,documented,a page,https://x.example,2026-11-23,five"


def test_a_table_of_ones_own_is_read_exactly(tmp_path):
    own = tmp_path / "billing.csv"
    own.write_text(f"{HEAD}\n{ROW}\n")
    figure = billing(own).figures["akash", "any", "deposit_usd"]
    assert (figure.value, str(figure.observed_on)) == (5, "2026-11-23")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (ROW.replace("deposit_usd", "tip"), "row 2: 'tip' is not one of"),
        (ROW.replace("documented", "heard"), "row 2: 'heard' is not one of"),
        (ROW.replace(",5,", ",-5,"), "row 2: deposit_usd"),
        (ROW.replace(",5,", ",five,"), "row 2: 'five' is not a number"),
        (f"{ROW}\n{ROW}", "row 3: akash any deposit_usd is there twice"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_line(tmp_path, rows, words):
    own = tmp_path / "billing.csv"
    own.write_text(f"{HEAD}\n{rows}\n")
    with pytest.raises(ValueError, match=words):
        billing(own)
