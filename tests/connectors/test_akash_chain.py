"""Akash's chain as second source: only when the Console is silent, never more than it knows."""

import json
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Answer, Reading, SourceError, Unreachable
from connectors.networks.akash import Akash
from connectors.networks.akash.chain import AUDITS, BIDS, PROVIDERS
from connectors.networks.akash.facts import FACTS
from connectors.networks.akash.gpus import completed, gpu_of
from connectors.registry import sources
from data import offers as questions
from engine.market import Offer, distinct, offers_frame, providers_frame
from tests.connectors.codecs import JSON
from tests.connectors.samples import NOW, client, ingest, places

FOLDER = Path(__file__).parents[1] / "samples" / "akash_chain"
TOKENS = ("null", '"\\ud800"', '"1e999999"', "-1", "[[]]", "9" * 400, "{}")
RECORDED = "networks/akash/recorded"


def text(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def file_of(request: httpx.Request) -> str:
    params = request.url.params
    if request.url.path.endswith(BIDS):
        return f"bids-{params['filters.state']}.json"
    if request.url.path.endswith(PROVIDERS):
        return "providers-2.json" if params.get("pagination.key") == "AQ==" else "providers-1.json"
    return {AUDITS: "audits.json"}[request.url.path[request.url.path.index("/akash/") :]]


def network(**changed: Any):
    """A silent Console and a chain that says what the sample says, but for what is changed."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/v1/"):
            raise httpx.ConnectTimeout("no luck", request=request)
        name = file_of(request)
        found = changed.get(name.split(".")[0].replace("-", "_"), text(name))
        return httpx.Response(found) if isinstance(found, int) else httpx.Response(200, text=found)

    return answer


def reading(**changed: Any) -> Reading:
    akash = Akash()
    return akash.parse(akash.fetch(client(network(**changed)), None), NOW, CATALOGUE[0])


CATALOGUE: list[Any] = []


@pytest.fixture(autouse=True)
def _names(catalogue):
    CATALOGUE[:] = [catalogue]


def by_order() -> dict[str, Offer]:
    return {o.source.split("/")[1]: o for o in reading().offers}


def test_a_silent_console_is_answered_for_by_the_chain_and_the_run_says_so(lake):
    record = ingest(lake, network()).run(Akash())
    assert (record.outcome, record.offers) == ("ok", 4)
    assert record.message.startswith(
        "4 offers, read from the chain because the Console did not answer: https://console-api"
    )
    assert record.reject_counts == {"no_gpu": 1, "impossible": 2}
    assert questions.latest(lake, NOW).offers["available"].to_list() == [None] * 4


def test_a_bid_on_the_chain_has_the_console_s_id_and_units():
    offer = by_order()["30199990"]
    assert offer.offer_id == "akash:akash1alder:h100 80Gi SXM5:on_demand:-"
    assert (offer.gpu_model, offer.gpu_memory_gib) == ("H100-SXM", 80)
    assert (offer.usd_per_hour, offer.native_price) == (
        Decimal("2.4003"),
        "4000.500000000000000000 uact per block",
    )
    assert (offer.vcpu, offer.memory_gib, offer.storage_gib) == (8, 32, 200)
    assert (offer.available, offer.available_count, offer.gpu_count_max) == (None, None, None)
    assert "one particular order" in (offer.note or "")


def test_a_price_is_of_every_replica_of_the_order():
    offer = by_order()["30199991"]
    assert (offer.gpu_count, offer.vcpu, offer.memory_gib) == (4, 16, 64)
    assert offer.usd_per_gpu_hour == Decimal("3600.25") * 600 / 1_000_000 / 4


def test_any_model_is_priced_but_never_compared():
    offer = by_order()["30199992"]
    assert (offer.gpu_name, offer.gpu_model, offer.rankable) == ("any nvidia", None, False)
    assert by_order()["30199990"].rankable


def test_a_bid_is_as_old_as_its_block_and_not_older_than_31_days():
    offers = by_order()
    assert offers["30199990"].price_as_of == NOW
    age = timedelta(seconds=100_000 * FACTS.seconds_a_block_measured)
    assert offers["29900000"].price_as_of == NOW - age
    reasons = sorted(r.reason for r in reading().rejects if r.code == "impossible")
    assert "over 31 days ago" in reasons[1]
    assert "'ibc/170C" in reasons[0]


def test_a_place_is_told_with_who_signed_exactly_that():
    alder, birch = by_order()["30199990"], by_order()["30199991"]
    assert (alder.country_code, alder.country_evidence) == ("NL", "signed by Akash Network")
    assert (alder.region, alder.city, alder.tier) == ("eu-west", "AMS", "community")
    assert (birch.country_code, birch.country_evidence) == ("US", "declared, not signed")
    one, two = reading().providers
    signed = {a.key: a.signed_by for a in one.attributes if a.signed_by}
    assert (signed, one.is_audited) == ({"country": ("Akash Network",)}, True)
    assert (two.is_audited, two.is_online, two.uptime_7d) == (False, None, None)


@pytest.mark.parametrize(
    ("part", "said", "code"),
    [
        ("audits", 503, "providers_unreachable"),
        ("audits", "<html>", "providers_unreadable"),
        ("providers_2", 404, "providers_unreadable"),
        ("providers_1", "[]", "providers_unreadable"),
        ("audits", '{"providers": 7}', "providers_unreadable"),
    ],
)
def test_what_is_missing_beside_the_bids_costs_no_offer(part, said, code):
    found = reading(**{part: said})
    assert len(found.offers) == 4
    assert code in {r.code for r in found.rejects}


@pytest.mark.parametrize("said", [503, 404, "<html>", "[]"])
def test_when_neither_answers_both_reasons_are_told(said, lake):
    record = ingest(lake, network(bids_open=said)).run(Akash())
    assert (record.outcome, record.offers) == ("unreachable", 0)
    assert "console-api.akash.network" in record.message
    assert "its chain gave nothing either" in record.message
    assert len(record.message) < 400


def test_the_next_address_of_the_chain_is_asked_when_one_is_silent():
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url.host))
        if request.url.host == httpx.URL(FACTS.rest[0]).host:
            return httpx.Response(502)
        return network()(request)

    answers = Akash().fetch(client(answer), CATALOGUE[0])
    assert answers[1].url.startswith(FACTS.rest[1])
    assert {httpx.URL(url).host for url in FACTS.rest[:2]} < set(asked)


def test_the_console_s_wish_when_to_come_back_is_kept():
    def busy(_: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"Retry-After": "90"})

    with pytest.raises(Unreachable, match="429") as caught:
        Akash().fetch(client(busy), CATALOGUE[0])
    assert caught.value.retry_after_seconds == 90


def strangers(akash: Akash) -> set[str]:
    """The hosts a source asks when nobody answers."""
    asked: set[str] = set()

    def silent(request: httpx.Request) -> httpx.Response:
        asked.add(str(request.url.host))
        raise httpx.ConnectError("no luck", request=request)

    with pytest.raises(Unreachable):
        akash.fetch(client(silent), CATALOGUE[0])
    return asked


def test_a_stand_in_is_never_answered_for_by_the_real_chain():
    assert strangers(Akash("http://127.0.0.1:9")) == {"127.0.0.1"}
    env = {"NECTO_AKASH_URL": "http://a.example", "NECTO_AKASH_CHAIN_URL": "http://b.example/"}
    assert strangers(sources(env)[0]) == {"a.example", "b.example"}
    assert strangers(sources({"NECTO_AKASH_CHAIN_URL": "http://b.example"})[0]) == {
        "console-api.akash.network",
        "b.example",
    }


@pytest.mark.parametrize("status", [404, 401])
def test_a_console_that_answers_with_a_fault_is_not_replaced(status):
    with pytest.raises(Exception, match=str(status)) as caught:
        Akash().fetch(client(lambda _: httpx.Response(status)), CATALOGUE[0])
    assert not isinstance(caught.value, Unreachable)


def test_paging_ends():
    asked: list[str] = []

    def endless(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/v1/"):
            raise httpx.ConnectError("no luck", request=request)
        asked.append(str(request.url))
        page = {"bids": [], "pagination": {"next_key": f"k{len(asked)}"}}
        return httpx.Response(200, json=page)

    with pytest.raises(Unreachable, match="more than 10 pages"):
        Akash(urls={"CHAIN": "https://c.example"}).fetch(client(endless), CATALOGUE[0])
    assert len(asked) == 10
    assert "pagination.key=k9" in asked[-1]


def test_a_page_that_comes_again_ends_the_reading():
    def again(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/v1/"):
            raise httpx.ConnectError("no luck", request=request)
        return httpx.Response(200, json={"bids": [], "pagination": {"next_key": "k"}})

    with pytest.raises(Unreachable, match="the same page again"):
        Akash(urls={"CHAIN": "https://c.example"}).fetch(client(again), CATALOGUE[0])


def test_an_order_of_several_kinds_of_gpu_prices_none_of_them():
    page = json.loads(text("bids-open.json"))
    parts = page["bids"][0]["bid"]["resources_offer"]
    parts.append(json.loads(json.dumps(parts[0]).replace("h100", "h200")))
    found = reading(bids_open=json.dumps(page))
    assert "h100 80Gi SXM5" not in {offer.gpu_name for offer in found.offers}
    assert [r.reason for r in found.rejects if "2 kinds of GPU" in r.reason]


@pytest.mark.parametrize("key", ["\ud800", " ", 7, "x" * 2000])
def test_a_next_page_that_cannot_be_asked_for_is_no_fault(key):
    page = json.loads(text("bids-open.json")) | {"pagination": {"next_key": key}}
    with pytest.raises(Unreachable, match="next_key"):
        reading(bids_open=json.dumps(page))


def test_no_value_in_any_place_is_a_fault():
    silent, *pages = Akash().fetch(client(network()), CATALOGUE[0])
    bodies = [page.body.decode() for page in pages]
    spots = [(n, place) for n, body in enumerate(bodies) for place in places(json.loads(body))]

    @settings(max_examples=200, deadline=None, database=None, derandomize=True)
    @given(spot=st.sampled_from(spots), token=st.sampled_from(TOKENS))
    def reads_whatever_is_there(spot, token):
        number, place = spot
        spoiled = [*pages]
        body = JSON.with_token(bodies[number], place, token).encode()
        spoiled[number] = Answer(pages[number].url, body)
        with suppress(SourceError):
            found = Akash().parse([silent, *spoiled], NOW, CATALOGUE[0])
            offers_frame(distinct(found.offers)[0])
            providers_frame(found.providers)

    reads_whatever_is_there()


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("vendor/nvidia/model/h100/ram/80Gi/interface/sxm5", "h100 80Gi SXM5"),
        ("capabilities/gpu/vendor/nvidia/model/H100/interface/SXM5/ram/80GI", "h100 80Gi SXM5"),
        ("vendor/nvidia/model/rtx4090/interface/pcie", "rtx4090 PCIe"),
        ("vendor/nvidia/model/*", "any nvidia"),
        ("capabilities/gpu/vendor/nvidia", None),
        ("capabilities/gpu", None),
        ("vendor", None),
        ("", None),
    ],
)
def test_a_gpu_attribute_is_read_in_any_order_and_case(key, name):
    found = gpu_of(key)
    assert (found.name if found else None) == name


def gpus(*names: str) -> list[Any]:
    return [gpu_of(f"vendor/nvidia/model/{name}") for name in names]


@pytest.mark.parametrize(
    ("asked", "declared", "name"),
    [
        ("h100", ["h100/ram/80Gi/interface/sxm5"], "h100 80Gi SXM5"),
        ("h100", ["h100", "h100/ram/80Gi", "h100/ram/80Gi/interface/sxm5"], "h100 80Gi SXM5"),
        ("h100/interface/sxm", ["h100/ram/80Gi/interface/sxm5"], "h100 80Gi SXM5"),
        ("h100", ["h100/ram/80Gi/interface/sxm", "h100/ram/80Gi/interface/sxm5"], "h100 80Gi SXM5"),
        ("a100", ["a100/ram/80Gi/interface/sxm4", "a100/ram/40Gi/interface/pcie"], "a100"),
        ("h100/interface/pcie", ["h100/ram/80Gi/interface/sxm5"], "h100 PCIe"),
        ("h100", ["h200/ram/141Gi/interface/sxm5"], "h100"),
        ("*", ["h200/ram/141Gi/interface/sxm5"], "any nvidia"),
    ],
)
def test_a_short_name_is_completed_only_when_one_gpu_can_be_meant(asked, declared, name):
    assert completed(gpus(asked)[0], gpus(*declared)).name == name


def test_a_chain_without_a_usable_bid_leaves_the_console_s_reason(lake):
    none = json.dumps({"bids": []})
    record = ingest(lake, network(bids_open=none, bids_active=none)).run(Akash())
    assert (record.outcome, record.drops) == ("unreachable", {})
    assert "no luck; none of 0 bids on its chain is an offer of a GPU" in record.message


def test_the_recorded_answers_are_read_and_no_machine_without_a_gpu_is_an_offer(shared):
    bids = (shared / RECORDED / "lcd.market.v1beta5.bids.list.json").read_bytes()
    audits = (shared / RECORDED / "lcd.audit.v1.attributes.list.json").read_bytes()
    provider = (shared / RECORDED / "provider-attributes.h100-datacenter.json").read_bytes()
    listed = json.loads(provider)
    spoken = {"bids": json.loads(bids)["bids"], "providers": [listed]}
    gpu = spoken["bids"][0]["bid"]["resources_offer"][0]["resources"]["gpu"]
    pages = [Answer(f"https://c.example{p}", b) for p, b in ((BIDS, bids), (AUDITS, audits))]
    silent = Answer("u", b"", Unreachable("no answer"))
    with pytest.raises(Unreachable, match="no answer; none of 1 bids"):
        Akash().parse([silent, *pages], NOW, CATALOGUE[0])

    gpu.update(
        units={"val": "1"}, attributes=[{"key": "vendor/nvidia/model/h100", "value": "true"}]
    )
    spoken["bids"][0]["bid"]["price"]["denom"] = "uact"
    spoken["bids"][0]["bid"]["id"]["provider"] = listed["owner"]
    body = json.dumps(spoken).encode()
    pages = [Answer(f"https://c.example{path}", body) for path in (BIDS, PROVIDERS)]
    offer = next(iter(Akash().parse([silent, *pages], NOW, CATALOGUE[0]).offers))
    assert (offer.gpu_name, offer.gpu_model) == ("h100 80Gi SXM5", "H100-SXM")
    assert (offer.country_code, offer.usd_per_hour) == ("DE", Decimal("0.0015158928"))
