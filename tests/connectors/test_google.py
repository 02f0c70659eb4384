"""Google: a machine is the sum of its SKUs, exactly; a missing part never makes an instance."""

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors.base import Answer, Denied, Unreadable
from connectors.baselines.google import PAGES_MAX, Google
from data.shipped import catalogue, recorded_offers
from engine.market import Offer, offers_frame
from engine.savings import best_baselines
from tests.connectors.google_rows import DUTCH, HERE, offers, parts, prices, reading, sku
from tests.connectors.samples import NOW, SAMPLES, answering, client, says

law = settings(derandomize=True, deadline=None, database=None, max_examples=60)
SAMPLE = SAMPLES["gcp"]
KEY = SAMPLE.key or ""

nanos = st.integers(1, 10**11).map(lambda n: Decimal(n).scaleb(-9))


@given(core=nanos, ram=nanos, gpu=nanos)
@law
def test_a_machine_costs_exactly_the_sum_of_its_parts(core, ram, gpu):
    small = {"core": str(core / 1000), "ram": str(ram / 1000), "gpu": str(gpu)}
    small = {name: f"{Decimal(usd).quantize(Decimal('1e-9')):f}" for name, usd in small.items()}
    c, r, g = (Decimal(usd) for usd in small.values())
    if 0 in (c, r, g):
        return
    found = prices(*parts(**small))
    assert found["gcp:a2-highgpu-1g:us-central1:on_demand"] == g + 12 * c + 85 * r
    assert found["gcp:a2-highgpu-8g:us-central1:on_demand"] == 8 * g + 96 * c + 680 * r
    assert len(found) == 2


def test_a_recorded_price_is_the_sum_of_the_published_rates():
    """A2 in us-central1: 2.933908 per GPU, 0.031611 per vCPU, 0.004237 per GiB (list, 2026-08)."""
    found = prices(*parts(gpu="2.933908", core="0.031611", ram="0.004237"))
    machine = "gcp:a2-highgpu-1g:us-central1:on_demand"
    recorded = {o.offer_id: o.usd_per_hour for o in recorded_offers()["gcp"]}
    assert found[machine] == recorded[machine] == Decimal("3.673385")


@given(kept=st.sets(st.integers(0, 2), max_size=2), order=st.permutations(range(3)))
@law
def test_without_one_of_its_parts_nothing_is_an_instance(kept, order):
    rows = [parts()[place] for place in order if place in kept]
    found = reading(*rows).offers
    assert {o.price_basis for o in found} <= {"gpu_only"}
    assert len(found) == (2 in kept)


def test_parts_of_another_region_term_or_series_are_no_parts():
    core, ram, gpu = parts()
    strange = [
        core | {"serviceRegions": DUTCH},
        sku("Spot Preemptible A2 Instance Core running in Iowa", usage="Preemptible"),
        sku("A3 Instance Core running in Iowa"),
        sku("A2 Custom Instance Core running in Iowa"),
        sku("Reserved A2 Instance Core in Iowa"),
        sku("A2 Instance Core attached to Sole Tenancy VMs running in Iowa"),
    ]
    assert list(prices(*strange, ram, gpu)) == ["gcp:(GPU SKU):us-central1:on_demand:A100-40-SXM"]


def test_a_gpu_alone_is_one_gpu_that_is_never_compared():
    found = offers(sku("H200 141GB GPU running in Iowa", "9.5"))
    alone = found["gcp:(GPU SKU):us-central1:on_demand:H200-SXM"]
    assert (alone.price_basis, alone.gpu_count, alone.usd_per_hour) == (
        "gpu_only",
        1,
        Decimal("9.5"),
    )
    assert (alone.gpu_model, alone.form_factor, alone.vcpu) == ("H200-SXM", "SXM", None)
    assert "vCPU and RAM are not added" in (alone.note or "")
    assert best_baselines(offers_frame([alone]), ("network",)).height == 0


def ultra(*ssd: dict[str, Any]) -> Offer:
    gpu = sku("Nvidia Tesla A100 80GB GPU running in Iowa", "4")
    return offers(*parts()[:2], gpu, *ssd)["gcp:a2-ultragpu-8g:us-central1:on_demand"]


def test_the_local_ssd_that_a_machine_comes_with_is_added_by_the_hour():
    """In recorded prices it is too: 5.068798 = 3.928 + 12 vCPU + 170 GiB + 375 GiB of SSD."""
    without = 8 * Decimal(4) + 96 * Decimal("0.03") + 1360 * Decimal("0.004")
    with_ssd = ultra(sku("SSD backed Local Storage", "0.073", group="LocalSSD"))
    assert with_ssd.usd_per_hour == without + 3000 * Decimal("0.073") / 730
    assert with_ssd.note is None
    bare = ultra(sku("SSD backed Local Storage", "0.04", regions=DUTCH))
    assert (bare.usd_per_hour, bare.price_basis) == (without, "instance")
    assert bare.note == "Without its 3,000 GiB of local SSD, for which no price was found."


def test_a_monthly_price_that_has_no_end_is_rounded_once_to_18_places():
    exact = Decimal("0.08") * 3000 / 730
    rise = (
        ultra(sku("SSD backed Local Storage in Iowa", "0.08")).usd_per_hour - ultra().usd_per_hour
    )
    assert abs(rise - exact) <= Decimal("0.5e-18")


def test_ram_per_decimal_gigabyte_is_turned_into_gibibytes():
    core, _, gpu = parts()
    ram = sku("A2 Instance Ram running in Iowa", "0.004", unit="GBy.h")
    found = prices(core, ram, gpu)["gcp:a2-highgpu-1g:us-central1:on_demand"]
    assert found == Decimal("3.36") + 85 * Decimal("0.004") * Decimal("1.073741824")


