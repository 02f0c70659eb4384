"""Azure: which of a size's many rows is the price a buyer pays, and how its pages are followed."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Answer, Reading, Unreadable
from connectors.baselines.azure import PAGES_MAX, RESERVED, Azure
from data.shipped import catalogue
from engine.market import Offer, distinct
from tests.connectors.samples import NOW, SAMPLES, Answers, client

ROW: dict[str, Any] = json.loads(SAMPLES["azure"].texts()["h100.json"])["Items"][0]
H100 = "Standard_ND96isr_H100_v5"
HERE = "https://prices.azure.com"


def page(*rows: dict[str, Any], following: str | None = None) -> str:
    return json.dumps({"Items": [ROW | row for row in rows], "NextPageLink": following})


def reading(*rows: dict[str, Any]) -> Reading:
    return Azure().parse([Answer(HERE, page(*rows).encode())], NOW, catalogue())


def offers(*rows: dict[str, Any]) -> list[Offer]:
    """What an ingest keeps of these rows."""
    return distinct(reading(*rows).offers)[0]


def fetched(answers: Answers, base_url: str = HERE) -> list[str]:
    return [a.url for a in Azure(base_url).fetch(client(answers), catalogue())]


def linked(*links: str | None) -> tuple[Answers, list[httpx.URL]]:
    """Give the first size's pages these next links; every other size has one page."""
    asked: list[httpx.URL] = []
    left: Iterator[str | None] = iter(links)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, text=page(following=next(left, None)))

    return answer, asked


def ago(**span: int) -> dict[str, str]:
    moment: datetime = NOW - timedelta(**span)
    return {"effectiveStartDate": moment.isoformat().replace("+00:00", "Z")}


def test_asks_each_size_of_the_catalogue_once_per_price_type_in_dollars():
    answers, asked = linked(None)
    fetched(answers)
    sizes = {i.name for i in catalogue().instances.values() if i.provider == "azure"}
    filters = [url.params["$filter"] for url in asked]
    assert len(filters) == len(set(filters)) == 2 * len(sizes) > 10
    assert all(sum(f"armSkuName eq '{size}'" in f for f in filters) == 2 for size in sizes)
    assert sum("priceType eq 'Reservation'" in f for f in filters) == len(sizes)
    assert sum("priceType eq 'Consumption'" in f for f in filters) == len(sizes)
    assert all("serviceName eq 'Virtual Machines'" in text for text in filters)
    assert {(u.path, u.params["currencyCode"]) for u in asked} == {("/api/retail/prices", "'USD'")}


def test_follows_every_page_and_keeps_its_address():
    more = f"{HERE}/api/retail/prices?$filter=x&$skip=100"
    answers, asked = linked(more, more + "1", None)
    urls = fetched(answers)
    assert [str(url) for url in asked[1:3]] == [more, more + "1"]
    assert "%24skip=100" in urls[1] or "$skip=100" in urls[1]
    assert len(urls) == len(asked)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/retail/prices?$skip=100",
        "http://prices.azure.com/api/retail/prices",
        "https://prices.azure.com.evil.example/",
        "https://prices.azure.com:8443/api",
        "https://prices.azure.com@evil.example/",
        "//evil.example/",
        "file:///etc/passwd",
        "next",
        "https://[x",
    ],
)
def test_a_next_page_elsewhere_is_refused_and_not_asked(link):
    answers, asked = linked(link)
    with pytest.raises(Unreadable, match="next page"):
        fetched(answers)
    assert len(asked) == 1


def test_the_documented_form_of_the_next_page_spells_out_the_port():
    """As in Microsoft's own examples: the host is prices.azure.com:443."""
    more = "https://prices.azure.com:443/api/retail/prices?$filter=x&$skip=100"
    answers, asked = linked(more, None)
    fetched(answers)
    assert len(asked) > 1


def test_a_stand_in_pages_on_its_own_address():
    answers, asked = linked("http://127.0.0.1:9/api/retail/prices?$skip=100", None)
    fetched(answers, "http://127.0.0.1:9/")
    assert {url.host for url in asked} == {"127.0.0.1"}


