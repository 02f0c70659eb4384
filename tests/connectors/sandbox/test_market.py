"""Who bids on what: room, models, attributes with their signatures, notice, and the price cap."""

import json

import pytest

from connectors.base import Answer
from connectors.networks.akash.screening import who_can_bid
from connectors.sandbox.sdl import AUDITOR
from engine.screening import GpuWanted, ScreeningAsk
from tests.connectors.sandbox.worlds import World, provider, sdl

SIGNED = {"auditedBy": [AUDITOR]}


def bidders(world, text):
    dseq, _ = world.create(text)
    world.pass_blocks(3)
    return {one["bid"]["id"]["provider"].removeprefix("akash1") for one in world.bids(dseq)}


@pytest.mark.parametrize(
    ("changes", "bids"),
    [
        ({}, True),
        ({"is_audited": False}, False),
        ({"is_online": False}, False),
        ({"gpus": ()}, False),
        ({"cpu_millicores_free": 7_999}, False),
        ({"memory_bytes_free": 2**30}, False),
        ({"storage_bytes_free": 2**30}, False),
        ({"usd": "9.00"}, False),
        ({"usd": None}, False),
    ],
    ids=str,
)
def test_only_an_audited_provider_with_room_and_price_bids(tmp_path, changes, bids):
    world = World(tmp_path, (provider("one", **changes),))
    assert bidders(world, sdl()) == ({"one"} if bids else set())


@pytest.mark.parametrize(
    ("gpu", "bids"),
    [
        ({"model": "h100", "ram": "80Gi", "interface": "sxm"}, True),
        ({"model": "h100"}, True),
        (None, True),
        ({"model": "a100"}, False),
        ({"model": "h100", "ram": "94Gi"}, False),
        ({"model": "h100", "interface": "pcie"}, False),
    ],
    ids=str,
)
def test_a_provider_bids_with_the_model_that_was_asked_for(world, gpu, bids):
    assert bool(bidders(world, sdl(gpu=gpu))) == bids


def test_a_bid_names_the_model_it_offers(world):
    dseq, _ = world.create(sdl(gpu=None))
    world.pass_blocks(3)
    gpu = world.bids(dseq)[0]["bid"]["resources_offer"][0]["resources"]["gpu"]
    assert gpu["attributes"][0]["key"] == "vendor/nvidia/model/h100/ram/80Gi/interface/sxm"


@pytest.mark.parametrize(
    ("wanted", "bids"),
    [
        ({"country": "NL"}, {"signed", "unsigned"}),
        ({"country": "DE"}, set()),
        ({"location-region": "eu-west"}, {"signed", "unsigned"}),
        ({"tier": "community"}, {"signed"}),
        ({"tier": "akash"}, set()),
    ],
    ids=lambda value: str(sorted(value)),
)
def test_each_attribute_asked_for_is_there_and_signed(tmp_path, wanted, bids):
    tier = {"key": "tier", "value": "community"}
    signed = provider("signed", attributes=(tier | SIGNED,))
    world = World(tmp_path, (signed, provider("unsigned", attributes=(tier,))))
    assert bidders(world, sdl(attributes=wanted)) == bids


def test_a_notice_that_a_provider_does_not_give_is_not_bid_on(tmp_path):
    short = provider("short", reclamation_window_seconds=3600)
    world = World(tmp_path, (short, provider("long")))
    assert bidders(world, sdl(window="24h")) == {"long"}
    assert bidders(world, sdl(window="60m")) == {"short", "long"}


def test_a_machine_without_gpu_is_sold_at_the_list_price(world):
    dseq, _ = world.create(sdl(gpus=0))
    world.pass_blocks(3)
    price = world.bids(dseq)[0]["bid"]["price"]["amount"]
    assert 190 < float(price) < 220  # 8 CPU, 32 GiB and 100 GiB: about 88 USD a month


class Straight:
    """Necto's HTTP client as the screening needs it, without a socket."""

    def __init__(self, world):
        self.world = world

    def post(self, url, *, body, **_):
        answer = self.world.ask("POST", url.removeprefix("http://sandbox"), json.loads(body))
        return Answer(url, answer.encoded())


def test_screening_foretells_who_bids(world):
    def screened(**changes):
        asked = {"gpu": GpuWanted(model="h100"), "gpu_count": 1, "count": 1, "vcpu": 8}
        asked |= {"memory_gib": 32, "storage_gib": 100} | changes
        found = who_can_bid(Straight(world), "http://sandbox", ScreeningAsk(**asked))
        return {one.provider_id for one in found.bidders}

    assert screened() == {"akash1cheap", "akash1dear"}
    assert screened(usd_per_hour_max="2.50") == {"akash1cheap"}
    assert screened(country_code="DE") == set()
    world.fault(kind="no_bids", times=1)
    assert screened() == set()


def test_no_bids_vanishing_bids_and_dearer_bids_come_once_each(world):
    world.fault(kind="no_bids", times=1)
    assert bidders(world, sdl()) == set()
    world.fault(kind="price_up", times=1, percent=50)
    dseq, manifest = world.create()
    world.pass_blocks(3)
    assert [one["bid"]["price"]["amount"][:4] for one in world.bids(dseq)] == ["5250"]

    world.fault(kind="vanishing_bids", times=1)
    assert "no longer open" in world.take(dseq, manifest).body["message"]
    assert {one["bid"]["state"] for one in world.bids(dseq)} == {"closed"}


def test_dice_with_a_seed_fall_the_same_way_again(world):
    def thrown():
        world.ask("DELETE", "/_sandbox/faults")
        world.ask("POST", "/_sandbox/seed", {"seed": 7})
        world.fault(kind="no_bids", probability=0.5)
        return [bool(bidders(world, sdl())) for _ in range(12)]

    first = thrown()
    assert first == thrown()
    assert set(first) == {True, False}


def test_a_provider_that_left_the_market_keeps_its_leases_and_bids_no_more(world):
    dseq = world.leased()
    world.trade(provider("dear", "3.00"))
    assert bidders(world, sdl()) == {"dear"}
    assert world.lease(dseq)["state"] == "active"
    told = world.get(f"/v1/deployment/{world.net.account.owner}/{dseq}")
    assert told["leases"][0]["provider"]["isDeleted"] is True


def test_a_provider_shows_what_is_free_and_points_to_the_sandbox(world):
    world.net.url = "http://127.0.0.1:1"
    world.leased(sdl(gpus=3, amount=20_000))
    told = world.get("/v1/providers/akash1cheap")
    assert told["stats"]["gpu"] == {"active": 3, "available": 5, "pending": 0, "total": 8}
    assert told["hostUri"] == "http://127.0.0.1:1/provider/akash1cheap"
    assert told["leaseCount"] == 1
    assert world.ask("GET", "/v1/providers/akash1none").encoded() == b"Provider not found."


def test_prices_are_per_gpu_hour_and_unknown_without_a_bidder(tmp_path):
    world = World(tmp_path, (provider("a", "2.00"), provider("b", "3.00"), provider("c", None)))
    (model,) = world.get("/v1/gpu-prices", debug="true")["models"]
    assert (model["price"]["min"], model["price"]["med"]) == (2.0, 2.5)
    assert model["providerAvailability"]["total"] == 3
    assert len(model["providersWithBestBid"]) == model["bidCount"] == 2
    world.trade(provider("c", None))
    assert world.get("/v1/gpu-prices")["models"][0]["price"] is None