def test_machines_that_are_sold_as_spot_only_are_never_ranked_otherwise():
    rows = (
        sku("A3 Instance Core running in Iowa"),
        sku("A3 Instance Ram running in Iowa"),
        sku("Nvidia H100 80GB GPU running in Iowa"),
        sku("Spot Preemptible A3 Instance Core running in Iowa", usage="Preemptible"),
        sku("Spot Preemptible A3 Instance Ram running in Iowa", usage="Preemptible"),
        sku("Nvidia H100 80GB GPU attached to Spot Preemptible VMs in Iowa", usage="Preemptible"),
    )
    ranked = {o.offer_id: o.rankable for o in offers(*rows).values()}
    assert ranked == {
        "gcp:a3-highgpu-1g:us-central1:on_demand": False,
        "gcp:a3-highgpu-8g:us-central1:on_demand": True,
        "gcp:a3-highgpu-1g:us-central1:spot": True,
        "gcp:a3-highgpu-8g:us-central1:spot": True,
    }


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_prices_for_a_part_the_cheaper_counts_and_the_other_is_told(turned):
    broad = sku(
        "Nvidia Tesla A100 GPU running in Americas", "2.5", regions=["us-central1", "us-west1"]
    )
    rows = [*parts(), broad]
    found = reading(*(reversed(rows) if turned else rows))
    price = {o.offer_id: o.usd_per_hour for o in found.offers}
    assert price["gcp:a2-highgpu-1g:us-central1:on_demand"] == Decimal("3.2")
    assert price["gcp:(GPU SKU):us-west1:on_demand:A100-40-SXM"] == Decimal("2.5")
    assert [r.code for r in found.rejects] == ["duplicate"]
    assert "us-central1" in found.rejects[0].reason


def test_the_sum_can_be_followed_part_by_part():
    offer = offers(*parts())["gcp:a2-highgpu-8g:us-central1:on_demand"]
    shown = json.loads(offer.raw or "", parse_float=Decimal)
    assert sum(part["usdPerHour"] for part in shown["parts"]) == offer.usd_per_hour
    assert [part["quantity"] for part in shown["parts"]] == [8, 96, 680]
    assert all(part["skuId"] in offer.source for part in shown["parts"])
    assert [part["description"] for part in shown["parts"]] == [
        "Nvidia Tesla A100 GPU running in Iowa",
        "A2 Instance Core running in Iowa",
        "A2 Instance Ram running in Iowa",
    ]


def test_a_live_row_replaces_the_recorded_one_of_the_same_machine():
    recorded = {o.offer_id: o for o in recorded_offers()["gcp"]}
    texts = SAMPLE.texts()
    answers = [Answer(HERE, texts[name].encode()) for name in sorted(texts)]
    live = {o.offer_id: o for o in Google().parse(answers, NOW, catalogue()).offers}
    both = [(live[i], recorded[i]) for i in live.keys() & recorded.keys()]
    assert len(both) >= 5
    for field in ("gpu_model", "gpu_count", "vcpu", "memory_gib", "country_code", "price_basis"):
        assert [getattr(x, field) for x, _ in both] == [getattr(y, field) for _, y in both]


def test_the_key_is_sent_in_its_header_and_is_in_no_address():
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answering(SAMPLE, SAMPLE.texts())(request)

    answers = Google(key=SecretStr(KEY)).fetch(client(answer), catalogue())
    assert [request.headers["X-Goog-Api-Key"] for request in asked] == [KEY, KEY]
    assert not any(KEY in str(request.url) for request in asked)
    assert not any(KEY in answer.url or KEY.encode() in answer.body for answer in answers)
    assert [dict(r.url.params) for r in asked] == [
        {"pageSize": "5000", "currencyCode": "USD"},
        {"pageSize": "5000", "currencyCode": "USD", "pageToken": "page-2"},
    ]


def test_without_a_key_nothing_is_asked():
    with pytest.raises(Denied, match="NECTO_GCP_KEY"):
        Google().fetch(client(says(500)), catalogue())


@pytest.mark.parametrize("key", ["", "AIza secret", "AIza\nsecret", "AIzasécret"])
def test_a_key_that_no_header_can_hold_is_denied_and_not_shown(key):
    with pytest.raises(Denied, match="NECTO_GCP_KEY") as caught:
        Google(key=SecretStr(key)).fetch(client(says(500)), catalogue())
    assert "secret" not in str(caught.value)


def test_a_key_that_google_calls_a_bad_request_is_denied_and_not_shown():
    text = json.dumps({"error": {"code": 400, "message": f"API key not valid: {KEY}."}})
    with pytest.raises(Denied, match="API key not valid") as caught:
        Google(key=SecretStr(KEY)).fetch(client(says(400, text)), catalogue())
    assert KEY not in str(caught.value)
    with pytest.raises(Unreadable, match="400"):
        Google(key=SecretStr(KEY)).fetch(client(says(400, "what?")), catalogue())


def test_pages_without_an_end_are_given_up():
    text = json.dumps({"skus": [], "nextPageToken": "again"})
    with pytest.raises(Unreadable, match=f"more than {PAGES_MAX} pages"):
        Google(key=SecretStr(KEY)).fetch(client(says(200, text)), catalogue())


def test_the_question_is_the_recorded_one(shared):
    recorded = json.loads((shared / "networks/baselines/gcp/skus_query.json").read_text("utf-8"))
    assert recorded["url"] == HERE
    wanted = {name: str(value) for name, value in recorded["params"].items() if name != "key"}
    assert wanted == {"pageSize": "5000", "currencyCode": "USD"}
