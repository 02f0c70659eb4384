"""Akash: what is sent for each step, once; and what each failure of it means."""

import json
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors.base import Denied, Unreachable
from connectors.buying import Uncertain
from connectors.networks.akash import acting
from engine.buying import Found, Leased, Next, Step, Wait
from tests.connectors.akash_console import KEY, LATE, NOW, ORDER, Book, refused, wanted

LEASE = Step(
    name="lease",
    handle="1790598358092",
    details={"gseq": "1", "oseq": "1", "provider": "akash1alder"},
    is_safe=True,
)
MADE = Found(
    handle="17", tag=ORDER, is_open=True, lease=None, units_deposited=5_000_000, units_spent=0
)
PATHS = {
    "create": ("POST", "/v1/deployments"),
    "lease": ("POST", "/v1/leases"),
    "deposit": ("POST", "/v1/deposit-deployment"),
    "close": ("DELETE", "/v1/deployments/*"),
}
STEPS = sorted(PATHS)
HTML = httpx.Response(403, headers={"Content-Type": "text/html"}, text="<html>no robots</html>")


class Run:
    """One order with a bid, a worker, and the step of a name."""

    def __init__(self) -> None:
        self.book = Book()
        self.purchaser = self.book.purchaser()
        self.create = self.purchaser.look(wanted(), None, NOW).step

    def act(self, name: str) -> str | None:
        if name == "create":
            return self.purchaser.act(wanted(), self.create, {})
        dseq = self.purchaser.act(wanted(), self.create, {})
        self.book.bid(dseq, "akash1alder", "4000")
        found = replace(MADE, handle=dseq)
        step = {
            "lease": replace(LEASE, handle=dseq),
            "deposit": self.purchaser.deposit_step(found, 1_250),
            "close": self.purchaser.close_step(dseq),
        }[name]
        return self.purchaser.act(wanted(), step, {})

    def made(self, name: str) -> int:
        return len(self.book.sent(*PATHS[name]))


@pytest.fixture
def run() -> Run:
    return Run()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("lease", {"manifest": "[1790598358092]", "leases": [
            {"dseq": "1790598358092", "gseq": 1, "oseq": 1, "provider": "akash1alder"}]}),
        ("deposit", {"data": {"dseq": "1790598358092", "deposit": 12.5}}),
        ("close", None),
    ],
)  # fmt: skip
def test_each_step_is_one_request_as_documented(run, name, body):
    assert run.act(name) == "1790598358092"
    assert run.book.sent(*PATHS[name]) == [body]
    assert run.book.requests[-1].headers["x-api-key"] == KEY
    assert "Authorization" not in run.book.requests[-1].headers


def test_a_create_sends_the_file_and_the_deposit_in_dollars(run):
    assert run.act("create") == "1790598358092"
    (body,) = run.book.sent(*PATHS["create"])
    assert list(body) == ["data"]
    assert (sorted(body["data"]), body["data"]["deposit"]) == (["deposit", "sdl"], 5)
    assert ORDER in body["data"]["sdl"]


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.ConnectError("refused"), Unreachable),
        (httpx.ConnectTimeout("slow"), Unreachable),
        (httpx.ReadTimeout("slow"), Uncertain),
        (httpx.WriteError("cut"), Uncertain),
        (httpx.RemoteProtocolError("cut"), Uncertain),
        (httpx.Response(500), Uncertain),
        (refused(502, "database_timeout", "Database connection timeout"), Uncertain),
        (httpx.Response(503, text="<html>"), Uncertain),
        (httpx.Response(408), Uncertain),
        (httpx.Response(429, headers={"Retry-After": "9"}), Unreachable),
        (refused(409, "conflict", "wallet not activated yet"), Unreachable),
        (refused(402, "payment_required", "Not enough balance to cover"), Denied),
        (refused(400, "bad_request", "Deposit too low"), Denied),
        (refused(401, "unauthorized", "Invalid API key"), Denied),
        (HTML, Denied),
        (httpx.Response(302, headers={"Location": "https://x.example"}), Denied),
    ],
    ids=lambda part: getattr(part, "__name__", None) or str(part)[:40],
)
def test_a_failure_says_whether_it_may_have_been_made(run, name, answer, error):
    run.book.fail(*PATHS[name], answer)
    with pytest.raises(error) as caught:
        run.act(name)
    assert type(caught.value) is error
    assert run.made(name) == 1
    assert KEY not in str(caught.value)


