"""Which offer is taken first, and which stand by when it fails: no two share what may fail at once.

No two of a plan share the provider, nor what the job's ``standbys`` says besides: network, hosting
company, datacenter. What is not known is not known to differ. Recent failures count against an
offer; a status that could not be fetched does not (``engine.outcomes``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import polars as pl

from engine.decision import Decision
from engine.outcomes import Outcomes, outcomes
from engine.quotes import Quote
from engine.requirement import Standbys

LOOKED_AT = 10_000
"""So many of the first quotes are looked at."""
STEPS_MAX = 20_000
"""So many choices are tried before the best plan found so far is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverPlan:
    """The first offer and those that stand by, in the order in which they are taken.

    ``primary`` None: no offer passes. ``asked``: how many standbys the job wants; ``notes`` say why
    there are fewer, what is not known, and who was put back for failing.
    """

    primary: Quote | None
    standbys: tuple[Quote, ...]
    asked: int
    notes: tuple[str, ...]


class Site(NamedTuple):
    """What an offer may share with another; None is unknown. ``failed``: its failures' weight."""

    row: int
    offer_id: str
    network: str
    provider_id: str | None
    organization: str | None
    hosting: str | None
    country: str | None
    city: str | None
    failed: float

    def unknown(self, asked: Standbys) -> tuple[str, ...]:
        """Return what is asked about and not known here."""
        is_placed = self.country is not None or self.city is not None
        return (
            *["hosting company"] * (asked.other_hosting and self.hosting is None),
            *["datacenter"] * (asked.other_datacenter and not is_placed),
        )


def failover_plan(decision: Decision) -> FailoverPlan:
    """Return the plan for a decision: the best offer, then the best that shares nothing with it.

    Of the plans with as many standbys as are asked it is the one whose first standby is best, then
    the second, and so on.
    """
    asked = decision.requirement.standbys
    sites = _sites(decision)
    if not sites:
        return FailoverPlan(
            primary=None, standbys=(), asked=asked.count, notes=("no offer passes",)
        )
    ordered = _put_back(decision, sites)
    chosen, is_whole = chosen_of(_distinct(ordered), asked)
    first = next(iter(decision.quotes.rows()))
    places = {row: place for place, row in enumerate(islice(decision.quotes.rows(), LOOKED_AT))}
    quotes = [decision.quotes[places[site.row]] for site in chosen]
    notes = (
        *_of_failures(sites, first, chosen[0]),
        *_of_unknown(ordered, chosen, asked),
        *_of_limits(decision, is_whole=is_whole),
    )
    return FailoverPlan(
        primary=quotes[0], standbys=tuple(quotes[1:]), asked=asked.count, notes=notes
    )


def chosen_of(sites: Sequence[Site], asked: Standbys) -> tuple[list[Site], bool]:
    """Return the first site and its standbys, and whether every choice was tried.

    The first solution in order that has them all; else the first of the longest.
    """
    search = _Search(asked)
    search.extend([sites[0]], [one for one in sites[1:] if differs(sites[0], one, asked)])
    return search.best, search.steps < STEPS_MAX


class _Search:
    def __init__(self, asked: Standbys) -> None:
        self._asked = asked
        self.best: list[Site] = []
        self.steps = 0

    def extend(self, chosen: list[Site], left: Sequence[Site]) -> None:
        """Try the sites that are left one after the other, as long as more may be found."""
        if len(chosen) > len(self.best):
            self.best = chosen
        for place, site in enumerate(left):
            wanted = self._asked.count + 1
            can_be_longer = len(chosen) + len(left) - place > len(self.best)
            if len(self.best) == wanted or not can_be_longer or self.steps >= STEPS_MAX:
                return
            self.steps += 1
            others = [one for one in left[place + 1 :] if differs(site, one, self._asked)]
            self.extend([*chosen, site], others)


def differs(one: Site, other: Site, asked: Standbys) -> bool:
    """Return whether two offers are known to share nothing that the job wants apart."""
    return (
        _other_provider(one, other)
        and not (asked.other_network and one.network == other.network)
        and not (asked.other_hosting and not _is_other(one.hosting, other.hosting))
        and not (asked.other_datacenter and not _other_datacenter(one, other))
    )


