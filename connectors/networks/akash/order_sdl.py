"""The deployment file of an order: as it is shown and kept, and as it is sent."""

import hashlib
from collections.abc import Mapping

from pydantic import SecretStr

from connectors.networks.akash.lease_states import digits
from engine.buying import Step, Wanted


def shown_text(wanted: Wanted) -> str:
    return wanted.own_sdl or f"# {wanted.order_id}"


def shown_digest(wanted: Wanted) -> str:
    return hashlib.sha256(shown_text(wanted).encode()).hexdigest()


def create_step(wanted: Wanted) -> Step:
    """Return the write that places an order: the network repeats it as often as it is asked."""
    details = {
        "sdl_sha256": shown_digest(wanted),
        "deposit_usd": digits(wanted.first_deposit_usd),
    }
    return Step(name="create", details=details)


def sent_text(wanted: Wanted, secrets: Mapping[str, SecretStr]) -> str:
    del secrets
    return shown_text(wanted)


def refusals(wanted: Wanted) -> tuple[str, ...]:
    del wanted
    return ()