def test_pages_without_an_end_are_given_up():
    answers, asked = linked(*[f"{HERE}/api/retail/prices?$skip={n}" for n in range(1000)])
    with pytest.raises(Unreadable, match=f"more than {PAGES_MAX} pages"):
        fetched(answers)
    assert len(asked) <= PAGES_MAX + 1


@pytest.mark.parametrize(
    "change",
    [
        {"productName": "Virtual Machines NDsr H100 v5 Series Windows"},
        {"skuName": "ND96isr H100 v5 Low Priority"},
        {"meterName": "ND96isr H100 v5 Low Priority"},
        {"isPrimaryMeterRegion": False},
        {"unitOfMeasure": "1/Month"},
        {"type": "DevTestConsumption"},
        {"type": "Reservation", "reservationTerm": "5 Years"},
        {"type": "Reservation", "reservationTerm": "3 Years", "unitOfMeasure": "1/Month"},
        ago(days=-1),
        ago(seconds=-1),
    ],
    ids=str,
)
def test_a_row_that_nobody_here_pays_is_left_out(change):
    cheap = {"retailPrice": 1.25, "armRegionName": "westus3"}
    found = reading({}, change | cheap)
    assert [o.usd_per_hour for o in found.offers] == [Decimal("96.125")]
    assert list(found.rejects) == []


@pytest.mark.parametrize("field", ["skuName", "meterName"])
def test_a_spot_row_is_another_offer_of_term_spot(field):
    spot = {field: "ND96isr H100 v5 Spot", "retailPrice": 40.5}
    found = {o.term: o for o in offers({}, spot)}
    assert {term: o.usd_per_hour for term, o in found.items()} == {
        "on_demand": Decimal("96.125"),
        "spot": Decimal("40.5"),
    }
    assert len({o.offer_id for o in found.values()}) == 2


def reserved(term: object, total: object, **more: Any) -> dict[str, Any]:
    return {"type": "Reservation", "reservationTerm": term, "retailPrice": total, **more}


def test_a_reservation_states_the_total_of_its_term():
    rows = ({}, reserved("1 Year", 438_000), reserved("3 Years", 841_000.5))
    found = {o.term: o for o in offers(*rows)}
    assert found["on_demand"].usd_per_hour == Decimal("96.125")
    assert found["reserved_1y"].usd_per_hour == Decimal(50)
    assert found["reserved_3y"].usd_per_hour == Decimal("32.001541095890410959")
    assert found["reserved_3y"].native_price == "841000.5 USD for 3 Years"
    assert "26,280 hours; paid whether used or not" in (found["reserved_3y"].note or "")
    assert (found["on_demand"].native_price, found["on_demand"].note) == (None, None)
    assert len({o.offer_id for o in found.values()}) == 3


def test_the_documented_example_of_a_reservation_is_below_its_hourly_price():
    """Microsoft's own page: D8 v4 in EU West at 0.46 an hour, 4,594.0 for 3 years."""
    (offer,) = offers(reserved("3 Years", 4594.0))
    assert Decimal("0.17") < offer.usd_per_hour < Decimal("0.18")


@given(cents=st.integers(1, 8 * 8760 * 1000 * 100), term=st.sampled_from(sorted(RESERVED)))
@settings(derandomize=True, deadline=None, database=None)
def test_an_hour_of_a_reservation_is_the_total_over_its_hours_to_18_places(cents, term):
    total = Decimal(cents).scaleb(-2)
    name, hours = RESERVED[term]
    (offer,) = offers(reserved(term, float(total)))
    assert offer.term == name
    assert abs(offer.usd_per_hour * hours - total) <= hours * Decimal("0.5e-18")


@pytest.mark.parametrize("term", [None, "", "2 Years", "1 year", "P1Y", "spot"])
def test_a_reservation_of_an_unknown_length_is_refused(term):
    found = reading({}, reserved(term, 438_000))
    assert [o.term for o in found.offers] == ["on_demand"]
    assert [r.code for r in found.rejects] == ["impossible"]
    assert "how long is not known" in found.rejects[0].reason


