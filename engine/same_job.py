"""The same job at each hyperscaler: its cheapest machine that fits, and what is saved against it.

The label follows engine.savings: every difference is named and lowers it; where the customer has a
contracted rate, list prices do not count (docs/decisions/0004-honest-savings.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from engine.conditions import Row
from engine.decision import Decision
from engine.gates import GATE, GATES
from engine.savings import DIFFERENCES, labelled, own_rates_first

ALL_DIFFERENCES: Mapping[str, str] = {
    **DIFFERENCES,
    "model": "GPU model differs",
    "term": "term differs",
}

_COST = "landed_usd_per_hour"
_SHAPE = sum(gate.bit | gate.unknown_bit for gate in GATES if gate.facet == "machine")
_LOOKED_AT = (
    "network", "gpu_model", "term", "gpu_count", "price_basis", "rankable", "source_kind",
)  # fmt: skip
_COMPARED = (
    *_LOOKED_AT, "offer_id", "provider_name", "region", "country_code", "vcpu", "memory_gib",
    "gpu_count_max", "usd_per_gpu_hour", "observed_at", "price_as_of", "valid_from", "valid_until",
    "source",
)  # fmt: skip
_COUNT = GATE["gpu_count"].bit
_OTHER = GATE["not_rankable"].bit | GATE["unavailable"].bit | GATE["blocked"].bit
_REFUSE = _SHAPE - _COUNT | _OTHER
"""What a hyperscaler's offer must not fail; rules on places are not asked of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SameJob:
    """A hyperscaler's cheapest offer for the job; ``offer_id`` None: it sells nothing that fits.

    ``landed_usd_per_hour`` is of as many GPUs as the job asks for (a machine of another size counts
    by its part, and "count" is among the ``differences``). ``saving``: of the cheapest offer that
    passes against it, a fraction, negative where the hyperscaler is cheaper; None where no offer
    passes. ``confidence``: B, C or D, of which only B may enter a total.
    """

    baseline: str
    offer_id: str | None
    machine: str | None
    region: str | None
    gpu_model: str | None
    gpu_count: int | None
    term: str | None
    landed_usd_per_hour: Decimal | None
    saving: float | None
    confidence: str | None
    differences: tuple[str, ...]


def same_job(decision: Decision, best: int | None) -> tuple[SameJob, ...]:
    """Return the same job at every hyperscaler of the market, by name.

    ``best``: the row of the cheapest offer that passes. Offers on the same term come first, then on
    demand. Rules on places (countries, networks, compliance) are not asked of a hyperscaler.
    """
    market = decision.market
    names = market.places.filter("is_baseline")["network"].unique().sort().to_list()
    if not names:
        return ()
    rows = _cheapest(decision, names, None if best is None else market.offers["term"][best])
    labels = {} if best is None else _labels(decision, rows, best)
    found = {
        row["network"]: _told(decision, row, best, labels.get(row["offer_id"]))
        for row in market.offers[rows].to_dicts()
    }
    return tuple(found.get(name) or _nothing(name) for name in names)


def _cheapest(decision: Decision, names: Sequence[str], term: str | None) -> list[int]:
    """Return the rows of the cheapest offers whose shape fits, one for each that has one.

    On this term before on demand; with the asked number of GPUs before any other, by their part.
    """
    market, wanted = decision.market, term or "on_demand"
    rows = _fitting(decision, wanted)
    is_other_term = (market.deals["term"] != wanted).gather(market.offers["deal"].gather(rows))
    gpus = market.machines["gpu_count"].gather(market.offers["machine"].gather(rows))
    asked = decision.requirement.gpus.count
    found: dict[str, int] = {}
    for differs in ((False, False), (False, True), (True, False), (True, True)):
        if len(found) == len(names):
            break
        is_like = (is_other_term == differs[0]) & ((gpus != asked) == differs[1])
        of_kind, part = rows.filter(is_like), asked / gpus.filter(is_like)
        offers = pl.DataFrame({
            "network": market.places["network"].gather(market.offers["place"].gather(of_kind)),
            "row": of_kind,
            "landed": decision.quotes.quoter.costs(of_kind)[_COST] * part,
        })  # fmt: skip
        firsts = offers.sort("landed", "row").unique("network", keep="first")
        found = dict(firsts.select("network", "row").iter_rows()) | found
    return sorted(found.values())


def _fitting(decision: Decision, wanted: str) -> pl.Series:
    """Return the rows of the baselines that fit the job and are sold on one of its terms."""
    market = decision.market
    deals = market.deals.select(
        is_sold=(pl.col("price_basis") == "instance")
        & pl.col("rankable")
        & pl.col("term").is_in([wanted, "on_demand"]),
        is_ours=pl.col("source_kind") == "contract",
    )
    deal = market.offers["deal"]
    is_baseline = market.places["is_baseline"].gather(market.offers["place"])
    fits = is_baseline & deals["is_sold"].gather(deal) & ((decision.masks & _REFUSE) == 0)
    ours = is_baseline & deals["is_ours"].gather(deal)
    if not ours.any():
        return fits.arg_true()
    both = (fits | ours).arg_true()
    counts = own_rates_first(market.offers.select(_LOOKED_AT)[both].with_columns(row=both))["row"]
    return counts.filter(fits.gather(counts).fill_null(value=False))


def _told(
    decision: Decision, row: Row, best: int | None, label: tuple[str, tuple[str, ...]] | None
) -> SameJob:
    quoter = decision.quotes.quoter
    exact = quoter.exact(decision.market.row_of(row["offer_id"]))
    count = decision.requirement.gpus.count
    usd = exact.landed_usd_per_hour
    if row["gpu_count"] != count:
        usd = exact.landed_usd_per_gpu_hour * count
    saving = None
    if best is not None:
        saving = float(1 - quoter.exact(best).landed_usd_per_hour / usd)
    return SameJob(
        baseline=row["network"],
        offer_id=row["offer_id"],
        machine=row["provider_name"],
        region=row["region"],
        gpu_model=row["gpu_model"],
        gpu_count=row["gpu_count"],
        term=row["term"],
        landed_usd_per_hour=usd,
        saving=saving,
        confidence=label[0] if label else None,
        differences=label[1] if label else (),
    )


def _labels(
    decision: Decision, rows: Sequence[int], best: int
) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """Return confidence and differences by baseline; a chosen shape grows to what is asked."""
    part = decision.requirement.gpus.count / pl.col("gpu_count")
    is_chosen = pl.col("gpu_count_max").is_not_null()
    offers = decision.market.offers.select(_COMPARED)
    offer = offers[[best]].with_columns(
        pl.when(is_chosen).then(pl.col(name) * part).otherwise(name).alias(name)
        for name in ("vcpu", "memory_gib", "gpu_count")
    )
    found = {}
    for pair in labelled(offer, offers[rows], decision.now).iter_rows(named=True):
        differences = list(pair["differences"])
        differences += ["model"] * (pair["gpu_model"] != pair["baseline_gpu_model"])
        differences += ["term"] * (pair["term"] != pair["baseline_term"])
        is_like = pair["confidence"] != "B" or not differences
        confidence = pair["confidence"] if is_like else "C"
        found[pair["baseline_offer_id"]] = (confidence, tuple(differences))
    return found


def _nothing(name: str) -> SameJob:
    return SameJob(
        baseline=name,
        offer_id=None,
        machine=None,
        region=None,
        gpu_model=None,
        gpu_count=None,
        term=None,
        landed_usd_per_hour=None,
        saving=None,
        confidence=None,
        differences=(),
    )
