"""Who wins at other prices is who is cheapest when all offers are priced anew."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.billing import ANY, Billing, Costs, Figure
from engine.landed import landed
from engine.market import Offer
from engine.policy import Policy
from engine.price_moves import MOVES, PriceMoves, price_moves
from engine.requirement import Gpus, Requirement
from engine.routing import Decision, prepared, route
from tests.engine.test_routing import LAWS
from tests.route_worlds import NOW, facts_of, frame_of
from tests.support import offer

JOB = Requirement(
    gpus=Gpus(count=1, memory_gib_min=8.0), egress_gb=Decimal(1000), duration_hours=Decimal(10)
)
EGRESS = {"akash": "0.001", "lium": "0.01", "nosana": "0.05"}
COSTS = Costs(
    billing=Billing({
        (network, ANY, "egress_usd_per_gb"): Figure(
            item="egress_usd_per_gb", value=Decimal(usd), evidence="published"
        )
        for network, usd in EGRESS.items()
    })
)  # fmt: skip


def decided(listed: list[Offer], policy: Policy | None = None) -> Decision:
    return route(JOB, prepared(frame_of(listed), facts_of(costs=COSTS), NOW), policy, NOW)


def usd(price: str, number: int, network: str = "akash", **changes: Any) -> Offer:
    fields = {"offer_id": f"o{number}", "network": network, "usd_per_hour": Decimal(price)}
    return offer(**(fields | changes))


def by_network(moves: tuple[PriceMoves, ...]) -> dict[str | None, PriceMoves]:
    return {one.network: one for one in moves}


def cost(one: Offer, network: str | None, move: float) -> float:
    """Price an offer anew, with its price moved where it is of that network."""
    row = {name: getattr(one, name) for name in Offer.__dataclass_fields__}
    if network in (None, one.network):
        row["usd_per_hour"] = one.usd_per_hour * Decimal(repr(1 + move))
    return float(landed(JOB, row, COSTS).landed_usd_per_hour)


some_offers = st.lists(
    st.tuples(
        st.sampled_from(["1", "1.5", "2", "3.7", "9", "10"]), st.sampled_from(sorted(EGRESS)),
        st.sampled_from([True, None]),
    ),
    max_size=7,
)  # fmt: skip


@LAWS
@given(some_offers, st.sampled_from(["cost", "cost_and_risk"]))
def test_winners_are_the_cheapest_when_every_offer_is_priced_anew(drawn, objective):
    listed = [
        usd(price, place, network, available=free)
        for place, (price, network, free) in enumerate(drawn)
    ]
    moves = price_moves(decided(listed, Policy(name="p", objective=objective)))
    if not listed:
        assert moves == ()
        return
    now = sorted(
        listed, key=lambda o: (round(cost(o, None, 0), 9), o.available is None, o.offer_id)
    )
    assert [one.network for one in moves] == [None, *dict.fromkeys(o.network for o in now)]
    for one in moves:
        for winner in one.winners:
            costs = {o.offer_id: cost(o, one.network, winner.move) for o in now}
            least = min(costs.values())
            first = next(o for o in now if costs[o.offer_id] <= least * (1 + 1e-8))
            assert winner.offer_id == first.offer_id
            assert winner.landed_usd_per_hour == pytest.approx(least)


@LAWS
@given(some_offers)
def test_the_winner_stays_until_the_switch_and_changes_right_after(drawn):
    listed = [usd(price, place, network) for place, (price, network, _) in enumerate(drawn)]
    decision = decided(listed)
    for one in price_moves(decision):
        first = decision.quotes[0].offer_id
        known = {o.offer_id: o for o in listed}
        if one.switches_at is None:
            tried = [-0.99, -0.5, 0.5, 50.0]
            wins = [[cost(o, one.network, at) for o in listed] for at in tried]
            for at, costs in zip(tried, wins, strict=True):
                assert cost(known[first], one.network, at) <= min(costs) * (1 + 1e-7)
            continue
        step = 1e-5 if one.switches_at >= 0 else -1e-5
        before, after = one.switches_at - step, one.switches_at + step
        if abs(one.switches_at) > 1e-4:
            costs = [cost(o, one.network, before) for o in listed]
            assert cost(known[first], one.network, before) <= min(costs) * (1 + 1e-7)
        dearer = cost(known[first], one.network, after)
        assert cost(known[one.next_offer_id], one.network, after) < dearer


def test_what_a_rising_price_changes_is_told_with_its_break_even():
    job = decided([usd("2.05", 1), usd("1.3", 2, "lium")])  # 0.1 and 1 USD an hour of egress
    moves = by_network(price_moves(job))

    assert [winner.move for winner in moves["akash"].winners] == list(MOVES)
    assert [winner.offer_id for winner in moves["akash"].winners] == ["o1", "o1", "o2", "o2"]
    assert (moves["akash"].switches_at, moves["akash"].next_offer_id) == (
        pytest.approx(0.15 / 2.05),
        "o2",
    )
    assert moves["lium"].switches_at == pytest.approx(-0.15 / 1.3)
    assert moves[None].switches_at == pytest.approx(0.9 / 0.75 - 1)


def test_without_a_rival_nothing_switches():
    (every, akash) = price_moves(decided([usd("2", 1)]))
    assert (every.switches_at, akash.switches_at, akash.next_offer_id) == (None, None, None)
