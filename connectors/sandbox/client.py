"""Steers a sandbox from outside: the terminal's commands and the tests. Never used in live mode."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
from pydantic import BaseModel, ValidationError

from connectors.sandbox.forms import CloseReason, Fault, Grant, LeaseAct, Market, Pace
from connectors.sandbox.router import CONTROL_HEADER, RESET
from connectors.sandbox.server import Address

TIMEOUT_SECONDS = 60.0
START_SECONDS = 20.0


class NotRunning(Exception):
    """The sandbox's server does not answer: start it, then try again."""


class Misunderstood(Exception):
    """The sandbox refused the request; the message says why."""


class Status(BaseModel):
    """The sandbox's clock, counts, whole uact and faults."""

    book: str
    owner: str
    time: str
    height: int
    factor: float
    providers: int
    deployments: dict[str, int]
    leases: dict[str, int]
    money: dict[str, int]
    faults: list[dict[str, Any]]


class SandboxLease(BaseModel):
    """One lease as the sandbox's own book has it; ``paid_uact`` is the network's bill so far."""

    dseq: str
    group: str
    gseq: int
    provider: str
    state: str
    reason: str
    price: str
    created: int
    closed: int
    paid_uact: int
    has_manifest: bool


class Control:
    """The control interface of one running sandbox; raises NotRunning or Misunderstood."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._http = httpx.Client(
            base_url=address.url,
            headers={CONTROL_HEADER: address.control_token},
            timeout=TIMEOUT_SECONDS,
            trust_env=False,  # a proxy has no business on loopback
        )

    @classmethod
    def at(cls, home: Path) -> "Control":
        """Return the sandbox whose book is in this folder."""
        address = Address.read(home)
        if address is None:
            raise NotRunning(f"no sandbox has been started in {home}")
        return cls(address)

    def status(self) -> Status:
        return Status.model_validate(self._ask("GET", "/_sandbox/status"))

    def market(self, market: Market) -> int:
        """Trade these providers from now on; return how many."""
        told = self._ask("PUT", "/_sandbox/market", market.model_dump(mode="json"))
        return int(told["providers"])

    def fault(self, fault: Fault) -> int:
        """Switch a fault on; return its number."""
        told = self._ask("POST", "/_sandbox/faults", fault.model_dump(mode="json"))
        return int(told["id"])

    def faults(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", "/_sandbox/faults")["faults"]
        return found

    def clear(self, number: int | None = None) -> int:
        """Switch one fault off, or all; return how many were on."""
        path = "/_sandbox/faults" + ("" if number is None else f"/{number}")
        return int(self._ask("DELETE", path)["cleared"])

    def seed(self, seed: int) -> None:
        """Start the dice of the faults anew, so that a run can be repeated."""
        self._ask("POST", "/_sandbox/seed", {"seed": seed})

    def clock(self, *, factor: float | None = None, advance_seconds: float = 0) -> Status:
        """Change the pace of the network's time, or let it jump forward."""
        pace = Pace(factor=factor, advance_seconds=advance_seconds)
        return Status.model_validate(self._ask("POST", "/_sandbox/clock", pace.model_dump()))

    def leases(self) -> list[SandboxLease]:
        """Return every lease of the book, closed ones too."""
        found: list[SandboxLease] = []
        after: int | None = 0
        while after is not None:
            page = self._ask("GET", f"/_sandbox/leases?after={after}")
            found += [SandboxLease.model_validate(one) for one in page["leases"]]
            after = page["next"]
        return found

    def close_lease(self, dseq: str, reason: CloseReason) -> None:
        """End a deployment's live leases as their provider would, for this reason."""
        self._act(dseq, LeaseAct(act="close", reason=reason))

    def reclaim(self, dseq: str, window_seconds: int | None = None) -> None:
        """Give notice on a deployment's live leases; they close when it is over."""
        self._act(dseq, LeaseAct(act="reclaim", window_seconds=window_seconds))

    def exhaust(self, dseq: str) -> None:
        """Take the money out of a deployment's escrow: it is overdrawn a block later."""
        self._act(dseq, LeaseAct(act="exhaust"))

    def grant(self, uact: int) -> int:
        """Give the account play money, or take some; return its balance in whole uact."""
        return int(self._ask("POST", "/_sandbox/grant", Grant(uact=uact).model_dump())["balance"])

    def fill(self, sdls: Sequence[str], deposit_uact: int = 5_000_000) -> list[dict[str, str]]:
        """Make one lease of each SDL (at most 1,000) at once; return each number and provider."""
        body = {"sdls": list(sdls), "deposit_uact": deposit_uact}
        made: list[dict[str, str]] = self._ask("POST", "/_sandbox/fill", body)["made"]
        return made

    def reset(self) -> str:
        """Start a new book; return its name. The old one is kept."""
        return str(self._ask("POST", RESET)["book"])

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _act(self, dseq: str, act: LeaseAct) -> None:
        self._ask("POST", f"/_sandbox/leases/{dseq}", act.model_dump())

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            raise NotRunning(
                f"the sandbox does not answer on {self.address.url}: {type(error).__name__}"
            ) from None
        try:
            found: dict[str, Any] = answer.json()
        except ValueError:
            raise NotRunning(f"another server answers on {self.address.url}") from None
        if answer.is_error:
            raise Misunderstood(
                f"{found.get('message', answer.status_code)} {_faults(found)}".strip()
            )
        return found


def _faults(found: Mapping[str, Any]) -> str:
    rows = found.get("data") or []
    return "; ".join(f"{'.'.join(map(str, row['path']))}: {row['message']}" for row in rows)


@contextmanager
def child(home: Path, *, port: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    """Serve a book from a process of its own until the block ends; raises NotRunning."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [sys.executable, "-m", "connectors.sandbox", "--home", str(home), "--port", str(port)]
    env = os.environ | {"NECTO_PARENT": str(os.getpid())}
    process = subprocess.Popen(command, env=env)  # noqa: S603 - our own module
    try:
        _wait_until_ready(home, process)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_until_ready(home: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        address = Address.read(home)
        if address and address.pid == process.pid and _answers(address):
            return
        time.sleep(0.02)
    raise NotRunning(f"the sandbox in {home} did not start")


def _answers(address: Address) -> bool:
    try:
        with Control(address) as control:
            control.status()
    except (NotRunning, Misunderstood, ValidationError):
        return False
    return True
