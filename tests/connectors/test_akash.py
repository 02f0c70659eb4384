"""Akash: what a bid costs an hour, what is free, and which country is proven by whom."""

import json
import time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from connectors.base import Answer, Reading, Unreadable
from connectors.networks.akash import Akash
from data.shipped import catalogue
from engine.market import Offer
from tests.connectors.codecs import JSON, at, put
from tests.connectors.samples import NOW, SAMPLES, answering, client, ingest

SAMPLE = SAMPLES["akash"]
BID = ("models", 0, "providersWithBestBid", 0, "bestBid")
SELLER = ("models", 0, "providersWithBestBid", 0, "provider")
AUDITOR = "akash1365yvmc4s7awdyj3n2sav7xfx76adc6dnmlx63"
CENT = Decimal("0.01")


class Said:
    """Both answers of the sample, to be changed and read."""

    def __init__(self) -> None:
        texts = SAMPLE.texts()
        self.prices: Any = json.loads(texts["gpu-prices.json"])
        self.providers: Any = json.loads(texts["providers.json"])

    def reading(self) -> Reading:
        bodies = (json.dumps(part).encode() for part in (self.prices, self.providers))
        return Akash().parse(
            [Answer("https://akash.example/", b) for b in bodies], NOW, catalogue()
        )

    def bid(self, denom: str, amount: str, akt_usd: float | None = None) -> Reading:
        put(self.prices, (*BID, "data", "price"), {"denom": denom, "amount": amount})
        put(self.prices, (*BID, "aktTokenPrice"), akt_usd)
        return self.reading()

    def offer(self) -> Offer:
        """The offer of the first bid."""
        return next(o for o in self.reading().offers if "AA01" in o.source)


def validator(node: Any) -> Any:
    """An OpenAPI 3.0 schema as JSON Schema: there, ``nullable`` is a type."""
    if isinstance(node, list):
        return [validator(part) for part in node]
    if not isinstance(node, dict):
        return node
    plain = {name: validator(part) for name, part in node.items() if name != "nullable"}
    may_be_null = node.get("nullable") is True and "type" in node
    return plain | {"type": [node["type"], "null"]} if may_be_null else plain


def undocumented(value: Any, schema: Any) -> set[str]:
    """The keys of a value that its schema does not name."""
    if isinstance(value, list):
        return set().union(*(undocumented(part, schema.get("items", {})) for part in value))
    if not isinstance(value, dict) or "properties" not in schema:
        return set()
    known = schema["properties"]
    inner = (undocumented(part, known[name]) for name, part in value.items() if name in known)
    return set().union(value.keys() - known.keys(), *inner)


@pytest.fixture
def sample_offers() -> dict[str, Offer]:
    """The sample's offers by the transaction of their bid."""
    offers = Said().reading().offers
    return {tx: o for tx in ("AA01", "AA02", "AA03", "AA04") for o in offers if tx in o.source}


@pytest.fixture
def openapi(shared) -> Any:
    return json.loads((shared / "networks/akash/console-api.openapi.json").read_text("utf-8"))


def requests_made() -> list[httpx.Request]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answering(SAMPLE, SAMPLE.texts())(request)

    Akash().fetch(client(answer), catalogue())
    return asked


def success(openapi: Any, path: str) -> Any:
    content = openapi["paths"][path]["get"]["responses"]["200"]["content"]
    return content["application/json"]["schema"]


@pytest.mark.parametrize(
    ("denom", "amount", "akt_usd", "usd_per_hour"),
    [
        ("uact", "4000.5", None, "2.4003"),
        ("uact", "4000.5", 0.25, "2.4003"),
        ("uact", "4262.041502", None, "2.5572249012"),
        ("uact", "1.000000000000000001", None, "0.000600000000000000"),
        ("uakt", "1500", 0.4, "0.36"),
        ("uakt", "3333.333333", 0.123456789, "0.246913577975308642"),
    ],
)
def test_an_hour_is_600_blocks_of_a_millionth(denom, amount, akt_usd, usd_per_hour):
    reading = Said().bid(denom, amount, akt_usd)
    offer = next(o for o in reading.offers if "AA01" in o.source)
    assert offer.usd_per_hour == Decimal(usd_per_hour)
    assert offer.native_price == f"{amount} {denom} per block"


