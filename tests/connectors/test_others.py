"""Nosana and Lium: what is theirs alone."""

from decimal import Decimal

import pytest

from connectors.base import Answer
from connectors.networks.lium import Lium
from connectors.networks.nosana import Nosana
from data.shipped import recorded_offers
from tests.connectors.samples import NOW, SAMPLES


def parsed(source, catalogue):
    texts = SAMPLES[source.name].texts()
    answers = [Answer("https://made.up.example", text.encode()) for text in texts.values()]
    return {offer.gpu_name: offer for offer in source.parse(answers, NOW, catalogue).offers}


def test_a_reward_is_kept_as_reward_and_the_likely_price_is_only_a_note(catalogue):
    offer = parsed(Nosana(), catalogue)["NVIDIA 4090"]

    assert (offer.usd_per_hour, offer.price_basis) == (
        Decimal("0.301"),
        "host_reward_before_network_fee",
    )
    assert "plus 10 % (inferred)" in (offer.note or "")
    assert "RTX 4090 D" in (offer.note or "")


def test_a_market_of_whole_nodes_is_priced_by_the_node(catalogue):
    offer = parsed(Nosana(), catalogue)["8xH100"]

    assert (offer.gpu_count, offer.usd_per_gpu_hour) == (8, Decimal("2.17"))


def test_nosana_proves_no_country(catalogue):
    assert {offer.country_code for offer in parsed(Nosana(), catalogue).values()} == {None}


def test_a_node_rented_whole_is_a_fixed_machine(catalogue):
    offer = parsed(Lium(), catalogue)["A100-SXM4-80GB"]

    assert (offer.gpu_count, offer.gpu_count_max, offer.usd_per_hour) == (8, None, Decimal("10.48"))
    assert (offer.gpu_model, offer.vcpu, offer.country_code) == ("A100-80-SXM", 128, "FI")


def test_a_node_rented_by_the_gpu_shares_out_its_shape(catalogue):
    texts = SAMPLES["lium"].texts()["nodes.json"].encode()
    offers = Lium().parse([Answer("u", texts)], NOW, catalogue).offers
    single = next(o for o in offers if o.gpu_count_max)

    assert (single.gpu_count, single.gpu_count_max, single.vcpu) == (1, 3, 16)
    assert single.usd_per_hour == Decimal("0.41")


def test_what_may_be_reclaimed_is_spot(catalogue):
    texts = SAMPLES["lium"].texts()["nodes.json"].encode()
    terms = {(o.tier, o.term) for o in Lium().parse([Answer("u", texts)], NOW, catalogue).offers}

    assert terms == {("secure", "on_demand"), ("spot", "spot")}


@pytest.mark.parametrize("source", [Nosana(), Lium()], ids=lambda s: s.name)
def test_live_and_recorded_figures_of_one_offer_share_its_id(source, catalogue, shared):
    """So that a price can be followed from the shipped figure to the live one."""
    folder = shared / "networks" / "others"
    bodies = {
        "lium": (folder / "lium" / "public_v1_nodes_2026-09-10.json").read_bytes(),
        "nosana": b"[" + (folder / "nosana" / "market.json").read_bytes() + b"]",
    }
    live = source.parse([Answer("u", bodies[source.name])], NOW, catalogue).offers

    known = {offer.offer_id for offer in recorded_offers()[source.name]}
    assert live
    assert {offer.offer_id for offer in live} <= known
