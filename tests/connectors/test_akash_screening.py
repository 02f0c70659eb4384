"""Who can bid: asked as the Console documents it, answered as the page needs it."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from connectors.jobs.screen import answer_asks, screen_once
from connectors.networks.akash.facts import FACTS
from connectors.networks.akash.gpus import gpu_of
from connectors.networks.akash.screening import PATH, bytes_of, gpu_key, millicores, question
from data import asks
from engine.screening import GpuWanted, ScreeningAsk
from tests.connectors.samples import NOW, client, endless, says
from tests.connectors.test_akash import undocumented, validator
from tests.data.test_asks import wanted

AUDITOR = next(iter(FACTS.auditors))
BASE = "https://akash.example"
FULL = {
    "gpu": GpuWanted(model="h100", ram_gib=80, interface="sxm"),
    "gpu_count": 2,
    "count": 3,
    "vcpu": Decimal("8.5"),
    "country_code": "NL",
    "region": "eu-west",
    "signed_by_any": (AUDITOR,),
    "usd_per_hour_max": Decimal("3.50"),
    "timezone": "Europe/Paris",
}
SIZES = st.decimals(min_value="0.001", max_value=32768, places=6)


def day(number: int, seconds: int = 0, *, is_open: bool = False) -> dict[str, Any]:
    return {
        "date": f"2026-11-{number}",
        "hasOpenIncident": is_open,
        "incidentCount": int(seconds > 0),
        "downtimeSeconds": seconds,
    }


def provider(**changes: Any) -> dict[str, Any]:
    usual = {
        "owner": "akash1alder",
        "hostUri": "https://gpu.alder.example:8443",
        "isAudited": True,
        "createdAt": "2026-01-01T00:00:00.000Z",
        "location": "eu-west",
        "organization": None,
        "incidents": [day(n, 90 * (n > 21), is_open=n == 23) for n in range(17, 24)],
    }
    return usual | changes


def told(*rows: Any):
    return says(200, json.dumps({"providers": rows}))


def screened(answers: Any, **changes: Any):
    return screen_once(client(answers), BASE, wanted(**changes), lambda: NOW)


@pytest.fixture
def openapi(shared) -> Any:
    text = (shared / "networks/akash/console-api.openapi.json").read_text("utf-8")
    return json.loads(text)["paths"][PATH]["post"]


def schema_of(part: Any) -> Any:
    """Its schema as JSON Schema; OpenAPI 3.0 writes an exclusive minimum as true."""
    text = json.dumps(part["content"]["application/json"]["schema"])
    plain = text.replace('"minimum": 0, "exclusiveMinimum": true', '"exclusiveMinimum": 0')
    return validator(json.loads(plain))


@pytest.mark.parametrize("changes", [{}, FULL])
def test_the_question_is_as_documented(openapi, changes):
    body = question(wanted(**changes))
    schema = schema_of(openapi["requestBody"])
    assert [f.message for f in Draft202012Validator(schema).iter_errors(body)] == []
    assert undocumented(body, schema) == set()


def test_the_answer_in_these_tests_is_as_documented(openapi):
    schema = schema_of(openapi["responses"]["200"])
    body = {"providers": [provider()]}
    assert [f.message for f in Draft202012Validator(schema).iter_errors(body)] == []
    assert undocumented(body, schema) == set()


def test_everything_that_is_asked_for_is_in_the_question():
    body: Any = question(wanted(**FULL))
    resource = body["resources"][0]["resource"]
    assert body["requirements"] == {
        "signedBy": {"allOf": [], "anyOf": [AUDITOR]},
        "attributes": [
            {"key": "country", "value": "NL"},
            {"key": "location-region", "value": "eu-west"},
        ],
    }
    assert resource["cpu"] == {"units": {"val": "8500"}}
    assert resource["memory"] == {"quantity": {"val": "34359738368"}}
    assert resource["storage"][0]["quantity"] == {"val": "107374182400"}
    assert resource["gpu"]["units"] == {"val": "2"}
    assert resource["gpu"]["attributes"][0]["key"] == (
        "vendor/nvidia/model/h100/ram/80Gi/interface/sxm"
    )
    assert (body["resources"][0]["count"], body["timezone"]) == (3, "Europe/Paris")


@pytest.mark.parametrize(
    ("usd", "amount"),
    [(None, "10000000"), ("3.50", "5833"), ("0.0006", "1"), ("99999", "10000000"), ("6", "10000")],
)
def test_a_price_limit_is_whole_units_per_block_and_never_more(usd, amount):
    body: Any = question(wanted(usd_per_hour_max=Decimal(usd) if usd else None))
    assert body["resources"][0]["price"] == {"denom": "uact", "amount": amount}


def test_a_machine_that_can_be_had_is_told_with_its_week():
    answer = screened(told(provider(), provider(owner="akash1birch", isAudited=False)))
    assert (answer.outcome, answer.sentence) == ("ok", "2 providers can bid now, 1 audited")
    alder = answer.bidders[0]
    assert (alder.provider_id, alder.location, alder.organization) == (
        "akash1alder", "eu-west", None,
    )  # fmt: skip
    assert (alder.downtime_seconds_7d, alder.incidents_7d, alder.has_open_incident) == (
        180, 2, True,
    )  # fmt: skip
    assert alder.known_since == datetime(2026, 1, 1, tzinfo=UTC)


def test_nobody_is_an_answer_and_silence_is_not_nobody():
    nobody, silence = screened(told()), screened(says(503, "inventory is down"))
    assert (nobody.outcome, nobody.sentence) == ("ok", "0 providers can bid now, 0 audited")
    assert (silence.outcome, silence.bidders) == ("unreachable", ())
    assert "503" in silence.sentence


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        (says(403), "denied"),
        (says(400, '{"message":"Validation error"}'), "unreadable"),
        (says(200, "<html>"), "unreadable"),
        (says(200, "[]"), "unreadable"),
        (endless, "unreadable"),
    ],
)
def test_a_fault_is_told_in_a_sentence(answers, outcome):
    answer = screened(answers)
    assert (answer.outcome, answer.bidders) == (outcome, ())
    assert 10 < len(answer.sentence) < 400


@pytest.mark.parametrize(
    "row", [7, {}, provider(owner=""), provider(createdAt="soon"), provider(location="\ud800"),
            provider(incidents=[day(20, 86_401)])], ids=range(6),
)  # fmt: skip
def test_a_provider_that_cannot_be_read_is_counted_and_spoils_no_other(row):
    answer = screened(told(row, provider()))
    assert [bidder.provider_id for bidder in answer.bidders] == ["akash1alder"]
    assert answer.sentence == "1 provider can bid now, 1 audited; 1 more could not be read"


def test_a_page_s_question_is_answered_beside_it(tmp_path):
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return told(provider())(request)

    first = asks.ask(tmp_path, wanted(), NOW)
    asks.ask(tmp_path, wanted(count=2), NOW)
    assert answer_asks(tmp_path, client(answer), BASE + "/", lambda: NOW) == 2
    found = asks.answer(tmp_path, first)
    assert found is not None
    assert (found.ask, found.asked_at, found.answered_at) == (wanted(), NOW, NOW)
    assert [str(r.url) for r in asked] == [f"{BASE}/v1/bid-screening"] * 2
    assert not any({"x-api-key", "authorization"} & set(r.headers) for r in asked)
    assert answer_asks(tmp_path, client(answer), BASE, lambda: NOW) == 0


def test_one_fault_of_ours_leaves_the_other_questions(tmp_path, caplog):
    class Broken:
        def post(self, *_: Any, **__: Any):
            raise KeyError("ours")

    ids = [asks.ask(tmp_path, wanted(count=n), NOW) for n in (1, 2)]
    assert answer_asks(tmp_path, Broken(), BASE, lambda: NOW) == 2  # type: ignore[arg-type]
    answers = [asks.answer(tmp_path, ask_id) for ask_id in ids]
    assert [a.outcome if a else None for a in answers] == ["failed", "failed"]
    assert "screening" in caplog.text


def test_an_answer_that_cannot_be_written_ends_nothing(tmp_path, caplog, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    asks.ask(tmp_path, wanted(), NOW)
    monkeypatch.setattr("connectors.jobs.screen.save_answer", full)
    assert answer_asks(tmp_path, client(told()), BASE, lambda: NOW) == 1
    assert "could not be written" in caplog.text


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("h100 80Gi SXM5", "vendor/nvidia/model/h100/ram/80Gi/interface/sxm"),
        ("rtx4090 24Gi PCIe", "vendor/nvidia/model/rtx4090/ram/24Gi/interface/pcie"),
        ("a100", "vendor/nvidia/model/a100"),
        ("H200 141Gi", "vendor/nvidia/model/h200/ram/141Gi"),
    ],
)
def test_an_offer_s_gpu_can_be_asked_for(name, key):
    assert gpu_key(GpuWanted.named(name)) == key
    found = gpu_of(key)
    assert found is not None
    assert name.lower().startswith(found.name.lower())


@pytest.mark.parametrize("name", ["", "any nvidia", "h100 80GB", "h100 gi", "a/b", "h100 80Gi NVL"])
def test_what_is_no_gpu_of_the_network_is_refused(name):
    with pytest.raises(ValueError, match=r".{10}"):
        GpuWanted.named(name)


@pytest.mark.parametrize(
    "change",
    [{"gpu_count": 25}, {"count": 0}, {"vcpu": "NaN"}, {"vcpu": 385}, {"memory_gib": -1},
     {"storage_gib": "1e99"}, {"country_code": "Germany"}, {"region": "a b"}, {"timezone": "../x"},
     {"usd_per_hour_max": "0.0005"}, {"signed_by_any": ("a b",)}, {"price": 1}],
    ids=str,
)  # fmt: skip
def test_a_question_beyond_the_network_s_limits_is_never_made(change):
    with pytest.raises(ValidationError):
        ScreeningAsk(**(wanted().model_dump() | change))


@settings(deadline=None, derandomize=True)
@given(size=SIZES)
def test_sizes_are_whole_bytes_and_millicores_and_never_less_than_asked_for(size):
    for unit, found in ((1024**3, bytes_of(size)), (1000, millicores(size))):
        assert 0 <= found - Fraction(size) * unit < 1


@settings(deadline=None, derandomize=True)
@given(whole=st.integers(min_value=1, max_value=32768))
def test_whole_sizes_are_exact(whole):
    assert (bytes_of(Decimal(whole)), millicores(Decimal(whole))) == (whole * 2**30, whole * 1000)
