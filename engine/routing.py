"""Routing a job: the cheapest offers that meet every condition, and why the others do not."""

from collections.abc import Iterator
from datetime import datetime

import polars as pl

from engine.conditions import NO_POLICY, Asked, BadRequirement, Condition, lease_of, listed
from engine.deal_conditions import deal_conditions, offer_conditions
from engine.decision import Decision
from engine.gates import GATE
from engine.machine_conditions import machine_conditions
from engine.masks import masks_of, passing_rows
from engine.place_conditions import place_conditions
from engine.policy import Policy
from engine.prepared_market import Facts, Prepared, prepared
from engine.quotes import Quote
from engine.ranking import RankedQuoter
from engine.requirement import Requirement, is_late

__all__ = [
    "NO_POLICY", "BadRequirement", "Decision", "Facts", "Prepared", "cheapest", "prepared", "route",
]  # fmt: skip


def route(
    requirement: Requirement,
    market: Prepared,
    policy: Policy | None,
    now: datetime,
    *,
    policy_version: str = "",
    blocked: frozenset[str] = frozenset(),
) -> Decision:
    """Return the decision: every offer quoted, in the policy's order, or refused with every reason.

    ``blocked``: ids of offers that must not be taken again (they failed). Raises BadRequirement,
    UnknownGpu or UnknownGeneration, with what to change, for a job that cannot be understood.
    """
    asked = _asked(requirement, market, policy, now)
    conditions = conditions_of(asked)
    quoter = RankedQuoter(requirement, market, asked.policy, now)
    masks = masks_of(market, conditions, blocked)
    if requirement.usd_total_max is not None:
        every = pl.arange(market.offers.height, dtype=pl.UInt32, eager=True)
        over = quoter.is_over(quoter.costs(every), requirement.usd_total_max)
        masks |= over.cast(pl.UInt64) * GATE["total"].bit
    passed = quoter.costs(masks.eq(0).arg_true())
    return Decision(
        requirement=requirement,
        policy=asked.policy,
        policy_version=policy_version,
        now=now,
        blocked=blocked,
        market=market,
        conditions=conditions,
        masks=masks,
        quotes=quoter.quotes(passed),
        notes=tuple(_notes(asked, now)),
    )


def cheapest(
    requirement: Requirement,
    market: Prepared,
    policy: Policy | None,
    now: datetime,
    n: int,
    *,
    blocked: frozenset[str] = frozenset(),
) -> list[Quote]:
    """Return the first ``n`` quotes of the decision, without the reasons of the others."""
    asked = _asked(requirement, market, policy, now)
    quoter = RankedQuoter(requirement, market, asked.policy, now)
    costs = quoter.costs(passing_rows(market, conditions_of(asked), blocked))
    if requirement.usd_total_max is not None:
        costs = costs.filter(~quoter.is_over(costs, requirement.usd_total_max))
    return quoter.quotes(costs, n)[:n]


def conditions_of(asked: Asked) -> tuple[Condition, ...]:
    """Return every condition that the job and its policy state."""
    return (
        *machine_conditions(asked),
        *place_conditions(asked),
        *deal_conditions(asked),
        *offer_conditions(asked),
    )


def _asked(
    requirement: Requirement, market: Prepared, policy: Policy | None, now: datetime
) -> Asked:
    if requirement.nodes > 1:
        raise BadRequirement(
            f"nodes: {requirement.nodes}: several machines are planned with `necto plan`; "
            "route looks for one"
        )
    start, end = lease_of(requirement, now)
    return Asked(
        requirement=requirement,
        policy=policy or NO_POLICY,
        market=market,
        start=start,
        end=end,
    )


def _notes(asked: Asked, now: datetime) -> Iterator[str]:
    need, policy = asked.requirement, asked.policy
    if is_late(need, now):
        yield f"start_by {need.start_by:%Y-%m-%d %H:%M %Z} has passed"
    if policy.cost_centre_required and need.cost_centre is None:
        yield f"policy {policy.name} requires a cost_centre before this job is ordered"
    if policy.po_number_required and need.po_number is None:
        yield f"policy {policy.name} requires a po_number before this job is ordered"
    newest = asked.market.newest
    if newest is not None and newest > asked.start:
        yield f"some offers were observed after this moment, until {newest:%Y-%m-%d %H:%M} UTC"
    yield from _names_of_nobody(asked)
    for network, provider, names in asked.market.two_names:
        yield f"{network} provider {provider} is listed under several names: {listed(names)}"


def _names_of_nobody(asked: Asked) -> Iterator[str]:
    """Say which names match nothing: a ban with a spelling mistake bans nobody."""
    networks, goes_by = asked.market.known
    for by, rules in asked.sources:
        for code in sorted((rules.networks | rules.networks_banned) - networks):
            yield f"{by} names the network {code}, which has no offers here"
        providers = rules.providers_banned
        if isinstance(rules, Requirement):
            providers |= rules.providers
        for name in sorted(providers - goes_by):
            yield f"{by} names the provider {name}, whom nobody here is called"
