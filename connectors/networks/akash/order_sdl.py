"""The deployment file of an order: as it is shown and kept, and as it is sent, with its secrets."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from pydantic import SecretStr, ValidationError

from connectors.base import Denied
from connectors.networks.akash import sdl_limits
from connectors.networks.akash.lease_states import digits
from connectors.networks.akash.sdl_model import Sdl
from connectors.networks.akash.sdl_order import NotOrderable, ask_of, with_order
from connectors.networks.akash.sdl_read import read_sdl
from connectors.networks.akash.sdl_secrets import secret_names
from connectors.networks.akash.sdl_text import resolved, sdl_text
from connectors.networks.akash.sdl_write import sdl_of
from connectors.wire import first_fault
from engine.buying import Step, Wanted
from engine.screening import GpuWanted

DEPOSIT_USD_MIN = Decimal("0.50")
"""The chain's default least deposit (500,000 uact); what is in force there is not verified."""
_FILE = "the order's own SDL"
_TAG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_CENT = Decimal("0.01")


def shown_text(wanted: Wanted) -> str:
    """Return the file with ``${secret:NAME}`` for secrets; raises ValueError for one that is none.

    BadFile and NotOrderable, which say what to change, are ValueErrors.
    """
    return sdl_text(_sdl(wanted))


def create_step(wanted: Wanted) -> Step:
    """Return the write that places an order, which would place another one every time."""
    details = {
        "sdl_sha256": _digest(_or_denied(wanted)),
        "deposit_usd": digits(wanted.first_deposit_usd),
    }
    return Step(name="create", details=details)


def sent_text(wanted: Wanted, step: Step, secrets: Mapping[str, SecretStr]) -> str | None:
    """Return the file with its secrets in place; None: it is not the one the step was decided on.

    Raises Denied for secrets that are not given.
    """
    sdl = _or_denied(wanted)
    if _digest(sdl) != step.details.get("sdl_sha256"):
        return None
    try:
        return resolved(sdl, secrets)
    except ValueError as error:
        raise Denied(str(error)) from None


def secrets_needed(wanted: Wanted) -> tuple[str, ...]:
    """Return the names of the secrets that the file refers to; raises Denied for a bad file."""
    return secret_names(_or_denied(wanted))


def refusals(wanted: Wanted) -> tuple[str, ...]:
    """Return what Akash cannot promise or take, each a sentence."""
    return tuple(dict.fromkeys(_refusals(wanted)))


def _refusals(wanted: Wanted) -> Iterator[str]:
    if wanted.own_sdl is None:
        yield from sdl_limits.refusals(wanted.requirement)
    if not _TAG.fullmatch(wanted.order_id):
        yield "an order's id is its name at Akash: small letters, digits and dashes, 63 at most"
    if not wanted.bidders:
        yield "no provider of the decision sells on Akash: decide again"
    deposit = wanted.first_deposit_usd
    if deposit < DEPOSIT_USD_MIN:
        yield f"Akash takes ${DEPOSIT_USD_MIN} or more as a first deposit, not ${digits(deposit)}"
    if deposit % _CENT:
        yield f"a deposit is whole cents, not ${digits(deposit)}"
    try:
        _sdl(wanted)
    except ValidationError as error:
        yield f"no deployment file can say this: {first_fault(error)}"
    except ValueError as error:
        yield from str(error).splitlines()


def _digest(sdl: Sdl) -> str:
    """Return the SHA-256 of the file as it is shown."""
    return hashlib.sha256(sdl_text(sdl).encode()).hexdigest()


def _or_denied(wanted: Wanted) -> Sdl:
    try:
        return _sdl(wanted)
    except ValueError as error:
        said = first_fault(error) if isinstance(error, ValidationError) else error
        raise Denied(f"the order cannot be written as an SDL: {said}") from None


def _sdl(wanted: Wanted) -> Sdl:
    if wanted.own_sdl is not None:
        own = read_sdl(wanted.own_sdl, _FILE)
        _refuse_other_machine(own, wanted)
        return with_order(own, wanted.order_id, wanted.usd_per_hour_max)
    return sdl_of(wanted)


def _refuse_other_machine(own: Sdl, wanted: Wanted) -> None:
    """Raise NotOrderable for a file that asks for other GPUs than were decided on."""
    asked = ask_of(own)
    if asked.gpu_count != wanted.gpu_count:
        raise NotOrderable(
            f"the file asks for {asked.gpu_count} GPUs in all and the order is of "
            f"{wanted.gpu_count}: change it, or route the job with as many"
        )
    model = GpuWanted.named(wanted.gpu_name).model
    models = {GpuWanted.named(name).model for name in asked.gpu_names}
    if models and model not in models:
        raise NotOrderable(
            f"the file asks for {', '.join(sorted(models))} and the order is of {model}: change "
            "it, or route the job with that GPU"
        )
