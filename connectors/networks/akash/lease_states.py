"""From a deployment as the Console shows it to what Necto says of an order. Pure.

**Money.** The chain settles an escrow account only when something happens to it, so what it shows
is true of block ``settled_at``; every block since is owed at the leases' price. Where the newest
block is known, that is counted as spent. Amounts have up to 18 decimals; what is spent is the floor
of the cumulated amount, as whole units are all that moves. ``deposits`` are what is left of each
deposit, not what was put in: put in is what was transferred and what is left, so what went back
when a deployment was closed is not in it.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import NamedTuple

from pydantic import ValidationError

from connectors.networks.akash.chain_wire import Coin
from connectors.networks.akash.console_wire import DeploymentRow, LeaseRow, LeaseStatus
from connectors.networks.akash.facts import FACTS, usd_per_hour
from engine.buying import CloseReason, Found, Lease, LeaseWord, Observation, Service

UNIT = f"{FACTS.usd_denom}/block"
TEXT_MAX = 300
_ADDRESSES_MAX = 50
_LIVE = ("active", "insufficient_funds", "reclaiming")
_WORDS: Mapping[str, LeaseWord] = {
    "active": "active",
    "insufficient_funds": "insufficient_funds",
    "reclaiming": "reclaiming",
    "closed": "closed",
}
_REASONS: Mapping[str, CloseReason] = {
    "lease_closed_owner": "owner",
    "lease_closed_reason_insufficient_funds": "insufficient_funds",
    "lease_closed_reason_unstable": "unstable",
    "lease_closed_reason_decommission": "decommission",
    "lease_closed_reason_manifest_timeout": "manifest_timeout",
}
"""Any other reason of a closed lease is unknown: it counts for and against nobody."""
_DEADLINES = ("deadline", "closes_at", "ends_at", "reclaim_at", "until")
_SECONDS_MAX = 253_402_300_799  # the last second that a datetime can name


class Money(NamedTuple):
    """Whole smallest units; ``left`` below zero: overdrawn."""

    deposited: int
    spent: int
    left: int
    at: str


def digits(amount: Decimal) -> str:
    """Return an amount as text, exactly, without the zeros at its end."""
    with localcontext(prec=100):
        return f"{amount.normalize():f}"


def is_open(row: DeploymentRow) -> bool:
    return row.deployment.state == "active"


def live_lease(row: DeploymentRow) -> LeaseRow | None:
    """Return the lease that runs; None when none does."""
    return next((lease for lease in row.leases if lease.state in _LIVE), None)


def last_lease(row: DeploymentRow) -> LeaseRow | None:
    """Return the lease that runs, or else the newest one."""
    newest = max(row.leases, key=lambda lease: (lease.id.gseq, lease.id.oseq), default=None)
    return live_lease(row) or newest


def lease_of(row: LeaseRow) -> Lease:
    price = row.price.amount
    return Lease(
        handle=row.id.dseq,
        provider_id=row.id.provider,
        price=price,
        unit=f"{row.price.denom}/block",
        usd_per_hour=usd_per_hour(price),
        since=row.created_at,
    )


def reason_of(row: LeaseRow) -> CloseReason | None:
    """Return why a lease ended; a lease that lives has none, whatever the network writes there."""
    return _REASONS.get(row.reason, "unspecified") if row.state == "closed" else None


def money_of(row: DeploymentRow, height: int | None) -> Money:
    """Return what was put in, spent and left at ``height``; None: at the last settlement."""
    state = row.escrow_account.state
    with localcontext(prec=100):
        moved, funds = _units(state.transferred), _units(state.funds)
        settled = int(state.settled_at) if state.settled_at.isdecimal() else None
        owed, at = Decimal(0), state.settled_at
        if height is not None and settled is not None and height > settled and is_open(row):
            prices = [lease.price for lease in row.leases if lease.state in _LIVE]
            due = _units(prices) * (height - settled)
            owed, at = min(due, max(funds, Decimal(0))), str(height)
        put_in = moved + max(funds, Decimal(0))
        return Money(_whole(put_in), _whole(moved + owed), _whole(funds - owed), at)


def found_of(row: DeploymentRow, tag: str | None, height: int | None) -> Found:
    lease, money = live_lease(row), money_of(row, height)
    return Found(
        handle=row.dseq,
        tag=tag,
        is_open=is_open(row),
        lease=lease_of(lease) if lease else None,
        units_deposited=money.deposited,
        units_spent=money.spent,
    )


def observation_of(row: DeploymentRow, height: int | None) -> Observation:
    """Return what is true of a deployment; ``services`` where the answer holds a live status."""
    lease, money = last_lease(row), money_of(row, height)
    return Observation(
        handle=row.dseq,
        word=_word(row, lease),
        reason=reason_of(lease) if lease else None,
        lease=lease_of(lease) if lease else None,
        services=_services(lease) if lease else None,
        units_deposited=money.deposited,
        units_spent=money.spent,
        units_left=money.left,
        reclaimed_by=_reclaimed_by(row, lease),
        at=money.at,
    )


def _word(row: DeploymentRow, lease: LeaseRow | None) -> LeaseWord | None:
    if not is_open(row):
        return "closed" if row.deployment.state == "closed" else None
    word = _WORDS.get(lease.state) if lease else None
    is_dry = row.escrow_account.state.state == "overdrawn"
    return "insufficient_funds" if is_dry and word == "active" else word


def _units(coins: list[Coin]) -> Decimal:
    """Add up what is in the dollar denomination; leases from before it are not ours."""
    return sum((c.amount for c in coins if c.denom == FACTS.usd_denom), Decimal(0))


def _whole(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_FLOOR))


def _services(lease: LeaseRow) -> tuple[Service, ...] | None:
    """Return the services as the provider told them; None where it did not, or not readably."""
    if lease.status is None:
        return None
    try:
        status = LeaseStatus.model_validate(lease.status)
    except ValidationError:
        return None
    return tuple(
        Service(
            name=shown.name[:TEXT_MAX],
            ready=shown.available if shown.ready_replicas is None else shown.ready_replicas,
            total=shown.total,
            addresses=tuple(_addresses(name, status))[:_ADDRESSES_MAX],
        )
        for name, shown in status.services.items()
    )


def _addresses(service: str, status: LeaseStatus) -> Iterator[str]:
    yield from (uri[:TEXT_MAX] for uri in status.services[service].uris or ())
    for port in (status.forwarded_ports or {}).get(service, ()):
        if port.host:
            yield f"{port.host[:TEXT_MAX]}:{port.external_port}"
    for ip in (status.ips or {}).get(service, ()):
        yield f"{ip.ip[:TEXT_MAX]}:{ip.external_port}"


def _reclaimed_by(row: DeploymentRow, lease: LeaseRow | None) -> datetime | None:
    """Return when a provider takes its machine back, where the answer says it.

    The chain's field is null in every recording (AEP-82 is new), so its form is unverified: any
    text with an offset or number of seconds under a likely name counts, and no other.
    """
    for told in (lease.reclamation if lease else None, row.deployment.reclamation):
        if isinstance(told, Mapping):
            moments = (_moment(told.get(name)) for name in _DEADLINES)
            if found := next(filter(None, moments), None):
                return found
    return None


def _moment(value: object) -> datetime | None:
    if isinstance(value, int) and 0 < value <= _SECONDS_MAX:
        return datetime.fromtimestamp(value, UTC)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None
