"""An order in words before anybody confirms it: what is bought, where data goes, what happens.

Told alike on the page and in the terminal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from engine.assets import USD, shown
from engine.country_names import COUNTRY_NAMES
from engine.names import counted, network_name
from engine.orders import BID_WAIT, BUY_WITHIN, CLOSE_WITHIN, Order, Placed
from engine.placing import DEPOSIT_HOURS, extension_cents
from engine.quotes import Quote

_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What surrounds an order: its provider as known, and the money it is paid from, in cents.

    ``limit_cents`` None: no budget was set; ``committed_cents``: of the month, before this order.
    """

    provider_name: str | None
    hosting: str | None
    city: str | None
    limit_cents: int | None
    committed_cents: int
    free_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A heading and its sentences; ``has_warning``: a person should look twice."""

    title: str
    lines: tuple[str, ...]
    has_warning: bool = False


def told_before(placed: Placed, quote: Quote, around: Around) -> tuple[Part, ...]:
    """Return what a person must know before confirming, in the order in which they ask."""
    return (
        Part(
            title="What is bought",
            lines=tuple(_bought(placed, quote)),
            has_warning=_is_tiny(placed),
        ),
        Part(title="What it may cost", lines=tuple(_cost(placed))),
        Part(title="Where data goes", lines=tuple(_data(placed, around))),
        Part(title="If it fails", lines=_failure()),
        Part(title="When it ends", lines=tuple(_end(placed))),
        Part(title="Who must agree", lines=tuple(_approval(placed))),
        _money(placed, around),
    )


def dollars(cents: int) -> str:
    """Return cents as dollars; below zero with its sign before."""
    text = f"{Decimal(shown(abs(cents), USD)):,}"
    return f"−${text}" if cents < 0 else f"${text}"


def hourly(usd: Decimal) -> str:
    """Return an hourly price with three decimals, as prices are shown everywhere."""
    return f"${usd.quantize(Decimal('0.001')):,}"


def hours_text(hours: Decimal) -> str:
    """Return so many hours without trailing zeros."""
    return f"{hours.normalize():f} h"


def machine(placed: Placed) -> str:
    """Return the ordered machine in a line: GPUs, vCPU, RAM, disk."""
    shape = (
        f"{placed.gpu_count} × {placed.gpu_model or placed.gpu_name}",
        f"{placed.vcpu.normalize():f} vCPU",
        f"{placed.memory_gib.normalize():f} GiB RAM",
        f"{placed.storage_gib.normalize():f} GiB disk",
    )
    return ", ".join(shape)


def country(code: str | None) -> str:
    """Return a country's name and code, or that it is not known."""
    if code is None:
        return "a country that is not known"
    name = COUNTRY_NAMES.get(code)
    return f"{name} ({code})" if name else code


def approve_words(order: Order) -> str:
    """Return what approving an order brings about."""
    placed = order.placed
    return (
        f"{placed.requester} wants {machine(placed)} on {network_name(placed.network)} for up to "
        f"{dollars(order.hold_cents)}. It is bought as soon as you approve."
    )


def stop_words(order: Order) -> str:
    """Return what stopping an order now brings about, in one sentence or two."""
    held = dollars(order.hold_cents)
    match order.state:
        case "waiting" | "placed":
            return f"Nothing was bought yet: it ends at once, and {held} is free again."
        case "buying":
            return (
                "The worker is buying it: what it created at the network is closed, and the rest "
                f"of {held} is free again after that."
            )
        case "active":
            where = network_name(order.placed.network)
            return (
                f"The job on {where} is ended and its disk is erased: data on it is lost. It is "
                f"charged until the network has closed it; the rest of {held} is free again then."
            )
        case "closing":
            return "It is being closed already: nothing more is needed."
        case _:
            return f"It has ended ({order.state}): there is nothing to stop."


def extend_words(order: Order, hours: Decimal) -> str:
    """Return what extending an order by so many hours brings about."""
    cents = extension_cents(order, hours)
    until = (
        f"It runs {hours_text(hours)} longer"
        if order.runs_hours is not None
        else f"It is open-ended: it is paid for {hours_text(hours)} more"
    )
    total = dollars(order.hold_cents + cents)
    above = order.placed.approval_above_usd
    second = (
        f" {total} in all is above the policy's ${above:,}: somebody else than "
        f"{order.placed.requester} must do it."
        if above is not None and order.hold_cents + cents > above * 100
        else ""
    )
    return f"{until}; {dollars(cents)} more is set aside, {total} in all.{second}"


def _is_tiny(placed: Placed) -> bool:
    return placed.vcpu < 1 or placed.memory_gib < 1


