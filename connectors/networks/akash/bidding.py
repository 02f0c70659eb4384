"""Which bid is taken, and why the others are not. Pure.

A bid is for the whole group, in uact per block. It is taken only from a provider of the decision,
only for the machine that was asked for, and never above the approved price; the cheapest first, and
at one price the provider that the decision ranks first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

from connectors.networks.akash.chain_wire import ResourcesOffer
from connectors.networks.akash.console_wire import Bid
from connectors.networks.akash.facts import FACTS, usd_per_hour
from connectors.networks.akash.gpus import Gpu, gpu_of
from connectors.networks.akash.lease_states import digits
from engine.buying import Wanted

_SHOWN_MAX = 20
_SHOWN_DIGITS = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Judged:
    """The bids of a deployment: ``takeable`` in the order they are taken.

    ``gone``: how many would have been takeable, but were withdrawn or have expired. ``refused``: a
    sentence each. ``is_complete``: every provider of the decision has bid.
    """

    takeable: tuple[Bid, ...]
    gone: int
    refused: tuple[str, ...]
    is_complete: bool


def judged(wanted: Wanted, bids: Sequence[Bid], unread: int = 0) -> Judged:
    """Return which bids may be taken, and every reason why others may not.

    ``unread``: how many more there are that nobody could read.
    """
    ranks = {bidder.provider_id: rank for rank, bidder in enumerate(wanted.bidders)}
    takeable: list[Bid] = []
    refused: list[str] = []
    gone = 0
    for bid in bids:
        if faults := list(_faults(wanted, bid, ranks)):
            refused.append(f"{bid.id.provider}: " + "; ".join(faults))
        elif bid.state == "open":
            takeable.append(bid)
        else:
            gone += 1
    takeable.sort(
        key=lambda bid: (
            bid.price.amount, ranks[bid.id.provider], bid.id.provider, bid.id.gseq, bid.id.oseq,
        )
    )  # fmt: skip
    has_bid = {bid.id.provider for bid in bids}
    shown = sorted(refused)[:_SHOWN_MAX]
    if len(refused) > _SHOWN_MAX:
        shown.append(f"and {len(refused) - _SHOWN_MAX} more bids that may not be taken")
    if unread:
        shown.append(f"bids that cannot be read: {unread}")
    return Judged(tuple(takeable), gone, tuple(shown), ranks.keys() <= has_bid)


def _faults(wanted: Wanted, bid: Bid, ranks: Mapping[str, int]) -> Iterator[str]:
    if bid.id.provider not in ranks:
        yield "it is not among the providers of the decision"
    if bid.price.denom != FACTS.usd_denom:
        yield f"it bids in {bid.price.denom[:20]}, not in dollars"
    elif bid.price.amount < 0:
        yield "its price is below zero"
    elif (usd := usd_per_hour(bid.price.amount)) > wanted.usd_per_hour_max:
        most = _usd(wanted.usd_per_hour_max)
        yield f"it asks ${_usd(usd)} an hour, above the approved ${most}"
    yield from _machine_faults(wanted, bid.resources_offer)


def _machine_faults(wanted: Wanted, offered: Sequence[ResourcesOffer]) -> Iterator[str]:
    """Compare what a bid says it gives; one that says nothing gives what was asked for."""
    if not offered:
        return
    count = sum(part.count * part.resources.gpu.units.val for part in offered)
    if count < wanted.gpu_count:
        yield f"it offers {count} GPUs of {wanted.gpu_count}"
    model = wanted.gpu_name.split()[0].lower() if wanted.gpu_name else ""
    for gpu in _gpus(offered):
        if gpu.model != model:
            yield f"it offers {gpu.name[:40]}, not {wanted.gpu_name}"
            return


def _gpus(offered: Sequence[ResourcesOffer]) -> Iterator[Gpu]:
    for part in offered:
        for attribute in part.resources.gpu.attributes:
            if (gpu := gpu_of(attribute.key)) and attribute.value == "true":
                yield gpu


def _usd(amount: Decimal) -> str:
    """Show a price: to four decimals, or whole where the difference would not show."""
    with localcontext(prec=100):
        short = amount.quantize(_SHOWN_DIGITS, ROUND_HALF_UP)
    return f"{short:f}" if short == amount else digits(amount)
