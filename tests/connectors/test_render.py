"""Render: its pages, its machines, its places and its states."""

import json
from decimal import Decimal

import httpx
import pytest

from connectors.base import Answer, Unreadable
from connectors.networks.render import LIMIT, PAGES_MAX
from connectors.networks.render_states import FINAL, STATES, state_of
from data.shipped import catalogue
from tests.connectors.samples import NOW, SAMPLES, client

SAMPLE = SAMPLES["render"]
ROWS = json.loads(SAMPLE.texts()["offers.json"])["data"]


def parsed(*rows):
    body = json.dumps({"data": rows}).encode()
    return SAMPLE.made().parse([Answer("https://made.up.example", body)], NOW, catalogue())


def offer_of(**hardware):
    row = ROWS[0] | {"hardware_summary": ROWS[0]["hardware_summary"] | hardware}
    (offer,) = parsed(row).offers
    return offer


def fetched(count, **page):
    """Fetch from a server with this many rows; gives the page numbers asked and the rows got."""
    asked: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        number, size = (int(request.url.params[name]) for name in ("page", "limit"))
        asked.append(number)
        rows = list(range(count))[(number - 1) * size : number * size]
        return httpx.Response(200, json={"data": rows, "limit": size, "page": number} | page)

    answers = SAMPLE.made().fetch(client(answer), catalogue())
    return asked, [row for a in answers for row in json.loads(a.body)["data"]]


@pytest.mark.parametrize("total", [0, 1, 50, 51, 100, 149])
def test_every_page_is_read_once(total):
    asked, rows = fetched(total, total=total)
    assert asked == list(range(1, max(1, -(-total // LIMIT)) + 1))
    assert rows == list(range(total))


def test_without_a_total_a_short_page_is_the_last():
    assert fetched(70) == ([1, 2], list(range(70)))


def test_pages_without_end_are_refused():
    with pytest.raises(Unreadable, match=f"more than {PAGES_MAX} pages"):
        fetched(LIMIT * (PAGES_MAX + 2))


def test_a_price_is_the_whole_machines_with_the_moment_it_was_quoted():
    offer = parsed(ROWS[1]).offers[0]

    assert (offer.gpu_count, offer.usd_per_hour) == (2, Decimal("1.26"))
    assert offer.usd_per_gpu_hour == Decimal("0.63")
    assert (offer.price_basis, offer.price_as_of.isoformat()) == (
        "instance",
        "2026-11-23T10:45:00+00:00",
    )


def test_sizes_are_kept_as_published():
    offer = offer_of(cpu_cores=7, ram_gib=61.5, storage_gib=None, min_gpu_vram_gib=24)

    assert (offer.vcpu, offer.memory_gib, offer.storage_gib) == (7, 61.5, None)
    assert (offer.gpu_model, offer.gpu_memory_gib) == ("RTX 4090", 24)


def test_whether_a_machine_is_free_is_not_guessed():
    offer = parsed(ROWS[0]).offers[0]

    assert (offer.available, offer.available_count) == (None, None)
    assert '"kept": "as it came"' in (offer.raw or "")


@pytest.mark.parametrize(
    ("code", "country"),
    [("eu-central-1", "DE"), ("ap-northeast-1", "JP"), ("eu-north-1", "SE"), ("moon-base-1", None)],
)
def test_a_country_is_inferred_and_says_so(code, country):
    offer = parsed(ROWS[0] | {"region_code": code}).offers[0]

    assert (offer.region, offer.country_code) == (code, country)
    assert offer.country_evidence == (
        "inferred from the AWS-style region code, not a residency proof" if country else None
    )


def test_the_documented_regions_have_a_country_of_their_own():
    codes = ("us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1")
    found = [catalogue().country_of("render", code) for code in codes]
    assert found == ["US", "US", "DE", "JP"]


@pytest.mark.parametrize("region", [None, "", " "])
def test_no_region_is_no_country(region):
    offer = parsed(ROWS[0] | {"region_code": region}).offers[0]
    assert (offer.region, offer.country_code, offer.country_evidence) == (None, None, None)


def test_a_machine_of_different_gpus_has_no_one_model():
    kinds = [{"name": "NVIDIA RTX 4090", "count": 1}, {"name": "NVIDIA RTX 3090", "count": 1}]
    offer = offer_of(gpu_count=2, gpu_models=kinds)

    assert (offer.gpu_model, offer.gpu_name) == (None, "NVIDIA RTX 4090")
    assert offer.note == "A machine of different GPUs: 1 x NVIDIA RTX 4090, 1 x NVIDIA RTX 3090."


def test_a_machine_that_contradicts_itself_is_refused():
    row = ROWS[0] | {"hardware_summary": ROWS[0]["hardware_summary"] | {"gpu_count": 8}}
    (reject,) = parsed(row).rejects
    assert reject.reason == "8 GPUs are counted, 1 are listed"


def test_memory_decides_which_of_two_models_a_name_means():
    listed = [{"name": "NVIDIA A100 SXM4", "count": 1}]
    sizes = {
        size: offer_of(gpu_model_label="NVIDIA A100 SXM4", gpu_models=listed, min_gpu_vram_gib=size)
        for size in (40, 80)
    }
    assert {size: o.gpu_model for size, o in sizes.items()} == {
        40: "A100-40-SXM",
        80: "A100-80-SXM",
    }


def test_every_documented_state_has_a_meaning(shared):
    documented = json.loads((shared / "networks/render/job_lifecycle.json").read_text())

    assert documented["necto_mapping"] == STATES
    assert {state_of(status) for status in documented["terminal"]} == FINAL


def test_a_state_is_final_only_when_nothing_can_follow():
    assert [state_of(s) for s in ("PENDING", "RUNNING", "FAILING", "CANCELLED")] == [
        "requested",
        "running",
        "terminating",
        "terminated",
    ]
    assert {s for s in STATES if state_of(s) in FINAL} == {"COMPLETED", "CANCELLED", "FAILED"}


@pytest.mark.parametrize("status", ["", "running", "PAUSED", "COMPLETED "])
def test_an_unknown_state_is_never_final(status):
    assert state_of(status) == "unknown"
    assert state_of(status) not in FINAL


def test_the_documented_example_is_read(shared):
    body = (shared / "networks/render/offers_response.json").read_bytes()
    reading = SAMPLE.made().parse([Answer("u", body)], NOW, catalogue())

    assert reading.rejects == []
    assert [(o.gpu_model, o.usd_per_hour) for o in reading.offers] == [
        ("RTX 4090", Decimal("0.35"))
    ]