def test_a_reservation_without_its_term_is_refused_and_low_priority_or_windows_left_out():
    lost = {"type": "Reservation", "retailPrice": 438_000}
    found = reading(
        {},
        lost,
        reserved("1 Year", 1, meterName="ND96isr H100 v5 Low Priority"),
        reserved("1 Year", 1, productName="Virtual Machines NDsr Series Windows"),
    )
    assert (len(found.offers), len(found.rejects)) == (1, 1)


def test_the_newest_reservation_that_has_begun_counts_apart_from_the_hourly_price():
    old = ago(days=400) | reserved("1 Year", 876_000)
    new, future = ago(days=2) | reserved("1 Year", 438_000), ago(days=-2) | reserved("1 Year", 1)
    hourly = ago(days=90) | {"retailPrice": 99.75}
    found = {o.term: o.usd_per_hour for o in offers(future, old, new, hourly)}
    assert found == {"reserved_1y": Decimal(50), "on_demand": Decimal("99.75")}
    assert {o.source[-10:] for o in offers(new)} == {f"{NOW - timedelta(days=2):%Y-%m-%d}"}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_of_several_start_dates_the_newest_that_has_begun_counts(order):
    rows = (
        ago(days=400) | {"retailPrice": 120.5},
        ago(seconds=0) | {"retailPrice": 99.75},
        ago(days=-30) | {"retailPrice": 80.25},
    )
    assert [o.usd_per_hour for o in offers(*(rows[n] for n in order))] == [Decimal("99.75")]


def test_of_two_prices_from_the_same_day_the_page_order_decides_nothing():
    low, high = {"retailPrice": 90.5}, {"retailPrice": 99.75}
    one, other = offers(low, high), offers(high, low)
    assert [o.usd_per_hour for o in one] == [o.usd_per_hour for o in other]
    assert len(one) == 1


@pytest.mark.parametrize("currency", ["EUR", "usd", ""])
def test_a_price_that_is_not_in_dollars_is_refused(currency):
    found = reading({}, {"currencyCode": currency, "armRegionName": "westus3"})
    assert [o.region for o in found.offers] == ["eastus"]
    assert [r.code for r in found.rejects] == ["impossible"]
    assert "not USD" in found.rejects[0].reason


def test_a_size_whose_gpus_are_unknown_is_refused():
    found = reading({}, {"armSkuName": "Standard_Future_v9"})
    assert len(found.offers) == 1
    assert "Standard_Future_v9: how many GPUs" in found.rejects[0].reason


def test_an_offer_is_a_baseline_with_its_machine_and_place():
    offer = offers({"armRegionName": "westeurope"})[0]
    assert (offer.is_baseline, offer.gpu_model, offer.gpu_count) == (True, "H100-SXM", 8)
    assert (offer.form_factor, offer.gpu_memory_gib, offer.vcpu) == ("SXM", 80, 96)
    assert (offer.country_code, offer.country_evidence) == ("NL", "the provider's region table")
    assert (offer.available, offer.available_count) == (None, None)
    nowhere = offers({"armRegionName": "moonbase1"})[0]
    assert (nowhere.country_code, nowhere.country_evidence) == (None, None)


def test_the_recorded_shape_is_read_exactly(shared):
    body = (shared / "networks/baselines/azure/retail_prices_item_shape.json").read_bytes()
    offer = Azure().parse([Answer(HERE, body)], NOW, catalogue()).offers[0]
    assert (offer.usd_per_hour, offer.gpu_count) == (Decimal("98.32"), 8)
    assert offer.usd_per_gpu_hour == Decimal("12.29")
    assert (offer.provider_name, offer.term) == (H100, "on_demand")


def test_the_question_is_the_recorded_one(shared):
    recorded = json.loads(
        (shared / "networks/baselines/azure/retail_prices_query.json").read_text("utf-8")
    )
    answers, asked = linked(None)
    fetched(answers)
    url = next(u for u in asked if H100 in (f := u.params["$filter"]) and "Consumption" in f)
    assert str(url.copy_with(query=None)) == recorded["url"]
    assert url.params["api-version"] == recorded["params"]["api-version"]
    wanted = set(url.params["$filter"].split(" and "))
    assert wanted < set(recorded["params"]["$filter"].split(" and "))
