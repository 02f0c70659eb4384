"""Why nobody may have bid, in words: who could take the order at this moment, and who could not.

The screening packs the order onto the free parts of each machine (AEP-67). It knows no price, and
promises nothing: it says who can bid, not who will.
"""

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from connectors.base import Http, SourceError
from connectors.networks.akash.facts import FACTS
from connectors.networks.akash.lease_states import digits
from connectors.networks.akash.screening import who_can_bid
from connectors.wire import first_fault
from engine.buying import Wanted
from engine.screening import Bidder, GpuWanted, ScreeningAsk

_NAMES_MAX = 5
_COUNTRY_LETTERS = 2


def bid_reasons(http: Http, base_url: str, wanted: Wanted) -> tuple[str, ...]:
    """Return sentences; what cannot be told is one of them, so this never raises SourceError."""
    try:
        ask = ask_of(wanted)
    except ValidationError as error:
        return (f"who could bid cannot be asked: {first_fault(error)}",)
    except ValueError as error:
        return (f"who could bid cannot be asked: {error}",)
    try:
        found = who_can_bid(http, base_url, ask)
    except SourceError as error:
        return (f"who could bid is not known: {error}",)
    return tuple(_sentences(wanted, ask, found.bidders))


def ask_of(wanted: Wanted) -> ScreeningAsk:
    """Return an order as the screening takes it; raises ValueError for one that it cannot take."""
    countries = wanted.requirement.countries
    only = next(iter(countries)) if len(countries) == 1 else ""
    return ScreeningAsk(
        gpu=GpuWanted.named(wanted.gpu_name),
        gpu_count=wanted.gpu_count,
        vcpu=wanted.vcpu,
        memory_gib=wanted.memory_gib,
        storage_gib=wanted.storage_gib,
        country_code=only if len(only) == _COUNTRY_LETTERS and only != "EU" else None,
        signed_by_any=tuple(FACTS.auditors),
        usd_per_hour_max=wanted.usd_per_hour_max,
    )


def _sentences(wanted: Wanted, ask: ScreeningAsk, able: Sequence[Bidder]) -> Iterator[str]:
    machine = f"{ask.gpu_count} × {wanted.gpu_name}"
    of_decision = {bidder.provider_id for bidder in wanted.bidders}
    can = sorted(one.provider_id for one in able if one.provider_id in of_decision)
    cannot = sorted(of_decision - set(can))
    if can:
        most = digits(wanted.usd_per_hour_max)
        yield f"such a machine is free at {_some(can)}, but no bid came at up to ${most} an hour"
    if cannot:
        yield f"no such machine ({machine}) is free now at {_some(cannot)}"
    if others := len({one.provider_id for one in able} - of_decision):
        yield f"{others} more could bid, but did not pass the decision's conditions"
    if not able:
        yield f"no audited provider of Akash has such a machine free now ({machine})"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_MAX
    return ", ".join(names[:_NAMES_MAX]) + (f" and {more} more" if more > 0 else "")