def test_the_network_s_sentence_is_told_and_its_patience_kept(run):
    run.book.fail(*PATHS["create"], refused(402, "x", "Not enough balance to cover the deposit"))
    with pytest.raises(Denied, match="did not create it: Not enough balance"):
        run.act("create")
    run.book.fail(*PATHS["create"], httpx.Response(429, headers={"Retry-After": "9"}))
    with pytest.raises(Unreachable) as caught:
        run.act("create")
    assert caught.value.retry_after_seconds == 9


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(201, text="<html>"), httpx.Response(201, json={"data": {"dseq": "x"}}),
     httpx.Response(201, json=[]), httpx.Response(201, content=bytes(5_000_000)),
     httpx.Response(200, json={"data": {"dseq": "../../17", "manifest": "[]"}})],
    ids=range(5),
)  # fmt: skip
def test_a_create_whose_answer_cannot_be_read_may_have_been_made(run, answer):
    run.book.fail(*PATHS["create"], answer, applied=True)
    with pytest.raises(Uncertain):
        run.act("create")
    assert run.made("create") == 1


def test_a_create_whose_answer_is_lost_is_found_and_never_made_twice(run):
    run.book.fail(*PATHS["create"], httpx.ReadTimeout("lost"), applied=True)
    with pytest.raises(Uncertain):
        run.act("create")
    (found,) = run.purchaser.find(ORDER)
    assert run.purchaser.was_made(run.create, found) is True
    assert (found.handle, found.tag, found.is_open) == ("1790598358092", ORDER, True)
    # Its manifest went with the answer: it is closed before another one is made.
    assert isinstance(run.purchaser.look(wanted(), None, NOW), Wait)
    assert run.purchaser.look(wanted(), None, LATE).step.name == "close"


def test_a_lease_whose_answer_is_lost_is_asked_for_again_and_its_manifest_sent(run):
    run.book.fail(*PATHS["lease"], httpx.ReadTimeout("lost"), applied=True)
    with pytest.raises(Uncertain):
        run.act("lease")
    look = run.purchaser.look(wanted(), "1790598358092", NOW)
    assert isinstance(look, Next)
    assert (look.step.name, look.step.details["provider"]) == ("lease", "akash1alder")
    run.purchaser.act(wanted(), look.step, {})
    assert len(run.book.deployments["1790598358092"]["leases"]) == 1
    assert isinstance(run.purchaser.look(wanted(), "1790598358092", NOW), Leased)


def test_a_running_lease_is_told_though_its_manifest_is_never_confirmed(run):
    run.book.fail(*PATHS["lease"], httpx.ReadTimeout("lost"), applied=True)
    with pytest.raises(Uncertain):
        run.act("lease")
    for _ in range(2):
        step = run.purchaser.look(wanted(), "1790598358092", NOW).step
        run.book.fail(*PATHS["lease"], httpx.ReadTimeout("lost"))
        with pytest.raises(Uncertain):
            run.purchaser.act(wanted(), step, {})
    assert isinstance(run.purchaser.look(wanted(), "1790598358092", NOW), Leased)


def test_a_bid_that_is_gone_is_looked_at_again_and_not_an_end(run):
    dseq = run.purchaser.act(wanted(), run.create, {})
    run.book.bid(dseq, "akash1alder", "4000", state="closed")
    with pytest.raises(Unreachable, match="no longer open"):
        run.purchaser.act(wanted(), replace(LEASE, handle=dseq), {})


def test_a_lease_without_its_manifest_is_not_sent():
    book = Book()
    with pytest.raises(Unreachable, match="manifest is not known"):
        book.purchaser().act(wanted(), LEASE, {})
    assert book.requests == []


