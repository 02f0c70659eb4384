"""From a decision to an order: what is set aside, who may serve it, what is refused."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import Refused
from engine.placing import From, bidders_of, cents_up, needs_approval, placed_of
from tests.orders import MACHINE, NOW, TERMS, decided, made_of


def placed(record, quote=None, terms=TERMS):
    made_from = From(record=record, digest="sha256:1", policy_editor=None)
    chosen = quote or record.quotes[0]
    return placed_of("sbx-1", made_from, chosen, MACHINE, terms, "ines", NOW)


def with_policy(**changes):
    return decided().model_copy(update={"policy": decided().policy.model_copy(update=changes)})


def asking(**changes):
    need = decided().requirement.model_copy(update=changes)
    return decided().model_copy(update={"requirement": need})


def test_an_order_sets_aside_the_most_that_it_may_cost():
    order = made_of()
    assert (order.usd_per_hour, order.usd_per_hour_max) == (Decimal(16), Decimal(16))
    assert (order.hold_cents, order.first_deposit_cents) == (160_00, 64_00)


def test_the_first_deposit_is_never_more_than_the_hold():
    short = made_of(replace(TERMS, hours=Decimal("0.01")))
    assert (short.hold_cents, short.first_deposit_cents) == (50, 50)


def test_an_open_ended_order_is_funded_for_the_hours_that_its_buyer_says():
    order = made_of(replace(TERMS, hours=None, funded_hours=Decimal(3)))
    assert (order.runs_hours, order.hold_cents) == (None, 48_00)


@given(st.decimals("0.0001", "500", places=4), st.decimals("0.1", "900", places=1))
def test_what_is_set_aside_is_never_too_little(price, hours):
    assert 0 <= cents_up(price * hours) - price * hours * 100 < 1


@pytest.mark.parametrize(("above", "waits"), [(None, False), ("160", False), ("159.99", True)])
def test_more_than_the_policys_amount_waits_for_a_second_person(above, waits):
    limit = None if above is None else Decimal(above)
    order = placed(with_policy(approval_above_usd=limit))
    assert (order.approval_expires_at is not None) == waits == needs_approval(160_00, limit)
    assert order.quote_expires_at >= (order.approval_expires_at or NOW)


def test_only_who_passed_the_same_gates_at_no_more_than_the_ceiling_may_serve_it():
    dear = made_of(replace(TERMS, usd_per_hour_max=Decimal("18.5")))
    assert [one.provider_id for one in dear.bidders] == ["of-a-cheap", "of-b-known"]
    assert [one.provider_id for one in made_of().bidders] == ["of-a-cheap"]


def test_a_provider_stands_once_and_only_the_chosen_one_unless_any_may():
    quotes = decided().quotes
    ceiling = Decimal(100)
    assert len(bidders_of([*quotes, *quotes], quotes[0], ceiling, any_bidder=True)) == len(quotes)
    [only] = bidders_of(quotes, quotes[1], ceiling, any_bidder=False)
    assert only.provider_id == quotes[1].provider_id


def test_the_machine_is_of_the_priced_shape_where_the_job_asks_for_nothing():
    order = made_of()
    assert (order.vcpu, order.memory_gib, order.storage_gib) == (16, 256, 20)
    asked = placed(asking(vcpu_min=Decimal(4)))
    assert asked.vcpu == 4


REFUSALS = {
    "no cost centre": (decided(), replace(TERMS, cost_centre=" "), "name the cost centre"),
    "no PO number": (
        with_policy(po_number_required=True), TERMS, "strict requires a PO number"),
    "a ceiling below the price": (
        decided(), replace(TERMS, usd_per_hour_max=Decimal("15.99")),
        r"ceiling of \$15.99 an hour is below the quoted \$16"),
    "no ceiling at all": (
        decided(), replace(TERMS, usd_per_hour_max=Decimal(0)), "is below the quoted"),
    "a ceiling above the job's own": (
        asking(usd_per_hour_max=Decimal(17)), replace(TERMS, usd_per_hour_max=Decimal(18)),
        r"above the \$17 that the job itself allows"),
    "no hours": (decided(), replace(TERMS, hours=Decimal(0)), "hours must be more than nothing"),
    "no funded hours": (
        decided(), replace(TERMS, funded_hours=Decimal(-1)), "funded hours must be more"),
    "several machines": (asking(nodes=2), TERMS, "needs 2 machines and an order is of one"),
}  # fmt: skip


@pytest.mark.parametrize(("record", "terms", "words"), REFUSALS.values(), ids=REFUSALS)
def test_terms_that_do_not_hold_are_refused_with_what_to_change(record, terms, words):
    with pytest.raises(Refused, match=words):
        placed(record, terms=terms)


def test_a_quote_of_another_decision_is_refused():
    cheap = replace(decided().quotes[0], usd_per_hour=Decimal(1))
    with pytest.raises(Refused, match="does not quote"):
        placed(decided(), cheap)


def test_an_offer_without_a_provider_is_refused():
    nobody = replace(decided().quotes[0], provider_id=None)
    with pytest.raises(Refused, match="names no provider"):
        placed(decided().model_copy(update={"quotes": (nobody,)}), nobody)


def test_an_old_decision_is_refused():
    made_of(now=NOW + timedelta(minutes=29, seconds=59))
    with pytest.raises(Refused, match="older than 30 minutes: route the job again"):
        made_of(now=NOW + timedelta(minutes=30))


def test_without_a_ceiling_the_bid_may_be_five_per_cent_dearer_but_never_above_the_jobs_own():
    unsaid = replace(TERMS, usd_per_hour_max=None)

    assert placed(decided(), terms=unsaid).usd_per_hour_max == Decimal("16.80")
    assert placed(asking(usd_per_hour_max=Decimal("16.5")), terms=unsaid).usd_per_hour_max == (
        Decimal("16.5")
    )
