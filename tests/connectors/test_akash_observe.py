"""Akash: what is true of many orders at one moment, to the smallest unit, and what is not known."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors.base import Denied, Unreachable, Unreadable
from connectors.networks.akash import console as console_module
from connectors.networks.akash.console_wire import DeploymentRow
from connectors.networks.akash.lease_states import money_of
from connectors.networks.akash.purchaser import AkashPurchaser
from engine.buying import Billed, Observation, Service
from tests.connectors.akash_console import NOW, ORDER, OWNER, Book

AMOUNT = st.decimals(min_value=0, max_value=10**9, places=18)
STATUS = {
    "services": {"web": {"name": "web", "available": 1, "total": 2, "ready_replicas": 0,
                         "uris": ["a.example", "<script>"]}},
    "forwarded_ports": {"web": [{"host": "p.example", "port": 22, "externalPort": 31234}]},
    "ips": {"web": [{"IP": "192.0.2.1", "Port": 1, "ExternalPort": 80, "Protocol": "TCP"}]},
}  # fmt: skip


@pytest.fixture
def book() -> Book:
    return Book()


def test_many_orders_are_one_page_and_are_told_with_their_money(book):
    handles = [book.add(lease="active") for _ in range(3)]
    other = book.add("dcloud", lease="active")
    book.deployments[handles[0]] |= {"transferred": "123.9", "funds": "4999876.1"}
    seen = book.purchaser().observe(handles)
    assert sorted(seen) == handles
    assert other not in seen
    first = seen[handles[0]]
    assert (first.word, first.reason, first.services, first.at) == ("active", None, None, "1000")
    assert (first.units_deposited, first.units_spent, first.units_left) == (5_000_000, 123, 4999876)
    assert first.lease is not None
    assert first.lease.price == Decimal("4000.5")
    assert len(book.sent("GET", "/v1/deployments*")) == 1


def test_blocks_since_the_last_settlement_are_owed_at_the_lease_s_price(book):
    dseq = book.add(lease="active")
    book.height = 1_003
    seen = book.purchaser().observe([dseq])[dseq]
    assert (seen.units_spent, seen.units_left, seen.at) == (12_001, 4_987_998, "1003")
    book.height = 1_000_000
    seen = book.purchaser().observe([dseq])[dseq]
    assert (seen.units_spent, seen.units_left) == (5_000_000, 0)
    book.has_blocks = False
    seen = book.purchaser().observe([dseq])[dseq]
    assert (seen.units_spent, seen.at) == (0, "1000")


@given(moved=AMOUNT, funds=AMOUNT, blocks=st.integers(0, 10**6))
def test_spent_and_left_are_never_more_than_what_was_put_in(moved, funds, blocks):
    book = Book()
    dseq = book.add(lease="active")
    book.deployments[dseq] |= {"transferred": f"{moved:f}", "funds": f"{funds:f}"}
    row = DeploymentRow.model_validate(book.shown(dseq))
    money = money_of(row, 1_000 + blocks)
    assert money.deposited == int((moved + funds).to_integral_value(ROUND_FLOOR))
    assert money.deposited - 1 <= money.spent + money.left <= money.deposited
    assert money.spent >= int(moved)
    assert money.left >= 0


def test_an_overdrawn_account_is_below_zero_and_short_of_money(book):
    dseq = book.add(lease="active")
    book.deployments[dseq] |= {
        "escrow": "overdrawn", "transferred": "500000.000000000000000000",
        "funds": "-6344.131225000000000000",
    }  # fmt: skip
    seen = book.purchaser().observe([dseq])[dseq]
    assert (seen.word, seen.units_left, seen.units_spent) == ("insufficient_funds", -6345, 500_000)
    assert seen.units_deposited == 500_000


@pytest.mark.parametrize(
    ("state", "word"),
    [("active", "active"), ("insufficient_funds", "insufficient_funds"),
     ("reclaiming", "reclaiming"), ("closed", "closed"), ("dreaming", None)],
)  # fmt: skip
def test_a_lease_s_state_is_the_network_s_word_and_another_is_unknown(book, state, word):
    dseq = book.add(lease=state)
    assert book.purchaser().observe([dseq])[dseq].word == word


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("lease_closed_owner", "owner"),
        ("lease_closed_reason_insufficient_funds", "insufficient_funds"),
        ("lease_closed_reason_unstable", "unstable"),
        ("lease_closed_reason_decommission", "decommission"),
        ("lease_closed_reason_manifest_timeout", "manifest_timeout"),
        ("lease_closed_reason_unspecified", "unspecified"),
        ("lease_closed_invalid", "unspecified"),
        ("", "unspecified"),
    ],
)
def test_a_reason_counts_only_once_the_lease_is_closed(book, reason, expected):
    dseq = book.add(lease="active")
    lease = book.deployments[dseq]["leases"][0]
    lease["reason"] = reason
    assert book.purchaser().observe([dseq])[dseq].reason is None
    lease["state"] = "closed"
    assert book.purchaser().observe([dseq])[dseq].reason == expected


def test_what_the_list_does_not_show_is_asked_for_once(book):
    gone = book.add(state="closed", lease="closed")
    seen = book.purchaser().observe([gone, "99"])
    assert seen[gone].word == "closed"
    assert "99" not in seen
    assert len(book.sent("GET", "/v1/deployments/*")) == 2


def test_silence_is_not_a_death_and_is_not_insisted_on(book):
    gone = [book.add(state="closed", lease="closed") for _ in range(3)]
    book.fail("GET", "/v1/deployments/*", httpx.Response(503))
    seen = book.purchaser().observe(gone)
    assert seen == {handle: Observation(handle=handle, word=None) for handle in gone}
    assert len(book.sent("GET", "/v1/deployments/*")) == 1


def test_one_row_that_cannot_be_read_spoils_no_other_but_is_not_left_out_of_everything(book):
    good, bad = book.add(lease="active"), book.add(lease="active")
    book.deployments[bad]["funds"] = "a lot"
    seen = book.purchaser().observe([good, bad])
    assert (seen[good].word, seen[bad].word) == ("active", None)
    with pytest.raises(Unreadable, match="cannot be read"):
        book.purchaser().everything()


@pytest.mark.parametrize(
    ("answer", "error"),
    [(httpx.Response(500), Unreachable), (httpx.Response(200, text="<html>"), Unreadable),
     (httpx.Response(200, json={"data": 1}), Unreadable), (httpx.Response(401), Denied),
     (httpx.Response(200, content=bytes(2_000_000)), Unreadable)],
)  # fmt: skip
def test_a_list_that_fails_is_an_error_and_never_an_empty_account(book, answer, error):
    book.add(lease="active")
    for call in (lambda p: p.observe(["17"]), lambda p: p.everything()):
        book.fail("GET", "/v1/deployments", answer)
        with pytest.raises(error):
            call(book.purchaser())


def test_pages_are_read_to_the_end_and_not_beyond_the_limit(book, monkeypatch):
    monkeypatch.setattr(console_module, "PAGE_ROWS", 2)
    handles = [book.add(lease="active") for _ in range(5)]
    assert sorted(book.purchaser().observe(handles)) == handles
    assert len(book.sent("GET", "/v1/deployments")) == 3
    monkeypatch.setattr(console_module, "PAGES_MAX", 2)
    with pytest.raises(Unreadable, match="more than 4 active deployments"):
        book.purchaser().observe(handles)
    with pytest.raises(Unreadable, match="more than 4 active deployments"):
        book.purchaser().find("sbx-other")


def test_everything_open_is_told_with_its_tag_and_other_people_s_without(book):
    ours, theirs = book.add(lease="active"), book.add("dcloud")
    book.add(state="closed")
    found = {one.handle: one for one in book.purchaser().everything()}
    assert sorted(found) == [ours, theirs]
    assert (found[ours].tag, found[theirs].tag) == (ORDER, None)
    assert found[ours].lease is not None
    assert found[theirs].lease is None


def test_an_order_is_found_open_and_closed(book):
    closed, opened = book.add(state="closed"), book.add()
    found = book.purchaser().find(ORDER)
    assert [(one.handle, one.is_open) for one in found] == [(closed, False), (opened, True)]
    assert book.purchaser().find("sbx-another") == []


def test_health_is_what_the_provider_says_and_silence_is_unknown(book):
    dseq = book.add(lease="active")
    purchaser = book.purchaser()
    assert purchaser.health(dseq).services is None
    lease = book.deployments[dseq]["leases"][0]
    lease["status"] = STATUS
    addresses = ("a.example", "<script>", "p.example:31234", "192.0.2.1:80")
    assert purchaser.health(dseq).services == (
        Service(name="web", ready=0, total=2, addresses=addresses),
    )
    lease["status"] = {"services": {"web": 7}}
    assert purchaser.health(dseq).services is None
    assert purchaser.health(dseq).word == "active"
    assert purchaser.health("99") is None


@pytest.mark.parametrize(
    ("told", "moment"),
    [
        ({"deadline": "2026-11-26T12:00:00.000Z"}, datetime(2026, 11, 26, 12, tzinfo=UTC)),
        ({"ends_at": 1_795_694_400}, datetime(2026, 11, 26, 12, tzinfo=UTC)),
        ({"deadline": "soon"}, None),
        ({"deadline": "2026-11-26T12:00:00"}, None),
        ({"deadline": 10**30}, None),
        ("24h", None),
        (None, None),
    ],
)
def test_a_notice_of_reclamation_is_read_where_it_says_when(book, told, moment):
    dseq = book.add(lease="reclaiming")
    book.deployments[dseq]["leases"][0]["reclamation"] = told
    assert book.purchaser().health(dseq).reclaimed_by == moment


def test_the_bill_is_the_network_s_own_by_day(book):
    billed = book.purchaser().billed(NOW - timedelta(days=1), NOW)
    assert billed == [Billed(day="2026-11-24", usd=Decimal("1.1"))]
    assert book.requests[-1].url.params["address"] == OWNER
    book.fail("GET", "/v1/usage/history", httpx.Response(200, json={}))
    with pytest.raises(Unreadable):
        book.purchaser().billed(NOW, NOW)


def test_the_account_is_asked_for_once_and_a_key_without_wallet_is_refused(book):
    purchaser = book.purchaser()
    purchaser.find(ORDER)
    purchaser.find(ORDER)
    assert len(book.sent("GET", "/v1/user/me")) == 1
    book.fail("GET", "/v1/wallets", httpx.Response(200, json={"data": []}))
    with pytest.raises(Denied, match="no wallet"):
        book.purchaser().find(ORDER)
    book.purchaser(owner=OWNER).find(ORDER)


def test_a_key_that_is_none_is_refused_before_anything_is_asked(book):
    with pytest.raises(Denied, match="NECTO_AKASH_KEY"):
        AkashPurchaser(book, "https://x.example", SecretStr(""))  # type: ignore[arg-type]


def test_a_number_that_is_none_never_becomes_a_path(book):
    purchaser = book.purchaser()
    for call in (purchaser.health, purchaser.close_step, lambda h: purchaser.observe([h])):
        with pytest.raises(Denied):
            call("1/../../user/me")
    assert purchaser.observe([]) == {}
    assert book.requests == []
