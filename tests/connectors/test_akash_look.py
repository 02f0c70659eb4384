"""Akash: what comes next of an order, whatever the network shows of it."""

from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from connectors.base import Unreachable, Unreadable
from engine.buying import Declined, Leased, Next, Step, Wait
from tests.connectors.akash_console import LATE, NOW, ORDER, Book, bidder, wanted


@pytest.fixture
def book() -> Book:
    return Book()


def created(book, purchaser):
    """An order that this worker has created, and its number."""
    step = purchaser.look(wanted(), None, NOW).step
    return purchaser.act(wanted(), step, {})


def test_an_unknown_order_is_created_with_its_deposit(book):
    look = book.purchaser().look(wanted(), None, NOW)
    assert isinstance(look, Next)
    assert (look.step.name, look.step.handle, look.step.is_safe) == ("create", None, False)
    assert look.step.details["deposit_usd"] == "5"
    assert not book.sent("POST", "*")


def test_nothing_is_created_while_the_console_has_lost_the_chain(book):
    answer = httpx.Response(200, json={"isBlockchainReachable": False})
    book.fail("GET", "/v1/blockchain-status", answer)
    assert isinstance(book.purchaser().look(wanted(), None, NOW), Wait)


def test_an_order_whose_number_was_lost_is_found_by_its_name_on_any_page(book):
    for _ in range(3):
        book.add("dcloud")
    dseq = book.add(lease="active")
    for _ in range(3):
        book.add("dcloud")
    look = book.purchaser().look(wanted(), None, NOW)
    assert isinstance(look, Leased)
    assert look.lease.handle == dseq


def test_absence_is_not_concluded_from_rows_that_cannot_be_read(book):
    page = {"deployments": [{"groups": 7}], "pagination": {"next_key": None}}
    book.fail("GET", "/akash/*", httpx.Response(200, json=page))
    with pytest.raises(Unreadable, match="a row of"):
        book.purchaser().look(wanted(), None, NOW)


def test_bids_are_waited_for_and_the_cheapest_of_the_decision_is_taken(book):
    purchaser = book.purchaser()
    dseq = created(book, purchaser)
    assert isinstance(purchaser.look(wanted(), dseq, NOW), Wait)
    book.bid(dseq, "akash1birch", "4000.5")
    book.bid(dseq, "akash1alder", "4100")
    look = purchaser.look(wanted(), dseq, NOW)
    details = {
        "gseq": "1", "oseq": "1", "provider": "akash1birch", "price": "4000.5",
        "unit": "uact/block", "usd_per_hour": "2.4003",
    }  # fmt: skip
    assert look == Next(step=Step(name="lease", handle=dseq, details=details, is_safe=True))


def test_at_one_price_the_decision_ranks(book):
    purchaser = book.purchaser()
    dseq = created(book, purchaser)
    book.bid(dseq, "akash1birch", "4000")
    book.bid(dseq, "akash1alder", "4000.000000000000000000")
    assert purchaser.look(wanted(), dseq, NOW).step.details["provider"] == "akash1alder"
    others = wanted(bidders=(bidder("birch"), bidder("alder")))
    assert purchaser.look(others, dseq, NOW).step.details["provider"] == "akash1birch"


def test_after_the_first_bid_others_have_a_moment_unless_all_have_bid(book):
    purchaser = book.purchaser(gather_seconds=6)
    dseq = created(book, purchaser)
    book.bid(dseq, "akash1alder", "4000")
    assert isinstance(purchaser.look(wanted(), dseq, NOW), Wait)
    assert isinstance(purchaser.look(wanted(), dseq, NOW + timedelta(seconds=5)), Wait)
    assert isinstance(purchaser.look(wanted(), dseq, NOW + timedelta(seconds=6)), Next)
    book.bid(dseq, "akash1birch", "9999999")
    assert isinstance(purchaser.look(wanted(), dseq, NOW), Next)


@pytest.mark.parametrize(
    ("provider", "price", "more", "reason"),
    [
        ("akash1alder", "5000.000001", {}, "it asks $3.0000000006 an hour, above the approved $3"),
        ("akash1cedar", "1", {}, "it is not among the providers of the decision"),
        ("akash1alder", "1", {"price": {"denom": "uakt", "amount": "1"}}, "it bids in uakt"),
        ("akash1alder", "-1", {}, "its price is below zero"),
    ],
)
def test_a_bid_on_other_terms_is_refused_with_the_numbers(book, provider, price, more, reason):
    purchaser = book.purchaser()
    dseq = created(book, purchaser)
    book.bid(dseq, provider, price, **more)
    assert isinstance(purchaser.look(wanted(), dseq, NOW), Wait)
    look = purchaser.look(wanted(), dseq, LATE)
    assert isinstance(look, Declined)
    assert look.handle == dseq
    assert any(reason in said for said in look.reasons)
    assert not book.sent("POST", "/v1/leases")