@pytest.mark.parametrize(
    ("denom", "akt_usd"),
    [("uakt", None), ("ibc/170C", 1.0), ("uusd", 1.0), ("", 1.0), ("UACT", 1.0), ("act", 1.0)],
)
def test_a_bid_in_another_currency_is_refused(denom, akt_usd):
    reading = Said().bid(denom, "4000.5", akt_usd)
    assert [r.code for r in reading.rejects] == ["impossible", "unpriced"]
    assert repr(denom) in reading.rejects[0].reason
    assert len(reading.offers) == 3


@pytest.mark.parametrize("akt_usd", [-0.5, 0])
def test_two_wrong_signs_make_no_right_price(akt_usd):
    reading = Said().bid("uakt", "-4000.5", akt_usd)
    assert not [o for o in reading.offers if "AA01" in o.source]
    assert (len(reading.offers), len(reading.rejects)) == (3, 2)


@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-11-20T08:00:00", ""]
)
def test_a_bid_of_no_possible_date_is_refused_alone(lake, moment):
    texts = SAMPLE.with_token((*BID[2:], "datetime"), json.dumps(moment))
    record = ingest(lake, answering(SAMPLE, texts)).run(Akash())
    assert (record.outcome, record.offers) == ("ok", 3)
    assert record.drops["rejects"].rows == 2


@pytest.mark.parametrize("place", [("height",), ("deployment", "cpuUnits")], ids=str)
def test_a_number_of_few_letters_takes_no_long_time(place):
    texts = SAMPLE.texts()
    prices = JSON.with_token(texts["gpu-prices.json"], (*BID, *place), "1e5000000")
    answers = [Answer("u", text.encode()) for text in (prices, texts["providers.json"])]
    started = time.process_time()
    reading = Akash().parse(answers, NOW, catalogue())
    assert time.process_time() - started < 1
    assert (len(reading.offers), len(reading.rejects)) == (3, 2)


def test_the_price_is_of_the_whole_order(sample_offers):
    pair = sample_offers["AA02"]
    assert (pair.gpu_count, pair.usd_per_hour) == (2, Decimal("2.16015"))
    assert pair.usd_per_gpu_hour == Decimal("1.080075")
    assert (pair.vcpu, pair.memory_gib, pair.storage_gib) == (8, 32, 100)
    assert pair.price_basis == "whole_group_bid_incl_cpu_ram_disk"


@pytest.mark.parametrize(
    ("total", "used", "free"), [(8, 5, 3), (8, 8, 0), (8, 9, 0), (0, 0, 0), (1, 0, 1)]
)
def test_what_is_not_in_use_is_free(total, used, free):
    said = Said()
    at(said.prices, SELLER).update(allocatable=total, allocated=used)
    offer = said.offer()
    assert (offer.available_count, offer.gpu_count_max) == (free, free)
    assert offer.available is (free > 0)


def test_a_provider_that_is_offline_has_nothing_available(sample_offers):
    offline, online = sample_offers["AA03"], sample_offers["AA04"]
    assert (offline.available, offline.available_count, offline.gpu_count_max) == (False, 0, 0)
    assert (online.available, online.available_count, online.gpu_count_max) == (True, 2, 2)


@pytest.mark.parametrize(
    ("attribute", "located", "country", "evidence"),
    [
        ({"value": "NL", "auditedBy": [AUDITOR]}, "NL", "NL", "signed by Akash Network"),
        ({"value": "NL", "auditedBy": ["akash1other"]}, "nl", "NL", "signed by akash1other"),
        ({"value": "us", "auditedBy": []}, "US", "US", "declared, not signed"),
        ({"value": "us"}, None, "US", "declared, not signed"),
        ({"value": "US"}, "CA", "US", "declared, not signed; its address is in CA"),
        ({"value": "Netherlands"}, "NL", None, None),
        ({"value": ""}, "NL", None, None),
    ],
)
def test_a_country_is_what_is_declared_and_who_vouches_for_it(
    attribute, located, country, evidence
):
    said = Said()
    said.providers[0].update(attributes=[{"key": "country"} | attribute], ipCountryCode=located)
    offer = said.offer()
    assert (offer.country_code, offer.country_evidence) == (country, evidence)
    assert said.reading().providers[0].country_code == country


