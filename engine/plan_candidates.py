"""The offers that may carry a job of a plan: routed like any job, a row per machine that would do.

A plan's machines share what an offer has free, counted in its GPUs. Where machines may add up, each
size of machine is routed with its part of what a node needs; an offer whose shape the buyer chooses
comes once, in the size of a node or else the largest that it can have.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from engine.money import divided, stored
from engine.plan_file import OPEN_ENDED_HOURS
from engine.policy import Policy
from engine.requirement import Requirement
from engine.routing import Decision, Prepared, route

_PARTS = ("vcpu_min", "memory_gib_min", "storage_gib_min")
_AMOUNTS = ("egress_gb", "ingress_gb", "usd_per_hour_max", "usd_total_max")
_GIGABYTES = Decimal("0.000000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What may carry a job: ``offers`` as ``engine.portfolio_types.Task`` takes them.

    ``decision``: on one node as it is asked for; its counts say why there are no more.
    """

    offers: pl.DataFrame
    decision: Decision


def candidates_for(
    requirement: Requirement,
    market: Prepared,
    policy: Policy | None,
    now: datetime,
    *,
    combine: bool,
    policy_version: str = "",
) -> Candidates:
    """Return the offers that may carry a node of a job, or with ``combine`` a part of it.

    Raises what ``engine.routing.route`` does.
    """
    node = requirement.model_copy(update={"nodes": 1, "one_place": False})
    decision = route(node, market, policy, now, policy_version=policy_version)
    frames = [_machines(decision)]
    for size in _sizes(requirement, market) if combine else ():
        part = _part_of(node, size)
        frames.append(_machines(route(part, market, policy, now, policy_version=policy_version)))
    offers = pl.concat(frames).unique("offer_id", keep="first", maintain_order=True)
    return Candidates(offers=offers, decision=decision)


def _sizes(requirement: Requirement, market: Prepared) -> list[int]:
    """Return the other numbers of GPUs that a machine may have, up to the whole job.

    Those below a node come first, the largest of them before the others: it is most like one.
    """
    asked = requirement.gpus.count
    whole = asked * requirement.nodes
    usual = (2**power for power in range(whole.bit_length()))
    counts = {*market.machines["gpu_count"], *usual} - {asked}
    smaller = sorted((count for count in counts if count < asked), reverse=True)
    return [*smaller, *sorted(count for count in counts if asked < count <= whole)]


def _part_of(node: Requirement, size: int) -> Requirement:
    """Return what a machine with so many GPUs must have, as its part of a node."""
    asked = node.gpus.count
    changed: dict[str, Any] = {"gpus": node.gpus.model_copy(update={"count": size})}
    for name in _PARTS:
        value = getattr(node, name)
        changed[name] = None if value is None else float(Fraction(value) * size / asked)
    for name in _AMOUNTS:
        value = getattr(node, name)
        changed[name] = None if value is None else stored(divided(value * size, asked))
    for name in ("egress_gb", "ingress_gb"):
        changed[name] = changed[name].quantize(_GIGABYTES)
    return node.model_copy(update=changed)


def _machines(decision: Decision) -> pl.DataFrame:
    """Return what passed, a machine a row; an open-ended job counts for 30 days."""
    size = decision.requirement.gpus.count
    month = pl.col("landed_usd_per_hour") * float(OPEN_ENDED_HOURS)
    free = pl.max_horizontal(pl.col("available_count"), pl.col("gpu_count"))
    stated = pl.when(pl.col("available_count").is_not_null()).then(free)
    return decision.candidates.select(
        "offer_id",
        "network",
        "provider_id",
        "region",
        "country_code",
        "hosting_provider",
        "city",
        landed_usd=pl.coalesce("landed_usd", month),
        capacity=pl.coalesce("gpu_count_max", stated),
        gpus=pl.lit(size, pl.Int64),
        pool="offer_id",
        uses=pl.lit(size, pl.Int64),
    )
