"""Alert rules against readings: what fires, what is quiet, and what cannot be judged."""

from datetime import timedelta
from decimal import Decimal

import pytest

from data.shipped import catalogue
from engine.alert_facts import Look
from engine.alerts import judged
from engine.market import Attribute
from tests.engine.alert_looks import HOUR, NOW, at, facts, kept, rule, verdict
from tests.engine.test_provider_search import AKASH, provider
from tests.support import baseline

OLD = NOW - timedelta(hours=37)


def test_a_price_below_the_ceiling_fires_with_its_evidence():
    found = verdict(rule(), facts([at("1.4999"), at("1.2", offer_id="b", available=False)]))

    assert found.state == "firing"
    assert found.sentence == (
        "H100-SXM on demand costs $1.4999 per GPU-hour on Akash, free: below $1.50."
    )
    seen = found.evidence
    assert (seen.network, seen.usd_per_gpu_hour) == ("akash", Decimal("1.4999"))
    assert (seen.run_before, seen.run_id) == ("run-1", "run-2")
    assert seen.observed_at == NOW - HOUR / 4
    assert seen.offer_id


@pytest.mark.parametrize(
    "offered",
    [
        at("1.50"),
        at("1", available=False),
        at("1", available=None),
        at("1", term="spot"),
        at("1", gpu_model="H100"),
        at("1", network="lium"),
        at("1", rankable=False),
        at("1", price_basis="customer_price"),
        at("1", source_kind="recorded"),
        baseline(usd_per_hour=Decimal(1)),
    ],
    ids=lambda one: f"{one.network} {one.price_basis} {one.source_kind} {one.available}",
)
def test_what_the_rule_does_not_ask_for_does_not_fire(offered):
    asked = rule(networks=("akash",)) if offered.network == "lium" else rule()

    assert verdict(asked, facts([offered])).state != "firing"


def test_a_family_means_every_member_and_taken_counts_when_asked_for():
    asked = rule(gpu="H100", free_only=False)

    assert verdict(asked, facts([at("1", available=False)])).state == "firing"
    assert "H100-SXM on demand costs" in verdict(asked, facts([at("1")])).sentence


def test_a_hyperscaler_counts_where_it_is_named():
    sold = baseline(usd_per_hour=Decimal(1), observed_at=NOW)

    assert verdict(rule(networks=("aws",), free_only=False), facts([sold])).state == "firing"


def test_a_rate_card_that_holds_counts_and_has_no_run():
    agreed = at("1", source_kind="contract", term="contract", observed_at=OLD, available=None)
    found = verdict(rule(term="contract", free_only=False), facts([agreed]))

    assert (found.state, found.evidence.run_id) == ("firing", None)


def test_a_model_never_seen_cannot_be_judged():
    found = verdict(rule(gpu="B200"), facts([at("1")]))

    assert found.state == "cannot be judged"
    assert found.sentence == "No firm live price of B200 on demand has been seen on any network."


def test_a_gpu_that_nobody_knows_cannot_be_judged_and_the_closest_are_named():
    found = verdict(rule(gpu="H1000"), facts([at("1")]))

    assert (found.state, found.keeps) == ("cannot be judged", True)
    assert "Closest known" in found.sentence


def test_prices_that_are_too_old_neither_open_nor_close():
    found = verdict(rule(), facts([at("1", observed_at=OLD)]))

    assert (found.state, found.keeps) == ("cannot be judged", True)
    assert "older than 36 hours" in found.sentence


@pytest.mark.parametrize(
    ("offers", "said"),
    [
        ([at("2.25")], "The cheapest costs $2.25 per GPU-hour, on Akash."),
        ([at("1", available=None)], "None of 1 offer is known to be free."),
    ],
)
def test_a_quiet_rule_says_how_far_the_market_is(offers, said):
    assert verdict(rule(), facts(offers)).sentence == said


def test_a_price_keeps_its_alert_for_one_quiet_reading():
    first = facts([at("1")], run="run-1")
    opened = verdict(rule(), first).evidence
    dear = facts([at("2")])

    assert verdict(rule(), dear, first, opened).keeps
    assert not verdict(rule(), dear, facts([at("2")], run="run-1"), opened).keeps
    gone = verdict(rule(), facts(), facts(run="run-1"), opened)
    assert (gone.state, gone.keeps) == ("quiet", False)
    assert gone.sentence == "No H100-SXM on demand is offered on any network now."


FREE, TAKEN, UNTOLD = at("2"), at("2", available=False), at("2", available=None)


@pytest.mark.parametrize(
    ("before", "newest", "state", "keeps"),
    [
        ([TAKEN], [FREE], "firing", True),
        ([], [FREE], "firing", True),
        ([FREE], [FREE], "quiet", True),
        ([UNTOLD], [FREE], "quiet", True),
        ([FREE], [TAKEN], "quiet", True),
        ([TAKEN], [TAKEN], "quiet", False),
        ([], [], "quiet", False),
        ([TAKEN], [UNTOLD], "cannot be judged", True),
        ([TAKEN], [at("2", available=True, source_kind="contract")], "quiet", False),
        ([TAKEN], [at("2", term="spot")], "quiet", False),
    ],
)
def test_a_gpu_returns_when_it_was_not_free_and_is_now(before, newest, state, keeps):
    asked = rule("availability_returns", gpu="H100-SXM")
    found = verdict(asked, facts(newest), facts(before, run="run-1"))

    assert (found.state, found.keeps) == (state, keeps)


