"""From a decision to an order: the right quote, the policy's editor, never twice for one key."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from data.decisions import decisions, saved
from data.ordering_from import drafted, order_from
from data.orders import listed
from data.policies import import_policy
from engine.commands import Refused
from engine.decision_record import digest_of
from tests.placed import INES, KOFI, TERMS, TEXT, decided, ordered, stores_of

PO = "name: strict\npo_number_required: true\napproval_above_usd: 5\n"


@pytest.fixture
def stores(tmp_path):
    return stores_of(tmp_path)


def at():
    return datetime.now(UTC)


def test_the_cheapest_offer_that_can_be_bought_is_ordered_with_its_machine(stores):
    placed = ordered(stores).placed

    assert (placed.offer_id, placed.usd_per_hour) == ("akash:de", Decimal(2))
    assert (placed.gpu_name, placed.vcpu) == ("h100 80Gi SXM5", 16)
    assert placed.hold_cents == 21_00  # with room for the bid
    assert placed.order_id.startswith("sbx-")
    assert placed.is_simulated


def test_ordering_keeps_the_decision_once(stores):
    record = decided(stores)
    kept = saved(stores.lake, stores.records, record, INES, "a click")
    made = order_from(stores, record, TERMS, INES, "k", at())

    with stores.records.reading() as view:
        assert [one.digest for one in decisions(view)] == [kept.digest]
    assert made.placed.decision == kept.digest == digest_of(record)


def test_the_same_key_is_the_same_order_also_of_a_newer_decision(stores):
    assert ordered(stores).order_id == ordered(stores).order_id

    with stores.records.reading() as view:
        assert len(listed(view)) == 1


def test_a_key_of_another_order_is_refused(stores):
    ordered(stores)

    with pytest.raises(Refused, match="another order: use a new key"):
        ordered(stores, terms=replace(TERMS, hours=Decimal(11)))


@pytest.mark.parametrize(
    ("offer_id", "says"),
    [("lium:x", "cannot buy on Lium"), ("akash:none", "knows no offer")],
)
def test_an_offer_that_cannot_be_bought_is_refused_in_words(stores, offer_id, says):
    with pytest.raises(Refused, match=says):
        drafted(stores, decided(stores), TERMS, INES, "k", at(), offer_id)


def test_a_job_that_only_other_networks_serve_says_where_necto_buys(stores):
    with pytest.raises(Refused, match="are of Lium; Necto buys on Akash"):
        drafted(stores, decided(stores, f"{TEXT}networks: [lium]\n"), TERMS, INES, "k", at())


def test_a_refused_offer_is_told_with_what_refused_it(stores):
    record = decided(stores, f"{TEXT}countries: [DE]\n")

    with pytest.raises(Refused, match=r"was refused \(country\)"):
        drafted(stores, record, TERMS, INES, "k", at(), "akash:us")


def test_a_job_without_an_image_is_refused_before_anything_is_set_aside(stores):
    text = TEXT.replace("image: example/trainer:1\n", "")

    with pytest.raises(Refused, match="names no image"):
        ordered(stores, text=text)
    made = drafted(stores, decided(stores, text), replace(TERMS, own_sdl="a"), INES, "k", at())
    assert made.placed.own_sdl == "a"


def test_who_wrote_the_policy_is_known_to_the_order(stores):
    import_policy(stores.house, PO, KOFI)
    terms = replace(TERMS, po_number="PO-1")
    made = ordered(stores, terms=terms, text=f"{TEXT}policy: strict\n")

    assert (made.placed.policy, made.placed.policy_editor) == ("strict@1", KOFI.name)
    assert made.state == "waiting"


def test_an_old_decision_and_an_offer_that_is_gone_are_refused(stores):
    record = decided(stores)
    quotes = tuple(replace(one, offer_id=f"{one.offer_id}-gone") for one in record.quotes)

    with pytest.raises(Refused, match="older than 30 minutes"):
        drafted(stores, record, TERMS, INES, "k", at() + timedelta(hours=1))
    with pytest.raises(Refused, match="no longer offered"):
        drafted(stores, record.model_copy(update={"quotes": quotes}), TERMS, INES, "k", at())


def test_a_draft_tells_the_money_and_writes_no_order(stores):
    made = drafted(stores, decided(stores), TERMS, INES, "k", at())

    assert made.around.free_cents == 100_000_00
    assert (made.around.limit_cents, made.around.provider_name) == (None, "de.example")
    with stores.records.reading() as view:
        assert listed(view) == []
