"""AWS: which of a list's million lines is the price a buyer pays, and whose list is asked for."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal

import httpx
import pytest

from connectors.base import Reading, Unreadable
from connectors.baselines.aws import Aws
from data.shipped import catalogue, recorded_offers
from engine.market import Offer, distinct
from tests.connectors.codecs import CSV
from tests.connectors.samples import NOW, SAMPLES, Answers, client

TEXTS = SAMPLES["aws"].texts()
ROW = CSV.loads(TEXTS["us-east-1.csv"])["rows"][0]
HERE = "https://pricing.us-east-1.amazonaws.com"
FOLDER = "/offers/v1.0/aws/AmazonEC2"
RESERVED = {
    "TermType": "Reserved",
    "LeaseContractLength": "1yr",
    "PurchaseOption": "No Upfront",
    "OfferingClass": "standard",
}


def listed(*rows: dict[str, str], **parts: object) -> str:
    """The sample's list with these rows alone: its first one, changed."""
    document = CSV.loads(TEXTS["us-east-1.csv"]) | parts
    return CSV.dumps(document | {"rows": [ROW | row for row in rows]})


def reading(*rows: dict[str, str], **parts: object) -> Reading:
    """What comes of these rows, as they are after the lines were chosen."""
    return read(listed(*rows, **parts))


def read(text: str) -> Reading:
    def answer(request: httpx.Request) -> httpx.Response:
        name = "region_index.json" if "current" in request.url.path else ""
        return httpx.Response(200, text=TEXTS[name] if name else text)

    source = Aws()
    return source.parse(source.fetch(client(answer), catalogue()), NOW, catalogue())


def offers(*rows: dict[str, str]) -> list[Offer]:
    return distinct(reading(*rows).offers)[0]


def reason(row: dict[str, str]) -> str:
    found = reading({"Instance Type": "p4d.24xlarge"}, row)
    assert len(found.offers) == len(found.rejects) == 1
    return found.rejects[0].reason


def index(**links: str) -> str:
    regions = {c.replace("_", "-"): {"currentVersionUrl": link} for c, link in links.items()}
    return json.dumps({"regions": regions})