def _other_provider(one: Site, other: Site) -> bool:
    """Whether the sellers differ: by id on one network, by organization on two.

    A network that does not name its providers counts as the one provider of its offers.
    """
    if one.network == other.network:
        return _is_other(one.provider_id, other.provider_id)
    return one.organization is None or one.organization != other.organization


def _other_datacenter(one: Site, other: Site) -> bool:
    """Whether the places are known to differ: in their country or their city."""
    return _is_other(one.country, other.country) or _is_other(one.city, other.city)


def _is_other(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _sites(decision: Decision) -> list[Site]:
    """Return the first quotes as sites, in the policy's order."""
    market = decision.market
    rows = pl.Series(list(islice(decision.quotes.rows(), LOOKED_AT)), dtype=pl.UInt32)
    offers = market.offers.select(
        "offer_id", "network", "provider_id", "country_code", "city", "place"
    )[rows]
    places = market.places.select("provider_hosting_provider", "provider_city")[offers["place"]]
    known = _outcomes(decision)
    organizations = _organizations(market.facts.providers)
    return [
        Site(
            row=row,
            offer_id=offer["offer_id"],
            network=offer["network"],
            provider_id=offer["provider_id"],
            organization=organizations.get((offer["network"], offer["provider_id"])),
            hosting=_name(hosting),
            country=_name(offer["country_code"]),
            city=_name(offer["city"] or city),
            failed=known.weight(offer["network"], offer["provider_id"], offer["offer_id"]),
        )
        for row, offer, (hosting, city) in zip(
            rows, offers.iter_rows(named=True), places.iter_rows(), strict=True
        )
    ]


def _outcomes(decision: Decision) -> Outcomes:
    half_life = decision.policy.failure_half_life_hours
    return outcomes(decision.market.facts.failures, decision.now, half_life)


def _organizations(providers: pl.DataFrame) -> Mapping[tuple[str, str | None], str]:
    rows = providers.select("network", "provider_id", "organization").drop_nulls()
    return {(network, provider): _name(text) or "" for network, provider, text in rows.iter_rows()}


def _name(text: str | None) -> str | None:
    """Return a name as it is compared; an empty one is unknown."""
    return text.strip().casefold() or None if text else None


def _put_back(decision: Decision, sites: Sequence[Site]) -> list[Site]:
    """Return the sites with those that failed lately put back by what their failures cost.

    Where the policy's objective has failures in it, they stand where they should already.
    """
    if decision.policy.objective != "cost":
        return list(sites)
    costs = decision.quotes.ranked["landed_usd_per_hour"].head(LOOKED_AT).to_list()
    risk = decision.policy.risk.recent_failure
    dear = [cost * (1 + risk * site.failed) for cost, site in zip(costs, sites, strict=True)]
    order = sorted(range(len(sites)), key=dear.__getitem__)
    return [sites[place] for place in order]


def _distinct(sites: Sequence[Site]) -> list[Site]:
    """Return the first of those that share everything: the others can only be worse."""
    first: dict[tuple[object, ...], Site] = {}
    for site in sites:
        first.setdefault(site[2:8], site)
    return list(first.values())


def _of_failures(sites: Sequence[Site], first: int, primary: Site) -> Iterator[str]:
    if primary.row != first:
        before = next(site for site in sites if site.row == first)
        yield (
            f"{before.offer_id} is cheapest and was put back: "
            f"recent failures of its provider weigh {before.failed:.2g}"
        )


def _of_unknown(sites: Sequence[Site], chosen: Sequence[Site], asked: Standbys) -> Iterator[str]:
    """Say what is missing to the plan, and what was not known."""
    if len(chosen) <= asked.count:
        yield f"standbys: {asked.count} wanted, {len(chosen) - 1} found"
        primary, *_ = chosen
        for what in primary.unknown(asked):
            yield f"the {what} of {primary.offer_id} is not known, so none is known to differ"
        silent = sum(bool(site.unknown(asked)) for site in sites if site.row != primary.row)
        if silent:
            yield f"{silent} offers were left out: whether they differ is not known"
    for site in chosen:
        if site.provider_id is None:
            yield f"{site.network} does not name the provider of {site.offer_id}"


def _of_limits(decision: Decision, *, is_whole: bool) -> Iterator[str]:
    if len(decision.quotes) > LOOKED_AT:
        yield f"only the first {LOOKED_AT:,} quotes were looked at"
    if not is_whole:
        yield f"not every choice was tried: {STEPS_MAX:,} were"