def test_closing_what_is_gone_succeeds_but_a_page_that_is_missing_is_not_taken_for_it(run):
    assert run.purchaser.act(wanted(), run.purchaser.close_step("99"), {}) == "99"
    run.book.fail(*PATHS["close"], httpx.Response(404, text="<html>not here</html>"))
    with pytest.raises(Denied):
        run.purchaser.act(wanted(), run.purchaser.close_step("99"), {})


def test_secrets_that_are_sent_are_not_in_what_is_said_of_it(run):
    secrets = {"TOKEN": SecretStr('s3"cret-value')}
    for shown in ('env s3"cret-value', r"env s3\"cret-value"):
        run.book.fail(*PATHS["create"], refused(400, "bad_request", f"Invalid SDL: {shown}"))
        with pytest.raises(Denied, match="Invalid SDL: env hidden") as caught:
            run.purchaser.act(wanted(), run.create, secrets)
        assert "cret" not in str(caught.value)


@pytest.mark.parametrize(
    "step",
    [
        Step(name="close", handle="../../v1/api-keys"),
        Step(name="close", handle=None),
        Step(name="close", handle="１７"),
        Step(name="deposit", handle="17", details={"usd": "1e9"}),
        Step(name="deposit", handle="17", details={"usd": "-5"}),
        Step(name="deposit", handle="17", details={"usd": "0.001"}),
    ],
    ids=range(6),
)
def test_a_step_that_holds_something_else_is_never_sent(step):
    book = Book()
    with pytest.raises(Denied, match="holds no"):
        book.purchaser().act(wanted(), step, {})
    assert book.requests == []


def test_a_file_that_changed_since_the_step_was_decided_on_is_not_sent(run):
    step = replace(run.create, details=dict(run.create.details) | {"sdl_sha256": "0"})
    with pytest.raises(Unreachable, match="has changed"):
        run.purchaser.act(wanted(), step, {})
    assert run.made("create") == 0


def test_a_deposit_is_known_again_by_what_was_put_in(run):
    dseq = run.purchaser.act(wanted(), run.create, {})
    (before,) = run.purchaser.find(ORDER)
    step = run.purchaser.deposit_step(before, 250)
    assert (step.details["usd"], step.details["cents"]) == ("2.5", "250")
    assert run.purchaser.was_made(step, before) is False
    run.book.fail(*PATHS["deposit"], httpx.ReadTimeout("lost"), applied=True)
    with pytest.raises(Uncertain):
        run.purchaser.act(wanted(), step, {})
    (after,) = run.purchaser.find(ORDER)
    assert (after.handle, after.units_deposited) == (dseq, 7_500_000)
    assert run.purchaser.was_made(step, after) is True
    assert run.purchaser.was_made(step, replace(after, is_open=False)) is None


@pytest.mark.parametrize("name", STEPS)
def test_what_is_not_found_was_not_created_and_says_nothing_of_the_rest(run, name):
    step = Step(name=name, handle="17", details={"usd": "1", "units_deposited_before": "0"})
    assert run.purchaser.was_made(step, None) is (False if name == "create" else None)


def test_a_lease_was_made_when_there_is_one_and_a_close_when_it_is_closed(run):
    close = run.purchaser.close_step("17")
    assert run.purchaser.was_made(LEASE, MADE) is False
    assert run.purchaser.was_made(close, MADE) is False
    assert run.purchaser.was_made(close, replace(MADE, is_open=False)) is True


@given(cents=st.integers(min_value=1, max_value=10**9), before=st.integers(0, 10**15))
def test_a_deposit_is_sent_to_the_cent_and_known_by_the_unit(cents, before):
    found = replace(MADE, units_deposited=before)
    step = acting.deposit_step(found, cents)
    sent = json.loads(f'{{"deposit":{step.details["usd"]}}}', parse_float=Decimal)["deposit"]
    assert sent * 100 == cents
    for units, is_made in ((cents * 10_000, True), (cents * 10_000 - 1, False)):
        after = replace(found, units_deposited=before + units)
        assert acting.was_made(step, after, 1_000_000) is is_made
