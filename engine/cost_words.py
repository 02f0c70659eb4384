"""How sure each term of a landed cost is, and how it comes about, in words a buyer understands."""

from collections.abc import Mapping

from engine.billing import Costs, Figure
from engine.cost_rates import CostKey, conversion_of, fee_of, internet_lists, minimum_of
from engine.quotes import CostCode, Evidence
from engine.requirement import Requirement

Words = tuple[Evidence, str]

WITHIN_THE_MACHINE: Words = ("quoted", "within the machine's own storage")
_PUBLISHED = ("customer_price", "as_published_per_gpu", "list", "gpu_only")
_UNIT_NOT_RECORDED = "the unit of billing is not recorded: at most a started hour (unknown)"
_EGRESS_UNKNOWN = "what egress costs here is not known; at most the dearest cloud's list price"


def term_words(requirement: Requirement, key: CostKey, costs: Costs) -> Mapping[CostCode, Words]:
    """Return the evidence and the note of every term, for one kind of offer."""
    figures = costs.billing.of(key.network, key.term)
    return {
        "compute": _compute(key, costs),
        "storage": _words(figures["storage_usd_per_gb_month"]),
        "egress": _egress(key, costs),
        "ingress": _words(figures["ingress_usd_per_gb"]),
        "network_fee": _words(fee_of(key, costs)),
        "platform_fee": _platform(costs),
        "conversion": _words(conversion_of(key, costs)),
        "interruption": _interruption(requirement, key, costs),
    }


def deposit_note(key: CostKey, costs: Costs) -> str:
    """Return by whom cash is bound and why, or that nothing is known of it."""
    figures = costs.billing.of(key.network, key.term)
    deposits = [figures["deposit_usd"], figures["deposit_hours"]]
    told = [f for f in deposits if f.is_recorded]
    return "; ".join(_sourced(f) for f in told) or "no deposit is recorded (unknown)"


def _compute(key: CostKey, costs: Costs) -> Words:
    figures = costs.billing.of(key.network, key.term)
    told = (figures["granularity_seconds"], minimum_of(key, costs), figures["metered_share"])
    notes = [f"{f.note} ({f.evidence})" for f in told if f.is_recorded]
    if not told[0].is_recorded:
        notes.insert(0, _UNIT_NOT_RECORDED)
    evidence: Evidence = "published" if key.price_basis in _PUBLISHED else "quoted"
    return evidence, "; ".join([_price(key), *notes])


def _price(key: CostKey) -> str:
    if key.price_basis == "gpu_only":
        return "price of the GPU alone: the machine's CPU and RAM come on top and are not known"
    return "the contract's price an hour" if key.is_contract else "the price an hour"


def _egress(key: CostKey, costs: Costs) -> Words:
    lists = [rate for rate in internet_lists(costs) if rate.provider == key.network]
    own = [rate for rate in lists if rate.region == key.egress_region]
    figure = costs.billing.of(key.network, key.term)["egress_usd_per_gb"]
    if not lists:
        return _words(figure) if figure.value is not None else ("unknown", _EGRESS_UNKNOWN)
    rate = (own or lists)[0]
    where = "" if own else f" as recorded for {rate.region}"
    free = f"{rate.free_gb_per_month.normalize():f} GB a month free"
    note = f"{rate.service}{where}, tiers of a month, {free} ({rate.source_url})"
    return ("published" if own else "inferred"), note


def _interruption(requirement: Requirement, key: CostKey, costs: Costs) -> Words:
    figures = costs.billing.of(key.network, key.term)
    rate, restart = figures["interruptions_per_hour"], figures["restart_minutes"]
    saved = figures["checkpoint_minutes"].note
    if requirement.checkpoint_minutes is not None:
        saved = f"work is saved every {requirement.checkpoint_minutes:g} minutes"
    return rate.evidence, f"{rate.note}; {saved}; {restart.note}"


def _platform(costs: Costs) -> Words:
    fee = f"{costs.platform_fee * 100:f} % of what the seller is paid, set by the operator"
    return "documented", fee if costs.platform_fee else "the operator has set no fee"


def _words(figure: Figure) -> Words:
    note = f"{figure.note} ({figure.source})" if figure.source else figure.note
    return figure.evidence, note


def _sourced(figure: Figure) -> str:
    return f"{figure.note} ({'; '.join(filter(None, (figure.evidence, figure.source)))})"