def test_a_price_at_the_ceiling_is_within_it(book):
    purchaser = book.purchaser()
    dseq = created(book, purchaser)
    book.bid(dseq, "akash1alder", "5000")
    assert isinstance(purchaser.look(wanted(), dseq, LATE), Next)


@pytest.mark.parametrize(
    ("count", "key", "reason"),
    [(1, "vendor/nvidia/model/a100/ram/80Gi", "a100"), (1, "vendor/nvidia/model/*", "any nvidia"),
     (0, "vendor/nvidia/model/h100", "it offers 0 GPUs of 1")],
)  # fmt: skip
def test_a_bid_of_another_machine_is_refused(book, count, key, reason):
    purchaser = book.purchaser()
    dseq = created(book, purchaser)
    gpu = {"units": {"val": str(count)}, "attributes": [{"key": key, "value": "true"}]}
    part = {"cpu": {"units": {"val": "1"}}, "memory": {"quantity": {"val": "1"}}, "storage": [],
            "gpu": gpu}  # fmt: skip
    book.bid(dseq, "akash1alder", "1", resources_offer=[{"resources": part, "count": 1}])
    look = purchaser.look(wanted(), dseq, LATE)
    assert isinstance(look, Declined)
    assert reason in look.reasons[0]


def test_no_bids_in_time_is_told_with_who_could_have(book):
    book.screened = [
        {"owner": f"akash1{name}", "hostUri": "https://x", "isAudited": True,
         "createdAt": "2026-01-01T00:00:00.000Z"}
        for name in ("alder", "cedar")
    ]  # fmt: skip
    purchaser = book.purchaser()
    dseq = created(book, purchaser)
    look = purchaser.look(wanted(), dseq, LATE)
    assert look == Declined(
        handle=dseq,
        reasons=(
            "such a machine is free at akash1alder, but no bid came at up to $3 an hour",
            "no such machine (1 × h100 80Gi SXM5) is free now at akash1birch",
            "1 more could bid, but did not pass the decision's conditions",
        ),
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"gpu_name": "any nvidia"}, "cannot be asked"), ({"vcpu": Decimal(385)}, "cannot be asked")],
)
def test_what_cannot_be_screened_is_said(book, change, reason):
    assert reason in book.purchaser().bid_reasons(wanted(**change))[0]


def test_a_screening_that_fails_declines_all_the_same(book):
    purchaser = book.purchaser()
    dseq = created(book, purchaser)
    book.fail("POST", "/v1/bid-screening", httpx.Response(503))
    look = purchaser.look(wanted(), dseq, LATE)
    assert isinstance(look, Declined)
    assert "who could bid is not known" in look.reasons[0]


def test_bids_that_went_are_made_anew_only_after_the_old_order_is_closed(book):
    purchaser = book.purchaser()
    dseq = created(book, purchaser)
    book.bid(dseq, "akash1alder", "4000", state="closed")
    step = purchaser.look(wanted(), dseq, NOW).step
    assert (step.name, step.handle, step.is_safe) == ("close", dseq, True)
    purchaser.act(wanted(), step, {})
    assert purchaser.look(wanted(), dseq, NOW).step.name == "create"


def test_attempts_without_a_lease_are_counted_and_end(book):
    for _ in range(5):
        book.add(state="closed")
    look = book.purchaser().look(wanted(), None, NOW)
    assert isinstance(look, Declined)
    assert "5 deployments were made for it" in look.reasons[0]


def test_an_order_whose_manifest_nobody_has_is_closed_before_it_is_made_anew(book):
    dseq = created(book, book.purchaser())
    other = book.purchaser()  # this worker after a crash
    assert isinstance(other.look(wanted(), None, NOW), Wait)
    step = other.look(wanted(), None, NOW + timedelta(seconds=20)).step
    assert (step.name, step.handle) == ("close", dseq)
    other.act(wanted(), step, {})
    assert other.look(wanted(), None, NOW).step.name == "create"