def indexed(text: str) -> tuple[Answers, list[str]]:
    """Answer with this region index and the sample's list; and which addresses were asked."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        is_index = request.url.path.endswith("region_index.json")
        return httpx.Response(200, text=text if is_index else TEXTS["us-east-1.csv"])

    return answer, asked


def test_of_all_rows_only_prices_that_a_buyer_pays_are_offers():
    found = read(TEXTS["us-east-1.csv"])
    assert {(o.gpu_name, o.term): o.usd_per_hour for o in found.offers} == {
        ("p5.48xlarge", "on_demand"): Decimal("51.25"),
        ("p5.48xlarge", "reserved_1y"): Decimal("38.5"),
        ("p5.48xlarge", "reserved_3y"): Decimal("26.75"),
        ("p4d.24xlarge", "on_demand"): Decimal("21.75"),
        ("p9.quux-large", "on_demand"): Decimal("12.5"),
    }
    assert [r.reason for r in found.rejects] == ["g6f.xlarge has 0.125 GPUs: a part is no machine"]


@pytest.mark.parametrize(
    "other",
    [
        {"Operating System": "Windows"},
        {"Tenancy": "Host"},
        {"Tenancy": "Dedicated"},
        {"Pre Installed S/W": "SQL Std"},
        {"CapacityStatus": "AllocatedCapacityReservation"},
        {"CapacityStatus": "UnusedCapacityReservation"},
        {"Unit": "Quantity"},
        {"MarketOption": "CapacityBlock"},
        {"Location Type": "AWS Local Zone"},
        RESERVED | {"PurchaseOption": "All Upfront"},
        RESERVED | {"PurchaseOption": "Partial Upfront"},
        RESERVED | {"OfferingClass": "convertible"},
        RESERVED | {"LeaseContractLength": "5yr"},
        {"TermType": "Savings"},
        {"Instance Type": "m5.large", "Instance Family": "General purpose"},
    ],
    ids=str,
)
def test_another_product_is_neither_an_offer_nor_a_reject(other):
    # Its price is absurd as well: nobody reads it.
    found = reading({"Instance Type": "p4d.24xlarge"}, other | {"PricePerUnit": "-1"})
    assert [o.gpu_name for o in found.offers] == ["p4d.24xlarge"]
    assert found.rejects == []


def test_an_offer_is_a_whole_machine_in_the_words_of_the_list():
    offer = offers({})[0]
    assert (offer.gpu_model, offer.form_factor, offer.gpu_count) == ("H100-SXM", "SXM", 8)
    assert (offer.vcpu, offer.memory_gib, offer.gpu_memory_gib) == (192, 2048, 80)
    assert (offer.region, offer.country_code) == ("us-east-1", "US")
    assert offer.source == "AWS price list published 2026-11-20; price since 2026-11-01"
    assert offer.source_url == f"{HERE}{FOLDER}/20261120183000/us-east-1/index.csv"
    assert offer.price_basis == "instance"
    assert offer.is_baseline


@pytest.mark.parametrize("column", ["MarketOption", "Location Type", "GPU"])
def test_a_column_that_older_lists_lack_is_not_needed(column):
    document = CSV.loads(listed({}))
    document["columns"].remove(column)
    del document["rows"][0][column]
    found = read(CSV.dumps(document)).offers
    assert [(o.usd_per_hour, o.gpu_count) for o in found] == [(Decimal("51.25"), 8)]


def test_columns_are_found_by_name_wherever_they_stand():
    columns = list(reversed(CSV.loads(listed({}))["columns"]))
    assert reading({}, columns=columns).offers[0].usd_per_hour == Decimal("51.25")


@pytest.mark.parametrize(
    "column", ["PricePerUnit", "CapacityStatus", "Region Code", "OfferingClass"]
)
def test_a_list_without_a_column_that_is_needed_is_unreadable(column):
    with pytest.raises(Unreadable, match=f"no column {column}|no header"):
        read(listed({}).replace(f'"{column}"', '"Other"'))


@pytest.mark.parametrize("text", ["<!doctype html>", "", '"Version","2"\n', '"TermType","x'])
def test_a_text_that_is_no_list_is_unreadable(text):
    with pytest.raises(Unreadable, match=r"is no price list: (it has no|its) header"):
        read(text)


def test_a_list_that_does_not_say_when_it_was_published_says_so():
    assert "published on a day that it does not state" in reading({}, metadata=[]).offers[0].source


def test_live_offers_take_the_place_of_the_recorded_ones():
    recorded = {o.offer_id: o for o in recorded_offers()["aws"]}
    for row in ({}, {"Instance Type": "p4d.24xlarge", "vCPU": "96", "Memory": "1,152 GiB"}):
        live = offers(row)[0]
        same = asdict(recorded[live.offer_id])
        changed = {name for name, value in asdict(live).items() if value != same[name]}
        changed -= {"usd_per_hour", "observed_at", "note", "raw"}
        assert changed == {"source_kind", "source", "source_url"}


def test_a_size_that_nobody_knew_has_the_gpus_that_the_list_states_and_no_model():
    offer = offers({"Instance Type": "p9.huge", "GPU": "16", "vCPU": "NA", "Memory": "NA"})[0]
    assert (offer.gpu_name, offer.gpu_model, offer.gpu_count) == ("p9.huge", None, 16)
    assert (offer.vcpu, offer.memory_gib, offer.gpu_memory_gib) == (None, None, None)


@pytest.mark.parametrize("family", ["GPU instance", "Something else"])
def test_a_gpu_machine_is_known_by_its_family_whatever_aws_calls_it(family):
    assert len(offers({"Instance Family": family})) == 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"Instance Type": "p9.huge", "GPU": ""}, "how many GPUs this size has is not known"),
        ({"Instance Type": "p9.huge", "GPU": "0.25"}, "a part is no machine"),
        ({"Instance Type": "p9.huge", "GPU": "0"}, "at least one"),
        ({"Instance Type": "p9.huge", "GPU": "many"}, "not a number"),
        ({"GPU": "4"}, "has 8 GPUs, the list says 4"),
        ({"Currency": "CNY"}, "in CNY, not USD"),
        ({"PricePerUnit": "0.0000000000"}, "not above zero"),
        ({"PricePerUnit": "9000"}, "mistake in units"),
        ({"PricePerUnit": "1,5"}, "not a number"),
        ({"Memory": "2 TiB"}, "not an amount in GiB"),
        ({"EffectiveDate": "soon"}, "EffectiveDate"),
        ({"Region Code": "us-east-1-bos-1a"}, "Region Code"),
    ],
    ids=str,
)
def test_a_row_that_cannot_be_right_is_refused_with_its_reason(row, words):
    assert words in reason(row)


def test_a_line_that_is_broken_is_refused_alone():
    good, other = listed({}), listed({"Instance Type": "p4d.24xlarge"}).splitlines()[-1]
    for broken, words in ((other[:-1], "not a line of CSV"), (other + ',""', "cells")):
        found = read(f"{good}{broken}\n{other}\n")
        assert [o.gpu_name for o in found.offers] == ["p5.48xlarge", "p4d.24xlarge"]
        assert words in found.rejects[0].reason


def test_of_several_starts_the_newest_that_has_begun_counts():
    dated = {"2025-01-01": "1.5", "2026-11-22": "2.5", "2026-11-24": "3.5"}
    for order in (1, -1):
        rows = [{"EffectiveDate": d, "PricePerUnit": p} for d, p in dated.items()][::order]
        assert [o.usd_per_hour for o in offers(*rows)] == [Decimal("2.5")]


def test_a_region_without_one_gpu_machine_is_told():
    found = reading({"Tenancy": "Host"})
    assert [(r.code, r.row[-9:]) for r in found.rejects] == [("empty", "index.csv")]


def test_asks_the_newest_list_of_each_region_that_necto_and_aws_know():
    link = f"{FOLDER}/20261120/eu-central-1/index.json"
    answers, asked = indexed(index(eu_central_1=link, us_east_1="/offers/x.json", xx_no_9="?"))
    Aws().fetch(client(answers), catalogue())
    assert asked == [
        f"{HERE}{FOLDER}/current/region_index.json",
        f"{HERE}{link.removesuffix('json')}csv",
        f"{HERE}/offers/x.csv",
    ]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/offers/a.json",
        "//evil.example/offers/a.json",
        "@evil.example/a.json",
        ":80/offers/a.json",
        "/offers/a.json?b",
        "/offers/a.csv",
        "/offers/\n.json",
        "/x.json",
        "",
    ],
)
def test_a_list_elsewhere_is_refused_and_not_asked(link):
    answers, asked = indexed(index(us_east_1=link))
    with pytest.raises(Unreadable, match="not on its own host"):
        Aws().fetch(client(answers), catalogue())
    assert len(asked) == 1


def test_an_index_without_a_region_that_necto_knows_is_unreadable():
    with pytest.raises(Unreadable, match="none of the regions"):
        Aws().fetch(client(indexed(index(xx_no_9="/offers/a.json"))[0]), catalogue())


def test_a_list_of_one_region_that_breaks_off_is_read_again_whole():
    body = TEXTS["us-east-1.csv"].encode()
    tries = iter([body[:3000], body])

    def answer(request: httpx.Request) -> httpx.Response:
        if "current" in request.url.path:
            return httpx.Response(200, text=TEXTS["region_index.json"])
        return httpx.Response(200, content=broken(next(tries)))

    def broken(data: bytes) -> Iterator[bytes]:
        yield data
        if len(data) == 3000:
            raise httpx.ReadError("reset")

    kept = Aws().fetch(client(answer), catalogue())[1]
    whole = Aws().fetch(client(indexed(TEXTS["region_index.json"])[0]), catalogue())[1]
    assert kept.body == whole.body
    assert 0 < len(kept.body) < len(body)


def test_the_address_asked_is_the_recorded_one(shared):
    urls = json.loads((shared / "networks/baselines/aws/price_list_urls.json").read_text("utf-8"))
    answers, asked = indexed(index(us_east_1=f"{FOLDER}/current/us-east-1/index.json"))
    Aws().fetch(client(answers), catalogue())
    assert asked[1] == urls["ec2_region_csv"]
