"""Whether Necto's cheapest machine costs what SkyPilot's answer costs, for random requirements.

Two things are told apart instead of hidden. SkyPilot looks at one kind of machine per cloud, so
that a cheaper one of its own catalog can escape it: it is then asked what Necto's machine costs.
And some of its clouds do not look at vCPU and memory: an answer with less than was asked, by the
same catalog, is named, and SkyPilot asked again without that cloud.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

import polars as pl

from benchmarks.routes.catalog import (
    HOSTS,
    NOW,
    canonical_name,
    hosted,
    offers_of,
    rows_of,
    with_machines,
)
from benchmarks.routes.markets import market_of
from benchmarks.routes.peers import Peers
from engine.gpu_kinds import gpu_kind, wanted_models
from engine.quotes import Quote
from engine.requirement import Gpus, Requirement
from engine.routing import Prepared, cheapest

QUESTIONS, SEED = 50, 20261124
SAME = 1e-6
"""Prices have nine digits with us and are binary floats with SkyPilot."""
_NEVER = frozenset({"nebius"})  # not among the ten clouds that the kit turns on
_SHAPE = ("cloud", "InstanceType", "vCPUs", "MemoryGiB")

Json = dict[str, Any]
Verdict = Literal["same", "nobody", "one kind per cloud", "DIFFERENT"]
VERDICTS: dict[Verdict, str] = {
    "same": "cost the same",
    "nobody": "are found by neither",
    "one kind per cloud": "cost less with Necto, and SkyPilot prices that machine the same: it"
    " looks at one kind of machine per cloud (on GCP at one host of its own choice)",
    "DIFFERENT": "differ without an explanation",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One requirement and both answers; USD an hour, None where no machine was found.

    ``passed_over``: answers of SkyPilot's that lack what was asked, by its own catalog.
    """

    requirement: Requirement
    usd: float | None
    machine: str
    their_usd: float | None
    their_machine: str
    verdict: Verdict
    passed_over: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A requirement on its way: in SkyPilot's words, and what it has answered so far."""

    need: Requirement
    usd: float | None
    question: Json
    answer: Json | None = None
    passed_over: tuple[str, ...] = ()


def compared(peers: Peers) -> list[Compared]:
    """Ask both routers the same questions and judge each pair of answers."""
    rows = rows_of(peers.catalog)
    rows = pl.concat([with_machines(rows), hosted(rows)])
    offers = pl.concat([offers_of(rows), offers_of(rows, spot=True)])
    market = market_of(offers, with_figures=False)
    names = sorted(rows["AcceleratorName"].drop_nulls().unique())
    asked = [_asked(need, names, market) for need in requirements(rows)]
    shapes = {row[:2]: row[2:] for row in rows.select(_SHAPE).unique(maintain_order=True).rows()}
    while waiting := [one for one in asked if one.answer is None]:
        answers = peers.answers([one.question for one in waiting])
        heard = iter([_heard(one, a, shapes) for one, a in zip(waiting, answers, strict=True)])
        asked = [next(heard) if one.answer is None else one for one in asked]
    return [_judged(one) for one in asked]


def told(pair: Compared) -> Iterator[str]:
    """Say where the two answers differ, and which of SkyPilot's were passed over."""
    need = pair.requirement
    asked = f"{', '.join(need.gpus.models)} x {need.gpus.count}"
    asked += f", vCPU >= {need.vcpu_min:g}" if need.vcpu_min else ""
    asked += f", GiB >= {need.memory_gib_min:g}" if need.memory_gib_min else ""
    asked += ", spot" if need.interruptible else ""
    if pair.verdict in ("one kind per cloud", "DIFFERENT"):
        usd, theirs = (f"{u:g} USD" if u else "-" for u in (pair.usd, pair.their_usd))
        yield f"{asked}: {pair.machine} {usd}; SkyPilot {pair.their_machine} {theirs}"
    for passed in pair.passed_over:
        yield f"{asked}: passed over SkyPilot's {passed}"