def test_an_offer_returns_by_its_id_and_keeps_its_alert_while_it_is_free():
    asked = rule("availability_returns", offer_id=FREE.offer_id, title="mine")
    found = verdict(asked, facts([FREE]), facts([TAKEN]))

    assert found.sentence == "The offer mine is free again on Akash, at $2.00 per GPU-hour."
    assert found.evidence.offer_id == FREE.offer_id
    still = verdict(asked, facts([FREE]), facts([FREE]), found.evidence)
    assert (still.state, still.keeps) == ("firing", True)
    assert verdict(asked, facts([at("1", offer_id="akash:other")]), facts([TAKEN])).state == "quiet"


def test_availability_needs_a_reading_and_a_fresh_one():
    asked = rule("availability_returns", gpu="H100-SXM")
    old = verdict(asked, facts([FREE], when=OLD), facts([TAKEN]))
    none = verdict(asked, facts(is_read=False))

    assert (old.state, none.state) == ("cannot be judged", "cannot be judged")
    assert "older than 36 hours" in old.sentence
    assert none.sentence == "Akash has not been read live yet."


def test_the_first_reading_opens_no_availability_alert():
    asked = rule("availability_returns", gpu="H100-SXM")

    assert verdict(asked, facts([FREE]), facts(is_read=False)).state == "quiet"


SIGNED = provider()
UNSIGNED = provider(attributes=(Attribute("country", "DE"), Attribute("tier", "community")))
RESIGNED = provider(attributes=(Attribute("country", "FR", (AKASH,)),))
UNAUDITED = provider(is_audited=False)


def lost(newest, before=SIGNED, opened=None, **fields):
    def side(one, run):
        return facts((), [one] if one else [], run=run)

    asked = rule("signature_lost", **fields)
    return verdict(asked, side(newest, "run-2"), side(before, "run-1"), opened)


def test_a_signature_that_was_there_and_is_not_now_fires():
    found = lost(UNSIGNED, title="one.example")

    assert found.sentence == (
        "one.example on Akash has lost the signature of Akash Network on country = DE."
    )
    assert [(s.key, s.value, s.auditor) for s in found.evidence.lost] == [("country", "DE", AKASH)]
    assert (found.evidence.run_before, found.evidence.run_id) == ("run-1", "run-2")


@pytest.mark.parametrize(
    ("newest", "before", "fields", "state"),
    [
        (SIGNED, SIGNED, {}, "quiet"),
        (RESIGNED, SIGNED, {}, "quiet"),
        (UNSIGNED, SIGNED, {"attribute": "tier"}, "quiet"),
        (UNSIGNED, SIGNED, {"attribute": "country"}, "firing"),
        (UNSIGNED, SIGNED, {"auditor": "Somebody"}, "quiet"),
        (UNAUDITED, SIGNED, {}, "firing"),
        (UNAUDITED, SIGNED, {"attribute": "country"}, "quiet"),
        (None, SIGNED, {}, "cannot be judged"),
        (SIGNED, None, {}, "cannot be judged"),
    ],
)
def test_only_what_the_rule_is_about_is_lost(newest, before, fields, state):
    assert lost(newest, before, **fields).state == state


def test_a_signature_alert_stays_until_it_is_signed_again():
    opened = lost(UNSIGNED).evidence

    assert lost(UNSIGNED, UNSIGNED, opened).state == "firing"
    assert lost(None, UNSIGNED, opened).keeps
    back = lost(SIGNED, UNSIGNED, opened)
    assert (back.state, back.keeps) == ("quiet", False)
    assert not lost(SIGNED, None, opened).keeps


def test_several_lost_signatures_are_counted_and_long_words_are_cut_in_the_sentence():
    signed = provider(attributes=(Attribute("a" * 500, "b" * 10_000, (AKASH,)),))
    found = lost(provider(is_audited=False, attributes=()), signed)

    assert len(found.sentence) < 300
    assert "its audited state and 1 more" in found.sentence
    assert len(found.evidence.lost[1].value) == 10_000


def test_a_reading_that_lacks_a_part_tells_nothing_about_signatures():
    asked = rule("signature_lost")
    half = facts((), [UNSIGNED], is_whole=False)
    found = verdict(asked, half, facts((), [SIGNED], run="run-1"))

    assert (found.state, found.keeps) == ("cannot be judged", True)
    assert verdict(asked, facts(is_read=False)).state == "cannot be judged"


def test_shipped_figures_are_not_judged():
    recorded = provider(source_kind="recorded")

    assert lost(UNSIGNED, recorded).state == "cannot be judged"


def test_only_rules_that_are_on_are_judged_and_in_their_order():
    look = Look(facts([at("1")]), facts(), catalogue(), NOW)
    rules = [kept(rule(), "b"), kept(rule(), "off", is_on=False), kept(rule("network_silent"), "a")]

    assert [one.kept.id for one in judged(rules, look, {})] == ["b", "a"]
