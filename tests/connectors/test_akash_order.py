"""Akash: an order as it is written down, sent, and refused before anything is bought."""

import json
import re
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from connectors.base import Denied
from engine.buying import Next
from engine.requirement import Attribute, EnvVar, Gpus, Port, Requirement
from tests.connectors.akash_console import NOW, ORDER, Book, wanted

GOLDEN = Path(__file__).with_name("akash_order.golden.txt")
JOB = Requirement(
    gpus=Gpus(count=1, models={"H100"}),
    image="registry.example/llm:1.4",
    command=("serve", "--port", "8000"),
    env=(EnvVar(name="MODEL", value="m-8b"), EnvVar(name="HF_TOKEN", secret="HF")),
    ports=(Port(port=8000),),
    countries={"NL"},
    datacenter_only=True,
    attributes=(Attribute(key="tier", value="akash", signed_by="Akash Network"),),
)
SECRETS = {"HF": SecretStr("hf-s3cret-text")}
OWN = """\
version: "2.0"
services:
  web:
    image: "nginx:1.27"
    env: ["TOKEN=${secret:WEB}"]
    expose: [{port: 80, to: [{global: true}]}]
profiles:
  compute:
    web:
      resources:
        cpu: {units: 1}
        memory: {size: 1Gi}
        storage: {size: 1Gi}
        gpu: {units: 1, attributes: {vendor: {nvidia: [{model: h100}]}}}
  placement:
    theirs: {pricing: {web: {denom: uakt, amount: 10000}}}
deployment: {web: {theirs: {profile: web, count: 2}}}
"""


def ran(order) -> Book:
    """The whole life of an order, bought by one worker."""
    book = Book()
    purchaser = book.purchaser()
    step = purchaser.look(order, None, NOW).step
    dseq = purchaser.act(order, step, SECRETS)
    book.bid(dseq, "akash1birch", "4000.5")
    look = purchaser.look(order, dseq, order.bids_until)
    assert isinstance(look, Next)
    purchaser.act(order, look.step, SECRETS)
    (found,) = purchaser.find(ORDER)
    purchaser.act(order, purchaser.deposit_step(found, 1_205), {})
    purchaser.act(order, purchaser.close_step(dseq), {})
    return book


def test_the_requests_of_an_order_are_as_they_were_reviewed():
    """A person reviews the file whenever it changes."""
    book = ran(wanted(requirement=JOB))
    lines: list[str] = []
    for request in book.requests:
        if request.method == "GET":
            continue
        lines.append(f"{request.method} {request.url.path}")
        if request.content:
            body = json.loads(request.content)
            sdl = body.get("data", {}).pop("sdl", "")
            lines += [json.dumps(body), *sdl.splitlines()]
        lines.append("")
    assert "\n".join(lines) == GOLDEN.read_text("utf-8")


def test_a_secret_is_in_what_is_sent_and_nowhere_in_what_is_kept_or_shown():
    order = wanted(requirement=JOB)
    book = Book()
    purchaser = book.purchaser()
    step = purchaser.look(order, None, NOW).step
    purchaser.act(order, step, SECRETS)
    assert "hf-s3cret-text" in book.sent("POST", "/v1/deployments")[0]["data"]["sdl"]
    shown = purchaser.file_text(order)
    assert "HF_TOKEN=${secret:HF}" in shown
    assert not any("s3cret" in text for text in (shown, repr(step), repr(vars(purchaser))))


def test_the_secrets_that_an_order_needs_are_named_and_must_be_given():
    order = wanted(requirement=JOB)
    book = Book()
    purchaser = book.purchaser()
    assert purchaser.secrets_needed(order) == ("HF",)
    step = purchaser.look(order, None, NOW).step
    with pytest.raises(Denied, match="not given: HF"):
        purchaser.act(order, step, {})
    assert book.sent("POST", "*") == []


def test_a_buyer_s_own_file_bears_the_order_s_name_and_keeps_its_ceiling():
    order = wanted(own_sdl=OWN, gpu_count=2)
    book = Book()
    purchaser = book.purchaser()
    assert purchaser.refusals(order) == ()
    assert purchaser.secrets_needed(order) == ("WEB",)
    step = purchaser.look(order, None, NOW).step
    purchaser.act(order, step, {"WEB": SecretStr("a b")})
    sent = book.sent("POST", "/v1/deployments")[0]["data"]["sdl"]
    assert ORDER in sent
    assert "theirs" not in sent
    assert "amount: 2500" in sent
    assert "denom: uact" in sent


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"requirement": Requirement(gpus=Gpus(count=1, models={"H100"}))}, "image"),
        ({"own_sdl": "version: 3"}, "version"),
        ({"own_sdl": OWN}, "asks for 2 GPUs in all and the order is of 1"),
        ({"own_sdl": OWN.replace("h100", "a100"), "gpu_count": 2}, "for a100 .* is of h100"),
        ({"own_sdl": OWN.replace("profile: web", "profile: other")}, "other"),
        ({"order_id": "Not_A_Label"}, "small letters"),
        ({"bidders": ()}, "no provider of the decision"),
        ({"first_deposit_usd": Decimal("0.49")}, r"\$0.50 or more"),
        ({"first_deposit_usd": Decimal("5.001")}, "whole cents"),
        ({"usd_per_hour_max": Decimal("0.0005")}, "less than the least price"),
        ({"gpu_name": "any nvidia"}, "is not a model"),
        ({"gpu_count": 25}, "no deployment file can say this"),
    ],
)
def test_what_akash_cannot_promise_or_take_is_refused_in_words(change, reason):
    said = Book().purchaser().refusals(wanted(**change))
    assert any(re.search(reason, sentence) for sentence in said), said


def test_an_ordinary_job_is_not_refused():
    assert Book().purchaser().refusals(wanted(requirement=JOB)) == ()


def test_an_order_that_cannot_be_written_is_never_sent():
    book = Book()
    with pytest.raises(Denied, match="cannot be written as an SDL"):
        book.purchaser().look(wanted(own_sdl="version: 3"), None, NOW)
    book.fail("GET", "/v1/blockchain-status", httpx.Response(503))
    assert book.sent("POST", "*") == []
