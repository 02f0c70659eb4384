"""io.net: machines at a list price whose meaning no invoice has confirmed."""

import json
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors.base import Answer
from connectors.networks.ionet import IoNet
from data.shipped import catalogue
from engine.market import offers_frame
from engine.savings import MODELLED, compared
from tests.connectors.samples import NOW, SAMPLES, answering, client
from tests.support import baseline

SAMPLE = SAMPLES["ionet"]
ROWS = json.loads(SAMPLE.texts()["hardware.json"])["data"]["hardware"]


def parsed(*rows):
    body = json.dumps({"data": {"hardware": rows}}).encode()
    return IoNet().parse([Answer("https://made.up.example", body)], NOW, catalogue())


def test_a_price_is_taken_as_the_whole_machines():
    offer = parsed(ROWS[1]).offers[0]

    assert (offer.gpu_model, offer.gpu_count, offer.form_factor) == ("H100-SXM", 8, "SXM")
    assert (offer.usd_per_hour, offer.usd_per_gpu_hour) == (Decimal("20.16"), Decimal("2.52"))
    assert "taken as the whole machine's" in (offer.note or "")
    assert "nothing back for an early end" in (offer.note or "")


def test_a_saving_on_it_is_never_a_headline():
    offer = parsed(ROWS[1]).offers[0]
    rival = baseline(gpu_count=8, usd_per_hour=Decimal(55), observed_at=NOW - timedelta(hours=1))
    (found,) = compared(offers_frame([offer]), offers_frame([rival]), NOW).to_dicts()

    assert offer.price_basis in MODELLED
    assert (found["confidence"], "modelled" in found["differences"]) == ("D", True)


def test_a_machine_without_a_price_is_told_apart_from_one_that_cannot_be_read():
    unpriced, unreadable = ROWS[0] | {"price": None}, {"price": "soon"}
    reading = parsed(unpriced, unreadable, ROWS[1])

    assert len(reading.offers) == 1
    assert [reject.code for reject in reading.rejects] == ["unpriced", "unreadable"]


def test_a_machine_without_gpus_is_no_offer():
    reading = parsed(ROWS[0] | {"num_cards": 0, "name": ""})
    assert (reading.offers, reading.rejects[0].reason) == ([], "0 GPUs: an offer has at least one")


@pytest.mark.parametrize(
    ("sold_out", "available"), [(True, False), (False, True), (None, None)], ids=str
)
def test_sold_out_is_not_available_and_silence_is_unknown(sold_out, available):
    offer = parsed(ROWS[0] | {"sold_out": sold_out}).offers[0]
    assert (offer.available, offer.available_count) == (available, None)


@pytest.mark.parametrize(
    ("place", "country"), [("FI", "FI"), ("us", "US"), ("Europe", None), (None, None)]
)
def test_only_a_country_code_is_a_country(place, country):
    offer = parsed(ROWS[0] | {"location": place}).offers[0]
    assert (offer.region, offer.country_code) == (place, country)
    assert offer.country_evidence == ("stated by the network" if country else None)


@settings(derandomize=True, deadline=None, database=None)
@given(memory=st.integers(0, 10**5), vcpu=st.integers(0, 10**4), disk=st.integers(0, 10**6))
def test_sizes_are_kept_as_published_and_a_size_without_a_unit_is_unknown(memory, vcpu, disk):
    offer = parsed(ROWS[0] | {"memory": memory, "vcpu": vcpu, "storage": disk}).offers[0]
    assert (offer.memory_gib, offer.vcpu, offer.storage_gib) == (memory, vcpu, None)
    assert "Memory as published, in GB." in (offer.note or "")


@pytest.mark.parametrize("key", [None, "made-up"])
def test_a_key_is_sent_if_there_is_one(key):
    sent: list[httpx.Headers] = []
    good = answering(SAMPLE, SAMPLE.texts())
    source = IoNet(key=SecretStr(key) if key else None)
    source.fetch(client(lambda r: sent.append(r.headers) or good(r)), catalogue())
    assert [headers.get("x-api-key") for headers in sent] == [key]