@pytest.mark.parametrize("region", ["eu-west", "eu-central", "eu-north", "na-us-west"])
def test_a_region_or_an_address_never_gives_a_country(region):
    said = Said()
    stated = [{"key": "location-region", "value": region}, {"key": "region", "value": region}]
    said.providers[0].update(attributes=stated, locationRegion=region, country="DE")
    offer = said.offer()
    assert (offer.region, offer.country_code, offer.country_evidence) == (region, None, None)


@pytest.mark.parametrize("word", ["??", "12", "u "])
def test_two_letters_that_are_no_country_give_none(word):
    said = Said()
    said.providers[0]["attributes"] = [{"key": "country", "value": word}]
    assert said.offer().country_code is None


def test_what_a_provider_does_not_say_stays_unknown():
    alder, birch, cedar = Said().reading().providers
    assert (alder.uptime_1d, birch.uptime_1d, birch.uptime_30d) == (1, None, 0.75)
    assert (birch.name, birch.city, birch.tier) == ("gpu.birch.example", None, None)
    assert (birch.is_online, cedar.country_code, cedar.ip_country_code) == (False, None, "DE")
    said = Said()
    del said.providers[0]["stats"]
    assert (said.offer().vcpu_max, said.offer().memory_gib_max) == (None, None)


def test_a_seller_that_is_not_listed_still_sells():
    said = Said()
    said.providers.pop(0)
    offer = said.offer()
    assert (offer.provider_id, offer.provider_name) == ("akash1alder", "gpu.alder.example")
    assert (offer.country_code, offer.region, offer.tier) == (None, None, None)


def test_a_gpu_without_a_bid_has_no_price():
    reading = Said().reading()
    assert [(r.code, r.reason) for r in reading.rejects] == [
        ("unpriced", "b300 288Gi SXM6: no bid seen in 31 days")
    ]
    assert not [o for o in reading.offers if "b300" in o.gpu_name]


def test_without_the_undocumented_part_nothing_is_guessed():
    said = Said()
    for model in said.prices["models"]:
        del model["providersWithBestBid"]
    reading = said.reading()
    assert (list(reading.offers), {r.code for r in reading.rejects}) == ([], {"unreadable"})
    assert "providersWithBestBid" in reading.rejects[0].reason
    said.providers = {"data": said.providers}
    with pytest.raises(Unreadable, match="not a list"):
        said.reading()


def test_asks_only_what_is_documented_but_for_debug(openapi):
    asked = requests_made()
    documented = {
        (path, parameter["name"])
        for path in (request.url.path for request in asked)
        for parameter in openapi["paths"][path]["get"].get("parameters", [])
    }
    used = {(r.url.path, name) for r in asked for name in r.url.params}
    assert used - documented == {("/v1/gpu-prices", "debug")}
    assert all(openapi["paths"][r.url.path]["get"]["security"] == [] for r in asked)
    assert not any({"x-api-key", "authorization"} & set(r.headers) for r in asked)


DEBUG = {"priceUakt", "providers", "bidCount", "providersWithBestBid"}


@pytest.mark.parametrize(
    ("path", "name", "more"),
    [
        ("/v1/gpu-prices", "gpu-prices.json", DEBUG),
        ("/v1/providers", "providers.json", {"stats"}),
    ],
)
def test_the_sample_is_what_the_network_documents(openapi, path, name, more):
    sample = json.loads(SAMPLE.texts()[name])
    schema = success(openapi, path)
    faults = Draft202012Validator(validator(schema)).iter_errors(sample)
    assert [f"{f.json_path}: {f.message}" for f in faults] == []
    assert undocumented(sample, schema) == more


def test_the_recorded_prices_are_read_to_the_cent(shared, catalogue):
    recorded = shared / "networks/akash/recorded"
    files = ("gpu-prices-debug.2026-09-28.json", "console-api.providers.docs-example.json")
    answers = [Answer("https://akash.example/", (recorded / f).read_bytes()) for f in files]
    offers = Akash().parse(answers, NOW, catalogue).offers
    models = json.loads(answers[0].body, parse_float=Decimal)["models"]
    bids = [s["bestBid"] for m in models for s in m["providersWithBestBid"]]
    assert len(offers) == len(bids) == 38
    for offer, bid in zip(offers, bids, strict=True):
        assert bid["txHash"] in offer.source
        assert offer.usd_per_hour.quantize(CENT, ROUND_HALF_UP) == bid["hourlyPrice"]
        assert catalogue.model(offer.gpu_model) is not None
