"""AWS: a region whose list cannot be read costs its own offers alone, and is named."""

import json

import httpx
import pytest

from connectors.base import Denied, Reading, Unreachable, Unreadable
from connectors.baselines.aws import REGIONS, Aws
from data.shipped import catalogue
from engine.runs import RunRecord
from tests.connectors.samples import NOW, SAMPLES, client, ingest, says

LIST = SAMPLES["aws"].texts()["us-east-1.csv"]
BAD = {
    "503": (says(503), "region_unreachable"),
    "404": (says(404), "region_unreadable"),
    "a web page": (says(200, "<!doctype html>"), "region_unreadable"),
}


class Lists:
    """AWS with a list for every region, the sample's, except where it answers something else."""

    def __init__(self, **others: httpx.Response | object) -> None:
        self.others = {name.replace("_", "-"): answer for name, answer in others.items()}
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        *_, region, name = request.url.path.split("/")
        if name == "region_index.json":
            links = {c: {"currentVersionUrl": f"/offers/1/{c}/index.json"} for c in REGIONS}
            return httpx.Response(200, text=json.dumps({"regions": links}))
        self.asked.append(region)
        if answer := self.others.get(region):
            return answer(request)
        return httpx.Response(200, text=LIST.replace("us-east-1", region))


def failing(regions: tuple[str, ...], answer: object) -> Lists:
    return Lists(**{region.replace("-", "_"): answer for region in regions})


def read(lists: Lists, base_url: str | None = None) -> Reading:
    source = Aws(base_url)
    return source.parse(source.fetch(client(lists), catalogue()), NOW, catalogue())


def run(lake, lists: Lists) -> RunRecord:
    return ingest(lake, lists).run(Aws())


@pytest.mark.parametrize(("answer", "code"), BAD.values(), ids=BAD)
def test_a_region_that_fails_is_a_reject_and_the_others_are_kept(answer, code):
    found = read(Lists(eu_west_1=answer))
    assert {o.region for o in found.offers} == {*REGIONS} - {"eu-west-1"}
    rejects = [r for r in found.rejects if r.code.startswith("region_")]
    assert [(r.code, r.row) for r in rejects] == [
        (code, "https://pricing.us-east-1.amazonaws.com/offers/1/eu-west-1/index.csv")
    ]
    assert "no prices of eu-west-1 this time: http" in rejects[0].reason


def test_the_message_says_which_regions_are_missing(lake):
    record = run(lake, Lists(eu_west_1=says(503), us_west_2=says(404)))
    assert record.outcome == "ok"
    assert record.message.endswith(
        " offers, 6 of 8 regions read; no prices now of eu-west-1, us-west-2"
    )
    assert record.reject_counts["region_unreachable"] == 1
    assert record.reject_counts["region_unreadable"] == 1


def test_a_reading_of_every_region_has_nothing_to_add():
    found = read(Lists())
    assert {o.region for o in found.offers} == {*REGIONS}
    assert found.notice == ""


def test_a_region_that_the_index_does_not_name_is_missing_too():
    index = json.dumps({"regions": {"us-east-1": {"currentVersionUrl": "/offers/x.json"}}})
    lists = Lists()
    source = Aws()
    answers = source.fetch(
        client(lambda r: says(200, index)(r) if "current" in r.url.path else lists(r)), catalogue()
    )
    assert source.parse(answers, NOW, catalogue()).notice.startswith("1 of 8 regions read; no pri")


@pytest.mark.parametrize(
    ("first", "others", "error"),
    [
        (says(503), says(404), Unreachable),
        (says(404), says(503), Unreadable),
        (says(200, "<!doctype html>"), says(503), Unreadable),
    ],
)
def test_when_no_region_answers_the_first_error_counts(first, others, error):
    lists = failing(REGIONS, others)
    lists.others[REGIONS[0]] = first
    with pytest.raises(error, match=REGIONS[0]):
        read(lists)


def test_a_refusal_needs_a_person_and_ends_the_reading():
    lists = Lists(eu_north_1=says(403))
    with pytest.raises(Denied, match=r"eu-north-1/index\.csv answered 403"):
        read(lists)
    assert lists.asked[-1] == "eu-north-1"


def test_once_asked_to_wait_no_further_list_is_asked_for(lake):
    lists = Lists(eu_central_1=says(429, Retry_After="900"))
    record = run(lake, lists)
    assert lists.asked == ["ap-southeast-1", "ap-southeast-2", "eu-central-1"]
    assert ", 2 of 8 regions read; no prices now of eu-central-1, " in record.message
    assert record.reject_counts["region_unreachable"] == 6


def test_a_password_in_the_address_is_in_no_reject():
    found = read(Lists(eu_west_1=says(503)), "https://ada:hunter2@stand-in.example")
    said = [r for r in found.rejects if r.code == "region_unreachable"]
    assert [r.row for r in said] == ["https://stand-in.example/offers/1/eu-west-1/index.csv"]
    assert not [r for r in found.rejects if "hunter2" in f"{r.reason} {r.row}"]