def _bought(placed: Placed, quote: Quote) -> Iterator[str]:
    yield f"{machine(placed)} on {network_name(placed.network)}, image {_image(placed)}."
    if _is_tiny(placed):
        yield (
            "That is little CPU and RAM: the offer was priced so, and the job does not say how "
            "much it needs (vcpu_min, memory_gib_min, storage_gib_min)."
        )
    how = "an estimate: the provider's bid decides" if quote.is_estimate else "its price now"
    yield (
        f"Quoted {hourly(placed.usd_per_hour)} an hour ({how}); never bought above "
        f"{hourly(placed.usd_per_hour_max)} an hour."
    )
    others = len(placed.bidders) - 1
    if others > 0:
        yield (
            f"{counted(others, 'other provider')} passed the same conditions and may serve it too, "
            "up to that price."
        )
    if placed.own_sdl is not None:
        yield "Deployed with your own SDL, as you gave it."


def _image(placed: Placed) -> str:
    return placed.requirement.image or "not named: the smallest default is run"


def _cost(placed: Placed) -> Iterator[str]:
    for_how_long = (
        "open-ended, until that is used up"
        if placed.runs_hours is None
        else f"for {hours_text(placed.runs_hours)} at the highest price"
    )
    yield f"{dollars(placed.hold_cents)} is set aside: the most that it may cost ({for_how_long})."
    yield (
        f"{dollars(placed.first_deposit_cents)} of it is deposited at the network first, then "
        f"about {DEPOSIT_HOURS} hours at a time, so that little is there if anything goes wrong."
    )


def _data(placed: Placed, around: Around) -> Iterator[str]:
    who = around.provider_name or placed.bidders[0].provider_id
    city = f"{around.city}, " if around.city else ""
    hosting = around.hosting or "not known"
    yield f"To {who} in {city}{country(placed.country_code)}; hosting company: {hosting}."
    need = placed.requirement
    yield f"Data class: {need.data_class}. The provider's staff can reach what the job keeps there."
    if len(placed.bidders) > 1:
        where = f": {', '.join(sorted(need.countries))}" if need.countries else ""
        yield (
            f"Another provider that serves it instead meets the same conditions on place{where}."
            if where
            else "The job names no countries: another provider may serve it from anywhere."
        )
    yield f"Out of the machine: {need.egress_gb.normalize():f} GB expected."


def _failure() -> tuple[str, ...]:
    bids, lease = int(BID_WAIT.total_seconds()), int(BUY_WITHIN.total_seconds()) // _MINUTE
    nobody = (
        f"No fitting bid within {bids} seconds, or no lease within {lease} minutes: what was "
        "created is closed, the reasons are told, what was set aside is free again."
    )
    stops = (
        "If the provider stops or takes the machine back, the job ends there: its data on that "
        "machine is lost, only what was used is charged, and nothing is bought again by itself."
    )
    return nobody, stops


def _end(placed: Placed) -> Iterator[str]:
    if placed.runs_hours is None:
        yield "It runs until you stop it, or until what is set aside is used up."
    else:
        yield f"It is ended after {hours_text(placed.runs_hours)}, or when you stop it before."
    yield (
        f"It is closed within {int(CLOSE_WITHIN.total_seconds()) // _MINUTE} minutes of that; "
        "the disk is erased by the provider, copy what you need before. The unused deposit comes "
        "back and the rest of what is set aside is free again."
    )


def _approval(placed: Placed) -> Iterator[str]:
    above = placed.approval_above_usd
    if above is None:
        yield "Nobody: the policy sets no amount above which a second person approves."
    elif placed.approval_expires_at is None:
        yield f"Nobody: {dollars(placed.hold_cents)} is not above the policy's ${above:,}."
    else:
        yield (
            f"A second person, not {placed.requester} and not who wrote the policy: "
            f"{dollars(placed.hold_cents)} is above the policy's ${above:,}. They have until "
            f"{clock(placed.approval_expires_at)}."
        )


def _money(placed: Placed, around: Around) -> Part:
    limit, asked = around.limit_cents, placed.hold_cents
    left = None if limit is None else limit - around.committed_cents - asked
    where = f"{placed.cost_centre} in {placed.placed_at:%Y-%m}"
    if limit is None or left is None:
        lines = [f"No budget is set for {where}."]
    else:
        words = (
            f"Budget of {where}: {dollars(limit)}, {dollars(around.committed_cents)} committed; "
            f"{dollars(left)} would be left."
        )
        lines = [words]
    lines.append(f"Free in the treasury: {dollars(around.free_cents)} before this order.")
    short = around.free_cents < asked or (left is not None and left < 0)
    return Part(title="Budget", lines=tuple(lines), has_warning=short)


def clock(at: datetime) -> str:
    """Return a moment to the minute, in the zone it is given in."""
    return f"{at:%Y-%m-%d %H:%M} {at.tzname() or 'UTC'}"