def requirements(rows: pl.DataFrame) -> Iterator[Requirement]:
    """Return random jobs, each such that some machine of the catalog fits; always the same ones."""
    chance = random.Random(SEED)
    offered = rows.filter(
        pl.col("AcceleratorName").is_not_null(),
        pl.col("InstanceType").is_not_null(),
        ~pl.col("cloud").is_in(sorted(_NEVER)),
    )
    shapes = offered.select("AcceleratorName", "AcceleratorCount", *_SHAPE[2:], "cloud")
    shapes = shapes.unique().sort(pl.all())
    clouds = sorted(set(rows["cloud"]) - _NEVER)
    for number in range(QUESTIONS):
        name, count, vcpu, memory, cloud = shapes.row(chance.randrange(shapes.height))
        is_spot = chance.randrange(3) == 0
        others = [one for one in clouds if one != cloud]
        yield Requirement(
            name=f"job {number}",
            gpus=Gpus(count=int(count), models=frozenset({canonical_name(name)})),
            vcpu_min=chance.choice((None, vcpu // 2 or None, vcpu)),
            memory_gib_min=chance.choice((None, memory // 2 or None, memory // 1)),
            interruptible=is_spot,
            terms=frozenset({"spot" if is_spot else "on_demand"}),
            networks_banned=_NEVER | set(chance.sample(others, chance.choice((0, 0, 0, 1, 2)))),
            duration_hours=Decimal(1),
        )


def _asked(need: Requirement, names: list[str], market: Prepared) -> _Asked:
    """Ask Necto, and put the question in SkyPilot's words: a family is every name it may mean."""
    known = market.facts.catalogue
    wanted = wanted_models(known, need.gpus.models, market.kinds)
    kinds = {name: gpu_kind(known, canonical_name(name), None, None) for name in names}
    quote = next(iter(cheapest(need, market, None, NOW, 1)), None)
    question = {
        "names": [name for name, kind in kinds.items() if kind.is_one_of(wanted)],
        "count": need.gpus.count,
        "cpus": need.vcpu_min and f"{need.vcpu_min:.0f}+",
        "memory": need.memory_gib_min and f"{need.memory_gib_min:.0f}+",
        "spot": need.interruptible,
        "banned": sorted(need.networks_banned),
        "ours": quote and _machine_of(quote, market),
    }
    return _Asked(need=need, usd=quote and float(quote.usd_per_hour), question=question)


def _machine_of(quote: Quote, market: Prepared) -> Json:
    offer = market.offer(market.row_of(quote.offer_id))
    zone = quote.offer_id.split(":")[3]
    return {
        "cloud": offer["network"],
        "machine": offer["tier"],
        "region": offer["region"],
        "zone": None if zone == "-" else zone,
        "gpus": {offer["gpu_name"]: offer["gpu_count"]},
        "spot": offer["term"] == "spot",
    }


def _heard(one: _Asked, answer: Json, shapes: dict[Any, Any]) -> _Asked:
    """Take an answer, or pass it over and ask again without its cloud."""
    theirs = answer["theirs"]
    lacking = theirs and _lacking(one.need, theirs, shapes)
    if not lacking:
        return replace(one, answer=answer)
    again = one.question | {"banned": [*one.question["banned"], theirs["cloud"]]}
    said = f"{_named(theirs)} for {theirs['usd']:g} {lacking}"
    return replace(one, question=again, passed_over=(*one.passed_over, said))


def _lacking(need: Requirement, theirs: Json, shapes: dict[Any, Any]) -> str:
    """Return what SkyPilot's machine lacks of what was asked, by the catalog and GCP's limits."""
    vcpu, memory = shapes[theirs["cloud"], theirs["machine"]]
    for what, has, asked in (
        ("vCPU", vcpu, need.vcpu_min),
        ("GiB", memory, need.memory_gib_min),
    ):
        if asked is not None and has < asked:
            return f"has {has:g} {what}, asked: {asked:g}"
    card = next(iter(theirs["gpus"].items())) if theirs["machine"].startswith("n1-") else None
    if card in HOSTS and (vcpu > HOSTS[card][0] or memory > HOSTS[card][1]):
        return "is more than GCP gives to such cards: {} vCPU, {} GiB".format(*HOSTS[card])
    return ""


def _judged(one: _Asked) -> Compared:
    assert one.answer is not None, "every question has been answered"
    theirs = one.answer["theirs"]
    return Compared(
        requirement=one.need,
        usd=one.usd,
        machine=_named(one.question["ours"]),
        their_usd=theirs and theirs["usd"],
        their_machine=_named(theirs),
        verdict=_verdict(one.usd, theirs and theirs["usd"], one.answer["of_ours"]),
        passed_over=one.passed_over,
    )


def _verdict(usd: float | None, theirs: float | None, of_ours: float | str | None) -> Verdict:
    if usd is None:
        return "nobody" if theirs is None else "DIFFERENT"
    if theirs is not None and abs(usd - theirs) <= SAME:
        return "same"
    is_priced_the_same = isinstance(of_ours, float) and abs(usd - of_ours) <= SAME
    is_cheaper = theirs is None or usd < theirs
    return "one kind per cloud" if is_cheaper and is_priced_the_same else "DIFFERENT"


def _named(machine: Json | None) -> str:
    return f"{machine['cloud']} {machine['machine']}" if machine else "none"
