"""The four writes that buying at Akash takes; each is one request, and none is repeated here.

``POST /v1/deposit-deployment`` is deprecated by the Console, and the only way to add money without
signing the chain's own messages.
"""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from pydantic import SecretStr

from connectors.answers import printable
from connectors.base import Denied, Missing, Unreachable, Unreadable
from connectors.buying import Uncertain
from connectors.networks.akash.console import Console
from connectors.networks.akash.console_wire import CreatedAnswer
from connectors.networks.akash.lease_states import digits
from connectors.networks.akash.memory import Memory
from connectors.networks.akash.order_sdl import sent_text
from connectors.wire import page_of
from engine.buying import Found, Step, Wanted

_DSEQ = re.compile(r"[0-9]{1,20}")
_USD = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")
_ADDRESS = re.compile(r"[a-z0-9]{1,100}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_SECRET_MIN = 4  # a shorter text is in every sentence

Hide = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Acting:
    """Makes the write that a step names."""

    console: Console
    memory: Memory

    def act(self, wanted: Wanted, step: Step, secrets: Mapping[str, SecretStr]) -> str | None:
        """See ``connectors.buying.Purchaser.act``."""
        hide = _hiding(secrets)
        if step.name == "create":
            return self._create(wanted, step, secrets, hide)
        dseq = number(step.handle)
        if step.name == "lease":
            self._lease(dseq, step, hide)
        elif step.name == "deposit":
            self._deposit(dseq, step, hide)
        else:
            self.close(dseq, hide)
        return dseq

    def _create(
        self, wanted: Wanted, step: Step, secrets: Mapping[str, SecretStr], hide: Hide
    ) -> str:
        text = sent_text(wanted, step, secrets)
        if text is None:
            raise Unreachable("the deployment file has changed since this step was decided on")
        usd = _checked(_USD, step.details.get("deposit_usd"), "an amount in dollars")
        # The deposit is written as text: JSON's numbers are exact, a float would not be.
        body = f'{{"data":{{"sdl":{json.dumps(text)},"deposit":{usd}}}}}'
        try:
            answer = self.console.write("POST", "/v1/deployments", body, "create it", hide)
        except Missing as error:
            raise Denied(str(error)) from error
        try:
            made = page_of(answer, CreatedAnswer).data
        except Unreadable as error:
            raise Uncertain(f"the order may be placed: {error}") from error
        self.memory.keep(made.dseq, SecretStr(made.manifest))
        return made.dseq

    def _lease(self, dseq: str, step: Step, hide: Hide) -> None:
        known = self.memory.of(dseq)
        if known is None:
            raise Unreachable("the order's manifest is not known any more: it is placed anew")
        lease = {
            "dseq": dseq,
            "gseq": int(_checked(_NUMBER, step.details.get("gseq"), "a group's number")),
            "oseq": int(_checked(_NUMBER, step.details.get("oseq"), "an order's number")),
            "provider": _checked(_ADDRESS, step.details.get("provider"), "a provider"),
        }
        body = json.dumps({"manifest": known.manifest.get_secret_value(), "leases": [lease]})
        known.sends += 1
        try:
            self.console.write("POST", "/v1/leases", body, "take the bid", hide)
        except Missing as error:
            raise Unreachable(str(error)) from error
        self.memory.forget(dseq)

    def _deposit(self, dseq: str, step: Step, hide: Hide) -> None:
        usd = _checked(_USD, step.details.get("usd"), "an amount in dollars")
        body = f'{{"data":{{"dseq":"{dseq}","deposit":{usd}}}}}'
        try:
            self.console.write("POST", "/v1/deposit-deployment", body, "add money", hide)
        except Missing as error:
            raise Denied(str(error)) from error

    def close(self, dseq: str, hide: Hide = printable) -> None:
        """End a deployment; one that the Console does not know has nothing left to end."""
        with suppress(Missing):
            self.console.write("DELETE", f"/v1/deployments/{dseq}", "", "close it", hide)
        self.memory.forget(dseq)


def number(handle: str | None) -> str:
    """Return a deployment's number; raises Denied for a text that is none: it goes into a path."""
    return _checked(_DSEQ, handle, "a deployment's number")


def deposit_step(found: Found, usd_cents: int) -> Step:
    """Return the write that adds money, with what was in before, so that it is known again."""
    assert usd_cents > 0, "money is added, never taken out"
    details = {
        "usd": digits(Decimal(usd_cents).scaleb(-2)),
        "cents": str(usd_cents),
        "units_deposited_before": str(found.units_deposited),
    }
    return Step(name="deposit", handle=found.handle, details=details)


def was_made(step: Step, found: Found | None, units_per_usd: int) -> bool | None:
    """See ``connectors.buying.Purchaser.was_made``."""
    if step.name == "create":
        return found is not None
    if found is None:
        return None
    if step.name == "lease":
        return found.lease is not None
    if step.name == "close":
        return not found.is_open
    if not found.is_open:
        return None  # what went back when it was closed is not counted any more
    units = Decimal(step.details["usd"]) * units_per_usd
    return found.units_deposited >= int(step.details["units_deposited_before"]) + units


def _checked(form: re.Pattern[str], text: str | None, what: str) -> str:
    if text is None or not form.fullmatch(text):
        raise Denied(f"a step at Akash holds no {what}: {printable(repr(text))}")
    return text


def _hiding(secrets: Mapping[str, SecretStr]) -> Hide:
    """Return what makes a network's sentence printable: servers repeat what they were sent."""
    texts = sorted((s.get_secret_value() for s in secrets.values()), key=len, reverse=True)

    def hide(text: str) -> str:
        for secret in filter(lambda text: len(text) >= _SECRET_MIN, texts):
            for form in (secret, json.dumps(secret)[1:-1]):
                text = text.replace(form, "hidden")
        return printable(text)

    return hide
