"""Routing a job: the cheapest offers that meet every condition, and why the others do not."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

import polars as pl

from engine.conditions import (
    JOB,
    MASK,
    NO_POLICY,
    Asked,
    BadRequirement,
    Condition,
    lease_of,
    listed,
    mask_of_all,
)
from engine.costing import exact_quote, ranking_usd_per_hour
from engine.deal_conditions import deal_conditions, offer_conditions
from engine.decision import NEAR, Decision, Quotes
from engine.gates import GATE
from engine.machine_conditions import machine_conditions
from engine.place_conditions import place_conditions
from engine.policy import Policy
from engine.prepared_market import Facts, Prepared, prepared
from engine.quotes import Quote, Reason
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
    """Return the decision: every offer quoted, or refused with every reason.

    ``blocked``: ids of offers that must not be taken again (they failed). Raises BadRequirement,
    UnknownGpu or UnknownGeneration, with what to change, for a job that cannot be understood.
    """
    asked = _asked(requirement, market, policy, now)
    conditions = conditions_of(asked)
    masks = _masks(asked, conditions, blocked)
    ranked = _ranked(requirement, market, masks.eq(0).arg_true())
    return Decision(
        requirement=requirement,
        policy=asked.policy,
        policy_version=policy_version,
        now=now,
        blocked=blocked,
        market=market,
        conditions=conditions,
        masks=masks,
        ranked=ranked,
        quotes=_quotes(requirement, market, ranked),
        notes=tuple(_notes(asked, now)),
        route_reason=partial(_route_reason, asked),
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
    masks = _masks(asked, conditions_of(asked), blocked)
    ranked = _ranked(requirement, market, masks.eq(0).arg_true(), n)
    return _quotes(requirement, market, ranked)[:n]


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


def _masks(asked: Asked, conditions: tuple[Condition, ...], blocked: frozenset[str]) -> pl.Series:
    market = asked.market
    masks = pl.repeat(0, market.offers.height, dtype=MASK, eager=True)
    for facet, frame in market.facets.items():
        bits = mask_of_all(conditions, facet)
        if bits is not None and frame.height:
            masks |= frame.select(mask=bits)["mask"].gather(market.offers[facet])
    bits = mask_of_all(conditions, "offer")
    if bits is not None:
        masks |= market.offers.select(mask=bits)["mask"]
    return _with_blocked(masks, market, blocked)


def _with_blocked(masks: pl.Series, market: Prepared, blocked: frozenset[str]) -> pl.Series:
    ids = sorted(blocked)
    if not ids or not len(masks):
        return masks
    offers = market.offers["offer_id"]
    rows = offers.search_sorted(pl.Series(ids, dtype=pl.String))
    found = [
        row
        for row, name in zip(rows, ids, strict=True)
        if offers[row : row + 1].to_list() == [name]
    ]
    return masks.scatter(found, masks.gather(found) | GATE["blocked"].bit)


def _ranked(
    requirement: Requirement, market: Prepared, rows: pl.Series, n: int | None = None
) -> pl.DataFrame:
    offers = market.offers.select(
        "offer_id", "usd_per_hour", "usd_per_gpu_hour", "is_chosen", "available"
    )[rows]
    costs = offers.select(
        rows.alias("row"),
        landed_usd_per_hour=ranking_usd_per_hour(requirement),
        is_unknown=pl.col("available").is_null(),
    )
    if n is not None and n < costs.height:
        dearest = pl.col("landed_usd_per_hour").bottom_k(n).max() * (1 + 2 * NEAR)
        costs = costs.filter(pl.col("landed_usd_per_hour") <= dearest)
    return costs.sort("landed_usd_per_hour", "is_unknown", "row")


def _quotes(requirement: Requirement, market: Prepared, ranked: pl.DataFrame) -> Quotes:
    return Quotes(ranked, lambda row: exact_quote(requirement, market.offer(row)))


def _route_reason(asked: Asked, code: str, row: int) -> Reason:
    return Reason(
        code=code,
        found=asked.market.offers["offer_id"][row],
        required="another offer",
        sentence=f"this offer is blocked; {JOB} needs another offer",
    )


def _notes(asked: Asked, now: datetime) -> Iterator[str]:
    need, policy = asked.requirement, asked.policy
    if is_late(need, now):
        yield f"start_by {need.start_by:%Y-%m-%d %H:%M %Z} has passed"
    if policy.cost_centre_required and need.cost_centre is None:
        yield f"policy {policy.name} requires a cost_centre before this job is ordered"
    if policy.po_number_required and need.po_number is None:
        yield f"policy {policy.name} requires a po_number before this job is ordered"
    for network, provider, names in asked.market.two_names:
        yield f"{network} provider {provider} is listed under several names: {listed(names)}"