def test_an_order_is_left_to_the_worker_that_placed_it_while_that_goes_on(book):
    first, second = book.purchaser(), book.purchaser()
    dseq = created(book, first)
    book.bid(dseq, "akash1alder", "4000")
    moments = [NOW + timedelta(seconds=seconds) for seconds in (3, 9, 22)]
    assert all(isinstance(second.look(wanted(), dseq, at), Wait) for at in moments)
    step = first.look(wanted(), dseq, NOW + timedelta(seconds=22)).step
    first.act(wanted(), step, {})
    assert isinstance(second.look(wanted(), dseq, NOW + timedelta(seconds=60)), Leased)


def test_of_two_deployments_the_leased_one_is_the_order_and_the_other_is_closed(book):
    stray, leased = book.add(), book.add(lease="active")
    purchaser = book.purchaser()
    step = purchaser.look(wanted(), None, NOW).step
    assert (step.name, step.handle) == ("close", stray)
    purchaser.act(wanted(), step, {})
    look = purchaser.look(wanted(), None, NOW)
    assert isinstance(look, Leased)
    assert look.lease.handle == leased


@pytest.mark.parametrize("lease", ["", "active"])
def test_no_bid_is_taken_while_another_deployment_has_the_order_s_name(book, lease):
    purchaser = book.purchaser()
    dseq = created(book, purchaser)
    book.bid(dseq, "akash1alder", "4000")
    stray = book.add(lease=lease)
    step = purchaser.look(wanted(), dseq, NOW).step
    assert (step.name, step.handle) == ("close", dseq if lease else stray)


@pytest.mark.parametrize("state", ["active", "insufficient_funds", "reclaiming"])
def test_a_running_lease_is_the_order_s_with_its_price(book, state):
    dseq = book.add(lease=state)
    look = book.purchaser().look(wanted(), dseq, LATE + timedelta(days=1))
    assert isinstance(look, Leased)
    lease = look.lease
    assert (lease.provider_id, lease.price) == ("akash1alder", Decimal("4000.5"))
    assert (lease.unit, lease.usd_per_hour, lease.since) == (
        "uact/block",
        Decimal("2.4003"),
        "1000",
    )


@pytest.mark.parametrize("state", ["active", "closed"])
def test_an_order_whose_lease_has_ended_is_not_bought_again(book, state):
    dseq = book.add(state=state, lease="closed")
    book.deployments[dseq]["leases"][0]["reason"] = "lease_closed_reason_manifest_timeout"
    for handle in (dseq, None):
        look = book.purchaser().look(wanted(), handle, NOW)
        reason = "it had a lease with akash1alder, which ended: manifest timeout"
        assert look == Declined(reasons=(reason,), handle=dseq)


def test_an_outage_is_no_answer(book):
    book.fail("GET", "/v1/deployments/*", httpx.Response(502))
    with pytest.raises(Unreachable):
        book.purchaser().look(wanted(), "1790598358092", NOW)


def test_a_number_the_network_does_not_show_is_not_taken_for_one_that_never_was(book):
    assert isinstance(book.purchaser().look(wanted(), "1", NOW), Wait)
    dseq = book.add()
    for handle in (dseq, None):
        for _ in range(2 if handle else 1):
            book.fail("GET", f"/v1/deployments/{dseq}", httpx.Response(404, text="no such page"))
        with pytest.raises(Unreadable, match="does not show it"):
            book.purchaser().look(wanted(), handle, NOW)


def test_a_bid_that_cannot_be_read_spoils_no_other_and_is_told(book):
    purchaser = book.purchaser()
    dseq = created(book, purchaser)
    book.bid(dseq, "akash1alder", "4000", price={"denom": "uact", "amount": "cheap"})
    look = purchaser.look(wanted(), dseq, LATE)
    assert isinstance(look, Declined)
    assert look.reasons[0] == "bids that cannot be read: 1"
    book.bid(dseq, "akash1birch", "4000")
    assert purchaser.look(wanted(), dseq, LATE).step.details["provider"] == "akash1birch"


def test_a_lease_that_another_hand_made_of_the_order_is_the_order(book):
    purchaser = book.purchaser()
    dseq = created(book, purchaser)
    book.deployments[dseq]["leases"] = book.deployments[book.add(ORDER, lease="active")]["leases"]
    assert isinstance(purchaser.look(wanted(), dseq, NOW), Leased)
