"""Quotes come in the order of the policy's objective, worked out by hand, with every term."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market import Offer, Provider
from engine.outcomes import FAILED, OUTCOME_SCHEMA, STARTED
from engine.outlook import OUTLOOK_SCHEMA
from engine.policy import Policy, Risk, Weights
from engine.quotes import Quote
from engine.requirement import Gpus, Requirement
from engine.routing import Decision, cheapest, prepared, route
from tests.engine.test_routing import LAWS
from tests.route_oracle import Oracle
from tests.route_worlds import NOW, facts_of, frame_of, offers, providers
from tests.support import offer

JOB = Requirement(gpus=Gpus(count=1, memory_gib_min=8.0), interruptible=True)
_AGES = (-1, 0, 9)
SHARES = st.sampled_from([None, 0.0, 0.3, 0.99, 1.0])
MODELS = ["H100-SXM", "H100", "A100", "L40S", None]


@st.composite
def outlooks(draw: st.DrawFn) -> list[dict[str, Any]]:
    keys = st.tuples(
        st.sampled_from(["akash", "nosana", "lium", "render"]),
        st.sampled_from(MODELS),
        st.sampled_from(["on_demand", "spot"]),
    )
    rows = []
    for network, model, term in draw(st.lists(keys, max_size=8, unique=True)):
        row = {"network": network, "gpu_model": model, "term": term, "readings": 100}
        row |= {"availability": draw(SHARES), "wait_minutes": draw(st.sampled_from([None, 5.0]))}
        rows.append(row | {"volatility": draw(st.sampled_from([None, 0.0, 0.05, 0.5]))})
    return rows


@st.composite
def failures(draw: st.DrawFn) -> list[dict[str, Any]]:
    one = st.fixed_dictionaries({
        "network": st.sampled_from(["akash", "nosana", "lium"]),
        "provider_id": st.sampled_from(["p1", "p2", None]),
        "offer_id": st.sampled_from(["o00", "o01", "elsewhere"]),
        "at": st.sampled_from([(NOW - timedelta(hours=h)).replace(tzinfo=None) for h in _AGES]),
        "outcome": st.sampled_from([FAILED, FAILED, "status_unknown"]),
        "minutes": st.none(),
    })  # fmt: skip
    return draw(st.lists(one, max_size=4))


shares = st.sampled_from([0.0, 0.05, 0.5])
policies = st.builds(
    Policy,
    name=st.just("ranked"),
    objective=st.sampled_from(["cost_and_risk", "score"]),
    risk=st.builds(
        Risk, unknown_uptime=shares, per_downtime=shares, unknown_availability=shares,
        volatility=shares, recent_failure=shares,
    ),
    weights=st.builds(
        Weights, cost=st.sampled_from([0.1, 0.7]), uptime=shares, availability=shares,
        stability=shares, reliability=shares,
    ),
    failure_half_life_hours=st.sampled_from([1.0, 24.0]),
)  # fmt: skip


def frame(rows: list[dict[str, Any]], schema: Any) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(schema))


def decided(
    listed: list[Offer],
    policy: Policy | None = None,
    *,
    seen: list[dict[str, Any]] | None = None,
    failed: list[dict[str, Any]] | None = None,
    by: list[Provider] | None = None,
) -> Decision:
    more = {} if seen is None else {"history": frame(seen, OUTLOOK_SCHEMA)}
    more |= {} if failed is None else {"failures": frame(failed, OUTCOME_SCHEMA)}
    return route(JOB, prepared(frame_of(listed), facts_of(by, **more), NOW), policy, NOW)


class ByHand:
    """What the policy makes of one offer, in plain Python."""

    def __init__(self, policy: Policy, by: Any, seen: Any, failed: Any) -> None:
        self.policy, self.by, self.seen, self.failed = policy, by, seen, failed
        self.oracle = Oracle(JOB, policy, by, [], NOW)

    def terms(self, offer: Offer, least: float) -> dict[str, float]:
        cost = float(self.oracle.cost(offer))
        provider = self.oracle._provider(offer)
        uptime = provider.uptime_30d if provider else None
        key = (offer.network, offer.gpu_model, offer.term)
        rows = [r for r in self.seen if (r["network"], r["gpu_model"], r["term"]) == key]
        row = rows[0] if rows and offer.gpu_model else {"availability": None, "volatility": None}
        chance = 1.0 if offer.available else (row["availability"] or 0.0)
        weight = self.failures(offer)
        if self.policy.objective == "cost_and_risk":
            risk = self.policy.risk
            down = risk.unknown_uptime if uptime is None else (1 - uptime) * risk.per_downtime
            return {
                "cost": cost,
                "uptime": cost * down,
                "availability": cost * (1 - chance) * risk.unknown_availability,
                "volatility": cost * (row["volatility"] or 0) * risk.volatility,
                "failures": cost * weight * risk.recent_failure,
            }
        weights = self.policy.weights.model_dump()
        moves = row["volatility"]
        marks = {
            "cost": least / cost,
            "uptime": uptime or 0.0,
            "availability": chance,
            "stability": 0.0 if moves is None else 1 - min(moves / 0.2, 1),
            "reliability": 1 / (1 + weight),
        }
        return {name: m * weights[name] / sum(weights.values()) for name, m in marks.items()}

    def failures(self, offer: Offer) -> float:
        total = 0.0
        for row in self.failed:
            same = (row["network"], row["provider_id"]) == (offer.network, offer.provider_id)
            if offer.provider_id is None:
                same = row["provider_id"] is None and row["offer_id"] == offer.offer_id
            age = (NOW.replace(tzinfo=None) - row["at"]).total_seconds() / 3600
            if same and row["outcome"] == FAILED and age >= 0:
                total += 0.5 ** (age / self.policy.failure_half_life_hours)
        return total

    def order(self, listed: list[Offer]) -> list[str]:
        passed = [one for one in listed if not self.oracle.codes(one)]
        costs = {one.offer_id: float(self.oracle.cost(one)) for one in passed}
        least = min(costs.values(), default=0.0)
        sign = 1 if self.policy.objective == "cost_and_risk" else -1

        def place(one: Offer) -> tuple[float, float, bool, str]:
            score = round(sign * sum(self.terms(one, least).values()), 9)
            return score, round(costs[one.offer_id], 9), one.available is None, one.offer_id

        return [one.offer_id for one in sorted(passed, key=place)]


@st.composite
def some_offers(draw: st.DrawFn) -> list[Offer]:
    return [draw(offers(place)) for place in range(draw(st.integers(0, 8)))]


listed_providers = st.lists(providers(), max_size=6, unique_by=lambda p: (p.network, p.provider_id))


@LAWS
@given(some_offers(), listed_providers, outlooks(), failures(), policies)
def test_the_order_and_every_term_are_the_ones_worked_out_by_hand(listed, by, seen, failed, policy):
    decision = decided(listed, policy, seen=seen, failed=failed, by=by)
    hand = ByHand(policy, by, seen, failed)
    known = {one.offer_id: one for one in listed}
    least = min((float(hand.oracle.cost(known[q.offer_id])) for q in decision.quotes), default=0)

    assert [quote.offer_id for quote in decision.quotes] == hand.order(listed)
    for quote in decision.quotes:
        assert dict(quote.score_terms) == pytest.approx(hand.terms(known[quote.offer_id], least))
        assert quote.score == pytest.approx(sum(value for _, value in quote.score_terms))


@LAWS
@given(some_offers(), outlooks(), failures(), policies, st.integers(0, 3))
def test_the_fast_path_follows_the_policy_too(listed, seen, failed, policy, n):
    decision = decided(listed, policy, seen=seen, failed=failed)
    assert cheapest(JOB, decision.market, policy, NOW, n) == decision.quotes[:n]
    assert [decision.market.row_of(q.offer_id) for q in decision.quotes] == [
        *decision.quotes.rows()
    ]


def seen_row(**changes: Any) -> dict[str, Any]:
    key = {"network": "akash", "gpu_model": "H100-SXM", "term": "on_demand", "readings": 100}
    return key | {"availability": 0.8, "wait_minutes": 30.0, "volatility": 0.04} | changes


def started(minutes: float) -> dict[str, Any]:
    at = (NOW - timedelta(hours=1)).replace(tzinfo=None)
    return {
        "network": "akash", "provider_id": "p1", "offer_id": "o", "at": at, "outcome": STARTED,
        "minutes": minutes,
    }  # fmt: skip


def only(decision: Decision) -> Quote:
    (quote,) = decision.quotes
    return quote


def test_a_quote_by_cost_has_no_score_and_still_says_what_to_expect():
    quote = only(decided([offer(available=None)], seen=[seen_row()]))
    assert (quote.score, quote.score_terms) == (None, ())
    assert (quote.availability, quote.start_minutes, quote.volatility) == (0.8, 30.0, 0.04)
    assert "start time is the wait for a free machine; starts were not observed" in quote.notes


def test_what_is_free_needs_no_wait_only_its_start():
    quote = only(
        decided([offer()], seen=[seen_row()], failed=[started(m) for m in (2.0, 3.0, 9.0)])
    )
    assert quote.start_minutes == 3.0


def test_too_little_data_is_said():
    quote = only(decided([offer()], seen=[seen_row(network="lium")]))
    assert (quote.availability, quote.start_minutes, quote.volatility) == (None, None, None)
    assert "availability, start time, volatility: too little data" in quote.notes


def test_without_any_history_nothing_is_said_of_it():
    assert only(decided([offer()])).notes == ()


def test_a_recent_failure_is_said():
    quote = only(decided([offer()], failed=[started(1.0) | {"outcome": FAILED}]))
    assert "recent failures weigh 0.97" in quote.notes


def test_what_is_not_known_never_counts_in_an_offers_favour():
    policy = Policy(name="p", objective="score", weights=Weights(cost=0.0, availability=1.0))
    known, unknown = offer(offer_id="b", available=None), offer(offer_id="a", available=None)
    seen = [seen_row(availability=0.1)]
    decision = decided([known, offer(**vars_of(unknown, network="lium"))], policy, seen=seen)
    assert [quote.offer_id for quote in decision.quotes] == ["b", "a"]


def vars_of(one: Offer, **changes: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Offer.__dataclass_fields__} | changes


def test_availability_and_volatility_of_a_series_are_two_figures():
    by_risk = Policy(
        name="r", objective="cost_and_risk", risk=Risk(unknown_availability=1.0, volatility=1.0)
    )
    seen = [seen_row(availability=0.9, volatility=0.3)]
    quote = only(decided([offer(available=None)], by_risk, seen=seen))
    cost, terms = float(quote.landed_usd_per_hour), dict(quote.score_terms)

    assert terms["availability"] == pytest.approx(cost * 0.1)
    assert terms["volatility"] == pytest.approx(cost * 0.3)
