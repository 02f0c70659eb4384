"""The decision as text: reviewed by a person (decision.txt), the same for the same record."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from engine import decision_words as words
from engine.decision_record import record_of
from engine.decision_text import TOLD, decision_text, summary_text
from engine.policy import Policy
from engine.requirement import Attribute, Gpus, Port, Requirement
from engine.routing import prepared, route
from tests.kept import JOB, NOW, machine, small_record
from tests.route_worlds import facts_of, frame_of

GOLDEN = Path(__file__).parent / "decision.txt"


def of(*offers, job=JOB, policy=None):
    market = prepared(frame_of(list(offers)), facts_of(), NOW, key="k")
    return record_of(route(job, market, policy, NOW))


def test_the_decision_reads_as_reviewed():
    assert decision_text(small_record()) == GOLDEN.read_text(encoding="utf-8")


def test_nothing_is_wider_than_a_page():
    lines = decision_text(small_record()).splitlines()
    assert max(map(len, lines)) <= 120


def test_an_open_ended_job_is_told_by_the_hour():
    text = decision_text(
        of(machine("a", "16"), job=JOB.model_copy(update={"duration_hours": None}))
    )

    assert "1 of 1 offer may be taken; the first costs 16.00 USD an hour." in text
    assert "an hour                 16.00" in text


def test_what_is_uncertain_has_its_band_and_a_deposit_is_no_cost():
    record = of(machine("n", "10", network="nosana"))
    first = replace(record.quotes[0], low_usd=Decimal(1000), deposit_usd=Decimal(20))
    text = decision_text(record.model_copy(update={"quotes": (first,)}))

    assert "in all               1,100.00   1,000.00 to 1,100.00" in text
    assert "network fee            100.00   inferred" in text
    assert "deposit                 20.00   cash that is bound, not spent" in text


def test_many_quotes_are_cut_and_counted():
    record = of(*(machine(f"m{n:02}", "16") for n in range(TOLD + 3)))

    assert f"Quotes: the first {TOLD} of {TOLD + 3}, cheapest first" in decision_text(record)
    assert "and 22 more" in summary_text(record, 1)
    assert "more" not in summary_text(record, 50)


def test_no_offers_and_none_that_pass_are_told():
    assert "There were no offers to choose from." in decision_text(of())
    refused = of(machine("a", "16", gpu_model="L40S", form_factor=None))
    assert "None of 1 offer may be taken." in decision_text(refused)
    assert "Quotes: none" in decision_text(refused)
    assert "1 offer refused, each by every gate that it fails" in summary_text(refused, 5)


def test_another_objective_is_best_first():
    policy = Policy(name="risky", objective="cost_and_risk")
    text = decision_text(of(machine("a", "16"), policy=policy))

    assert "Quotes: best first, in USD" in text
    assert "objective  cost_and_risk" in text


def test_everything_that_a_job_states_is_told():
    job = Requirement(
        gpus=Gpus(count=1, memory_gib_min=1.5),
        interruptible=True,
        ports=(Port(port=80), Port(port=443, is_public=False)),
        attributes=(Attribute(key="tier", value="gold"),),
        po_number="PO-1",
    )
    facts = dict(words.stated(job))

    assert facts["GPUs memory GiB min"] == "1.5"
    assert (facts["interruptible"], facts["ports 2 is public"]) == ("yes", "no")
    assert (facts["attributes 1 value"], facts["PO number"]) == ("gold", "PO-1")


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("14414.4", "14,414.40"), ("0", "0.00"), ("0.001", "< 0.01"), ("0.005", "0.01")],
)
def test_an_amount_is_rounded_to_the_cent_and_never_to_nothing(amount, shown):
    assert words.usd(Decimal(amount)) == shown


@pytest.mark.parametrize(
    ("amount", "shown"), [("18.2", "18.20"), ("2.50254", "2.5025"), ("1234", "1,234.00")]
)
def test_a_price_has_two_to_four_decimals(amount, shown):
    assert words.price(Decimal(amount)) == shown


def test_an_offer_that_says_little_is_told_as_such():
    anywhere = JOB.model_copy(update={"countries": frozenset()})
    silent = machine("a", "16", provider_id=None, country_code=None, available=None)
    record = of(silent, job=anywhere)
    line = words.quote_line(record.quotes[0])

    assert line == "Akash, 8 x H100-SXM, country not known, on demand"
    assert "free?" in summary_text(record, 1)


def test_blocked_offers_are_among_the_inputs():
    market = prepared(frame_of([machine("a", "16")]), facts_of(), NOW, key="k")
    record = record_of(route(JOB, market, None, NOW, blocked=frozenset({"a"})))

    assert words.inputs(record) == ["k", "blocked: a"]
